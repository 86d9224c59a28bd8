/**
 * The table of verbs: what a row says of an operation before it is evaluated is true of what it then does, for every verb and
 * whatever entries there are; and every operation travels.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readOperation, writeOperation } from '../../../src/core/codec/operations.ts';
import type { Entry, Operation, Step, TransactionOperation } from '../../../src/core/data/operation.ts';
import { type EntryReader, type EvalContext, type Outcome, readerOf } from '../../../src/core/data/reader.ts';
import { type Effect, Watched } from '../../../src/core/data/record.ts';
import { type Result, Status } from '../../../src/core/data/result.ts';
import { costOf, Needs, Use } from '../../../src/core/data/row.ts';
import { patched } from '../../../src/core/data/string/verbs.ts';
import { evaluateTransaction } from '../../../src/core/data/transaction.ts';
import { rowOf, VERBS, type Verb } from '../../../src/core/data/verbs.ts';
import { operation as anyOperation } from '../codec/any-message.ts';
import { written } from '../codec/decoded.ts';

const NOW = 1000;
const SEQ = 100;
const moment: EvalContext = { time: NOW, seq: SEQ, maxValueBytes: 400 };

// ---- entries and operations -------------------------------------------------------------------------------------

const key = fc.constantFrom('a', 'b', 'other');
const kind = fc.constantFrom(0, 1, 2, 3) as fc.Arbitrary<Entry['kind']>;
const value = fc.oneof(
  fc.constantFrom('', '0', '7', '-12', '9007199254740991', '0.1', '1e300', '5e-324', 'text', '\xff\0'),
  fc.integer({ min: 0, max: 300 }).map((length) => 'x'.repeat(length)),
);
const deadline = fc.constantFrom(0, NOW - 1, NOW, NOW + 5);
const version = fc.constantFrom(3, 4);
const ifVersion = fc.constantFrom(-2, -1, 0, 3, 4);
const ttl = fc.constantFrom(0, 7);

const entry: fc.Arbitrary<Entry> = fc.record({ value, kind, version, expiresAt: deadline }, { noNullPrototype: true });
const entries = fc.dictionary(key, entry, { noNullPrototype: true, maxKeys: 3 });

function operations<O extends Step>(
  verb: O['verb'],
  fields: { [F in keyof Omit<O, 'verb' | 'key'>]-?: fc.Arbitrary<O[F]> },
) {
  const shape = fc.record({ verb: fc.constant(verb), key, ...fields } as never, { noNullPrototype: true });
  // What may be lacking is undefined here, and lacks there.
  return (shape as fc.Arbitrary<Record<string, unknown>>).map(
    (operation) =>
      Object.fromEntries(Object.entries(operation).filter(([, field]) => field !== undefined)) as never as O,
  );
}

type Of<V extends Verb> = Extract<Step, { verb: V }>;
const mark = fc.constantFrom(undefined, true as const);

/** One of each verb that may be a step: a new verb does not compile without. */
const STEPS: { readonly [V in Step['verb']]: fc.Arbitrary<Of<V>> } = {
  put: operations<Of<'put'>>('put', {
    value: value as fc.Arbitrary<Of<'put'>['value']>,
    kind,
    ifVersion,
    ttl: fc.constantFrom(0, 7, -1),
    deadline,
    previous: fc.boolean(),
  }),
  delete: operations<Of<'delete'>>('delete', { ifVersion, previous: fc.boolean() }),
  'delete-if-value': operations<Of<'delete-if-value'>>('delete-if-value', { value, kind }),
  increment: operations<Of<'increment'>>('increment', {
    by: fc.constantFrom('1', '-3', '9007199254740991', '9223372036854775807'),
    safe: mark,
    ttl: fc.constantFrom(undefined, 7),
    deadline: fc.constantFrom(undefined, NOW + 9),
    ttlOnlyIfNew: mark,
  }),
  'increment-float': operations<Of<'increment-float'>>('increment-float', {
    by: fc.oneof(
      fc.constantFrom(0.1, 1e300, 5e-324, -2.2250738585072014e-308),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    ),
  }),
  append: operations<Of<'append'>>('append', { value, kind }),
  'set-range': operations<Of<'set-range'>>('set-range', { offset: fc.nat(450), value }),
  'set-bit': operations<Of<'set-bit'>>('set-bit', { offset: fc.nat(3500), bit: fc.constantFrom(0, 1) }),
  expire: operations<Of<'expire'>>('expire', {
    ttl,
    deadline,
    when: fc.constantFrom('always', 'none', 'some', 'later', 'sooner', 'some-later', 'some-sooner'),
  }),
  'get-and-expire': operations<Of<'get-and-expire'>>('get-and-expire', { ttl, deadline }),
  get: operations<Of<'get'>>('get', { blocks: fc.constant(undefined) }),
  'get-range': operations<Of<'get-range'>>('get-range', {
    start: fc.integer({ min: -90, max: 90 }),
    end: fc.integer({ min: -90, max: 90 }),
  }),
  stat: operations<Of<'stat'>>('stat', { tells: fc.constantFrom(undefined, 'idle', 'value'), uses: mark }),
};
const step: fc.Arbitrary<Step> = fc.oneof(...Object.values(STEPS)) as fc.Arbitrary<Step>;

// ---- what happens ------------------------------------------------------------------------------------------------

type Entries = { readonly [key: string]: Entry };

/** A reader that fails where evaluation looks at more than its row says. */
function guarded(present: Entries, needs: Needs): EntryReader {
  const reader = readerOf((one) => present[one]);
  const ifNeeded =
    <A extends unknown[], R>(least: Needs, look: (...args: A) => R) =>
    (...args: A): R => {
      assert.ok(needs >= least, least === Needs.value ? 'a value was looked at' : 'a head was looked at');
      return look(...args);
    };
  return {
    ...reader,
    get: ifNeeded(Needs.value, reader.get),
    peek: ifNeeded(Needs.value, reader.peek),
    head: ifNeeded(Needs.head, reader.head),
    part: ifNeeded(Needs.value, reader.part),
  };
}

function done(operation: Step, present: Entries): Outcome {
  const row = rowOf(operation);
  const reader = guarded(present, row.reads(operation));
  if (row.writes) return row.evaluate!(operation, reader, moment);
  return { effect: { type: 'none' }, result: row.read!(operation, reader as never, NOW) };
}

function after(present: Entries, effects: readonly Effect[]): Entries {
  const left: Record<string, Entry> = { ...present };
  for (const effect of effects) {
    if (effect.type === 'put') {
      const { value: text, kind: of, expiresAt } = effect;
      left[effect.key] = { value: text as string, kind: of, version: SEQ, expiresAt };
    } else if (effect.type === 'remove') delete left[effect.key];
    else if (effect.type === 'deadline') {
      left[effect.key] = { ...left[effect.key]!, version: SEQ, expiresAt: effect.expiresAt };
    } else assert.equal(effect.type, 'none');
  }
  return left;
}

function differing(before: Entries, now: Entries): number {
  const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...keys].filter((one) => before[one]?.version !== now[one]?.version).length;
}

function valueBytes(present: Entries): number {
  return Object.values(present).reduce((bytes, { value: text }) => bytes + text.length, 0);
}

function live(present: Entries, one: string): Entry | undefined {
  const found = present[one];
  return found !== undefined && found.expiresAt !== 0 && found.expiresAt <= NOW ? undefined : found;
}

const STEP_VERBS = Object.keys(STEPS) as Step['verb'][];

describe('the table of verbs', () => {
  it('has a row for each, under one name and one code of a byte', () => {
    for (const row of VERBS) assert.equal(rowOf({ verb: row.verb }), row);
    assert.equal(new Set(VERBS.map(({ code }) => code)).size, VERBS.length);
    assert.ok(VERBS.every(({ code }) => Number.isInteger(code) && code >= 0 && code < 256));
    assert.deepEqual(
      VERBS.filter((row) => row.step)
        .map(({ verb }) => verb)
        .sort(),
      [...STEP_VERBS].sort(),
    );
  });

  it('keeps its codes', () => {
    const codes = Object.fromEntries(VERBS.map(({ verb, code }) => [verb, code]));
    assert.deepEqual(codes, {
      ...{ put: 0, delete: 1, increment: 2, 'increment-float': 3, append: 4, expire: 5, clear: 6, get: 7, stat: 8 },
      ...{ scan: 9, count: 10, transaction: 11, gather: 12, install: 13, 'set-range': 14, 'set-bit': 15 },
      ...{ 'delete-if-value': 16, 'get-and-expire': 17, 'get-range': 18 },
    });
  });

  it('is one shape for all rows, so that what reads them is monomorphic', () => {
    const properties = VERBS.map((row) => Object.keys(row).join());
    assert.equal(new Set(properties).size, 1);
  });

  it('every operation of every verb travels as it is, and takes no more than its own words', () => {
    const seen = new Set<Verb>();
    const travels = (operation: Operation): void => {
      seen.add(operation.verb);
      const from = written((out) => writeOperation(out, operation));
      assert.deepEqual(structuredClone(readOperation(from.word(), from)), structuredClone(operation));
      assert.equal(from.at, from.end);
    };
    fc.assert(fc.property(anyOperation, travels), { numRuns: 3000 });
    fc.assert(fc.property(step, travels), { numRuns: 1000 });
    assert.deepEqual([...seen].sort(), VERBS.map(({ verb }) => verb).sort());
  });
});

for (const verb of STEP_VERBS) {
  describe(`the row of ${verb}`, () => {
    const row = rowOf({ verb });
    const check = (predicate: (operation: Step, present: Entries) => void): void =>
      fc.assert(fc.property(STEPS[verb] as fc.Arbitrary<Step>, entries, predicate), { numRuns: 1500 });

    it('says what is written, how much that grows, and how many entries differ', () => {
      check((operation, present) => {
        const { effect, result } = done(operation, present);
        const now = after(present, [effect]);
        const growth = row.growth(
          operation,
          readerOf((one) => present[one]),
        );
        assert.ok(valueBytes(now) - valueBytes(present) <= growth, `grew by more than ${growth}`);
        if (effect.type === 'put') {
          const before = live(present, operation.key)?.value.length ?? 0;
          assert.ok(growth > 0 && effect.value.length <= growth, `wrote ${effect.value.length}, more than ${growth}`);
          assert.ok(effect.value.length <= row.length(operation, before));
        }
        if (effect.type === 'deadline') assert.ok(row.setsDeadline);
        if (!row.writes) assert.equal(effect.type, 'none');
        assert.equal(row.changes(operation, result, SEQ), differing(present, now));
        assert.ok('key' in effect ? effect.key === operation.key : effect.type === 'none');
      });
    });

    it('says what is looked at, what is answered, and what of it is present bytes', () => {
      check((operation, present) => {
        const { effect, result } = done(operation, present);
        const found = live(present, operation.key);
        const bounds = { ofKey: (one: string) => present[one]?.value.length ?? 0, longest: 300 };
        const bears = row.bears(operation, bounds);
        const shown = showsBytes(operation, result) ? result.value!.length : 0;
        assert.ok(shown <= bears, `answers ${shown} bytes, and not ${bears}`);
        if (effect.type === 'put' && found !== undefined && row.reads(operation) === Needs.value) {
          const isReplaced = effect.value.length <= row.length(operation, 0);
          assert.ok(isReplaced || effect.value.length <= bears + row.carries(operation));
        }
        // A condition on what is removed is answered without it, and a part of what has no bytes not at all.
        const showsNone = [Status.conditionFailed, Status.wrongKind] as readonly Status[];
        if (row.shows(operation) && !showsNone.includes(result.status)) {
          assert.equal(result.value !== null, found !== undefined, 'a hit shows the entry, a miss nothing');
        }
        const told = row.tells(operation, Watched.withPrevious, bounds);
        assert.ok(effect.type === 'none' || told >= (found?.value.length ?? 0));
        if (effect.type === 'deadline') assert.ok(row.tells(operation, Watched.yes, bounds) >= found!.value.length);
      });
    });

    it('leaves the same whether its record bears the value or a patch of it', () => {
      if (!row.patches) return;
      check((operation, present) => {
        const reader = readerOf((one) => present[one]);
        const whole = row.evaluate!(operation, reader, moment);
        const part = row.evaluate!(operation, reader, { ...moment, patchesFrom: 0 });
        assert.deepEqual(part.result, whole.result);
        const found = live(present, operation.key);
        assert.equal(part.effect.type === 'patch', whole.effect.type === 'put' && (found?.value ?? '') !== '');
        if (part.effect.type !== 'patch' || whole.effect.type !== 'put') return;
        const { offset, bytes, kind } = part.effect;
        assert.deepEqual([patched(found!.value, offset, bytes), kind], [whole.effect.value, whole.effect.kind]);
        assert.ok(bytes.length <= Math.max(1, row.carries(operation)));
      });
    });

    it('says what it weighs', () => {
      check((operation) => {
        const own = 'value' in operation ? operation.value.length : 0;
        assert.equal(row.carries(operation), own);
        assert.equal(row.bytes(operation), operation.key.length + own);
        assert.equal(costOf(row, operation), row.bytes(operation));
        assert.deepEqual(row.keys(operation), [operation.key]);
        if (row.writes) assert.equal(row.uses(operation), Use.none);
      });
    });
  });
}

/** Whether a result's value is that of the entry, and not a number or a length. */
function showsBytes(operation: Step, { value: text }: Result): boolean {
  const isLength = operation.verb === 'stat' && operation.tells !== 'value';
  return text !== null && rowOf(operation).shows(operation) && !isLength;
}

describe('the row of transaction', () => {
  const transaction = fc
    .record(
      { then: fc.array(step, { maxLength: 5 }), otherwise: fc.array(step, { maxLength: 2 }) },
      { noNullPrototype: true },
    )
    .chain((branches) =>
      fc
        .record(
          {
            conditions: fc.array(fc.record({ key, ifVersion, equals: fc.constant(null) }, { noNullPrototype: true }), {
              maxLength: 1,
            }),
            lenient: fc.boolean(),
          },
          { noNullPrototype: true },
        )
        .map((terms): TransactionOperation => ({ verb: 'transaction', key: '', ...branches, ...terms })),
    );

  it('follows from its steps: what grows, what differs, what it weighs', () => {
    fc.assert(
      fc.property(transaction, entries, (operation, present) => {
        const row = rowOf(operation);
        const reader = readerOf((one) => present[one]);
        const { effects, result } = evaluateTransaction(operation, reader, moment);
        const now = after(present, effects);
        assert.ok(valueBytes(now) - valueBytes(present) <= row.growth(operation, reader));
        // What leaves bytes as they are tells only the entry's version: the transaction's own, if an earlier step wrote it.
        const leaves = [...operation.then, ...operation.otherwise].some(({ verb }) => verb.startsWith('set-'));
        const changes = row.changes(operation, result, SEQ);
        assert.ok(leaves ? changes >= effects.length : changes === effects.length);
        const parts = [...operation.conditions, ...operation.then, ...operation.otherwise];
        assert.equal(row.parts(operation), parts.length);
        assert.deepEqual([...row.keys(operation)].sort(), [...new Set(parts.map((part) => part.key))].sort());
        const bytes = parts.reduce(
          (sum, part) => sum + part.key.length + ('value' in part ? (part.value as string).length : 0),
          0,
        );
        assert.equal(row.bytes(operation), bytes);
      }),
      { numRuns: 3000 },
    );
  });
});
