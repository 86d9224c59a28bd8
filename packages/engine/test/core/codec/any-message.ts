/**
 * Arbitraries for every message of the protocol: extreme numbers, empty strings, all 256 byte values, and rows of
 * contiguous messages (what real traffic looks like, and what the compact forms are for) beside chaotic ones.
 */

import fc from 'fast-check';
import { textOf } from '../../../src/core/data/block.ts';
import type { Operation, ReadOperation } from '../../../src/core/data/operation.ts';
import type { Effect, PutEffect, Record } from '../../../src/core/data/record.ts';
import type { Result } from '../../../src/core/data/result.ts';
import type { Message } from '../../../src/core/protocol/messages.ts';

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
export const bytes = fc.oneof(fc.string({ unit: byte, maxLength: 12 }), fc.constantFrom('', 'k', '\xff\0', '-1'));
export const count = fc.oneof(
  fc.nat(20),
  fc.constantFrom(0, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1),
  fc.maxSafeNat(),
);
const shard = fc.oneof(fc.nat(3), fc.constantFrom(16_383));
const kind = fc.constantFrom(0, 1, 2, 3);
const watched = fc.constantFrom(0, 1, 2);
const time = fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 2 ** 53, noNaN: true }));
const ifVersion = fc.oneof(fc.constantFrom(-1, 0, -2), count);

/** Messages are plain objects; fast-check would mix in some without a prototype. */
function shape<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

function constant<T extends string>(value: T): fc.Arbitrary<T> {
  return fc.constant(value);
}

const plainPut: fc.Arbitrary<Operation> = shape({
  verb: constant('put'),
  key: bytes,
  value: bytes,
  kind: fc.constant(0 as const),
  ifVersion: fc.constant(-1),
  ttl: fc.constant(0),
  deadline: fc.constant(0),
  previous: fc.constant(false),
}) as fc.Arbitrary<Operation>;

const put = shape({
  verb: constant('put'),
  key: bytes,
  value: bytes,
  kind,
  ifVersion,
  ttl: fc.oneof(fc.constantFrom(0, -1), count),
  deadline: time,
  previous: fc.boolean(),
}) as fc.Arbitrary<Operation>;

const get: fc.Arbitrary<ReadOperation> = shape({ verb: constant('get'), key: bytes });
const read: fc.Arbitrary<ReadOperation> = fc.oneof(
  get,
  shape({ verb: constant('get-range'), key: bytes, start: fc.integer(), end: fc.integer() }),
  shape({ verb: constant('stat'), key: bytes }).chain((stat) =>
    fc
      .record(
        { tells: fc.constantFrom('idle', 'value'), uses: fc.constant(true as const) },
        { requiredKeys: [], noNullPrototype: true },
      )
      .map((options) => ({ ...stat, ...options })),
  ) as fc.Arbitrary<ReadOperation>,
  shape({
    verb: constant('scan'),
    key: constant(''),
    cursor: count,
    prefix: bytes,
    limit: count,
    keysOnly: fc.boolean(),
  }),
  shape({ verb: constant('count'), key: constant('') }),
);

const write: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: plainPut },
  put,
  shape({ verb: constant('delete'), key: bytes, ifVersion, previous: fc.boolean() }),
  shape({ verb: constant('increment'), key: bytes, by: bytes }),
  shape({ verb: constant('increment'), key: bytes, by: bytes, safe: fc.constant<true>(true) }),
  shape({ verb: constant('increment'), key: bytes, by: bytes, ttl: count, ttlOnlyIfNew: fc.constant<true>(true) }),
  shape({ verb: constant('increment'), key: bytes, by: bytes, deadline: time }),
  shape({ verb: constant('increment-float'), key: bytes, by: fc.double() }),
  shape({ verb: constant('append'), key: bytes, value: bytes, kind }) as fc.Arbitrary<Operation>,
  shape({
    verb: constant('expire'),
    key: bytes,
    ttl: count,
    deadline: time,
    when: fc.constantFrom('always', 'none', 'some', 'later', 'sooner', 'some-later', 'some-sooner'),
  }) as fc.Arbitrary<Operation>,
  shape({ verb: constant('get-and-expire'), key: bytes, ttl: count, deadline: time }),
  shape({ verb: constant('delete-if-value'), key: bytes, value: bytes, kind }) as fc.Arbitrary<Operation>,
  shape({ verb: constant('set-range'), key: bytes, offset: count, value: bytes }),
  shape({
    verb: constant('set-bit'),
    key: bytes,
    offset: count,
    bit: fc.constantFrom(0, 1),
  }) as fc.Arbitrary<Operation>,
  shape({ verb: constant('clear'), key: constant('') }),
);

const keyEffect: fc.Arbitrary<Effect> = fc
  .oneof(
    shape({ type: constant('put'), key: bytes, value: bytes, kind, expiresAt: time }),
    shape({ type: constant('remove'), key: bytes, cause: fc.constantFrom('delete', 'expire', 'evict') }),
  )
  .chain((done) =>
    fc.option(fc.option(shape({ value: bytes, kind })), { nil: undefined }).map((previous) => {
      return previous === undefined ? done : { ...done, previous };
    }),
  ) as fc.Arbitrary<Effect>;

const steps = fc.array(write, { maxLength: 3 });
const transaction = shape({
  verb: constant('transaction'),
  key: constant(''),
  conditions: fc.array(shape({ key: bytes, ifVersion, equals: fc.option(shape({ value: bytes, kind })) }), {
    maxLength: 2,
  }),
  then: steps,
  otherwise: steps,
  lenient: fc.boolean(),
}) as fc.Arbitrary<Operation>;

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: write },
  read,
  transaction,
  shape({ verb: constant('gather'), key: constant(''), keys: fc.array(bytes, { maxLength: 3 }), heads: fc.nat(3) }),
  shape({
    verb: constant('install'),
    key: constant(''),
    effects: fc.array(keyEffect, { maxLength: 3 }),
  }) as fc.Arbitrary<Operation>,
);

const page = shape({
  cursor: fc.oneof(fc.constant(-1), count),
  entries: fc.array(fc.oneof(bytes, count), { maxLength: 5 }),
});

function resultOf(version: fc.Arbitrary<number>): fc.Arbitrary<Result> {
  const plain = shape({
    status: fc.constant(0),
    version,
    value: fc.constant(null),
    kind: fc.constant(0),
    expiresAt: fc.constant(0),
    page: fc.constant(null),
    items: fc.constant(null),
  });
  const text = shape({
    status: fc.constant(0),
    version,
    value: bytes,
    kind: fc.constant(0),
    expiresAt: fc.constant(0),
    page: fc.constant(null),
    items: fc.constant(null),
  });
  const general = shape({
    status: fc.nat(7),
    version: fc.oneof(version, count),
    value: fc.option(bytes),
    kind,
    expiresAt: time,
    page: fc.option(page),
    items: fc.constant(null),
  });
  const many = fc.tuple(general, fc.array(general, { maxLength: 3 })).map(([result, items]) => ({ ...result, items }));
  return fc.oneof(plain, text, general, many) as fc.Arbitrary<Result>;
}

const effect: fc.Arbitrary<Effect> = fc.oneof(
  {
    weight: 3,
    arbitrary: shape({
      type: constant('put'),
      key: bytes,
      value: bytes,
      kind: fc.constant(0),
      expiresAt: fc.constant(0),
    }),
  },
  keyEffect,
  shape({ type: constant('many'), effects: fc.array(keyEffect, { maxLength: 3 }) }),
  shape({ type: constant('deadline'), key: bytes, expiresAt: time }),
  shape({ type: constant('patch'), key: bytes, offset: count, bytes, kind }),
  shape({ type: constant('clear') }),
  shape({ type: constant('none') }),
) as fc.Arbitrary<Effect>;

function entryOf({ value, kind: entryKind, expiresAt }: PutEffect, seq: number): Result {
  return { status: 0, version: seq, value: textOf(value), kind: entryKind, expiresAt, page: null, items: null };
}

function recordOf(seq: number, request: number): fc.Arbitrary<Record> {
  return fc
    .tuple(effect, resultOf(fc.constant(seq)), fc.boolean(), watched)
    .map(([done, result, asEntry, watchedBy]): Record => {
      const common = { seq, request, watched: watchedBy as Record['watched'], effect: done };
      if (!asEntry) return { ...common, result };
      if (done.type === 'put') return { ...common, result: entryOf(done, seq) };
      if (done.type !== 'many') return { ...common, result };
      // A transaction's: what increments answer is what their effects put.
      const items = done.effects.map((part) => (part.type === 'put' ? entryOf(part, seq) : result));
      return { ...common, result: { ...result, items } };
    });
}

const anyRecord = fc.tuple(count, count).chain(([seq, request]) => recordOf(seq, request));

/** A number of messages of one kind, shard and epoch whose numbers are in a row, some records the primary's own. */
const row: fc.Arbitrary<Message[]> = shape({
  type: fc.constantFrom('request', 'read', 'record', 'stream-record', 'answer', 'value'),
  shard,
  epoch: count,
  committedSeq: count,
  first: count,
  number: count,
  length: fc.integer({ min: 1, max: 6 }),
  pressure: fc.boolean(),
  watched,
}).chain((begin) => {
  const items: fc.Arbitrary<Message>[] = [];
  for (let i = 0; i < begin.length; i++) items.push(rowItem(begin, i));
  return fc.tuple(...items);
});

interface RowBegin {
  type: string;
  shard: number;
  epoch: number;
  committedSeq: number;
  first: number;
  number: number;
  pressure: boolean;
  watched: number;
}

function rowItem(begin: RowBegin, i: number): fc.Arbitrary<Message> {
  const { type, shard, epoch, first, number, pressure } = begin;
  const committedSeq = begin.committedSeq + (begin.pressure ? i : 0);
  const own = fc.boolean().map((yes) => (yes ? 0 : number + i));
  switch (type) {
    case 'request':
      return operation.map((asked) => ({
        type,
        shard,
        epoch,
        request: number + i,
        operation: asked,
        committedSeq,
        pressure,
        watched: begin.watched as Record['watched'],
      }));
    case 'read':
      return read.map((asked) => ({ type, shard, epoch, id: number + i, operation: asked, committedSeq }));
    case 'record':
      return own.chain((request) =>
        recordOf(first + i, request).map((record) => ({ type, shard, epoch, record, committedSeq })),
      );
    case 'stream-record':
      return own.chain((request) =>
        recordOf(first + i, request).map((record) => ({ type, shard, since: epoch, record, committedSeq })),
      );
    case 'answer':
      return fc
        .tuple(own, resultOf(fc.constant(first + i)), fc.option(effect))
        .map(([request, result, done]) => ({ type, shard, epoch, seq: first + i, request, result, effect: done }));
    default:
      return resultOf(count).map((result) => ({ type: 'value', shard, epoch, id: number + i, result }));
  }
}

const rare: fc.Arbitrary<Message> = fc.oneof(
  shape({
    type: constant('config'),
    shard,
    epoch: count,
    chain: fc.array(count, { maxLength: 4 }),
    learner: count,
    since: count,
    committedSeq: count,
    base: fc.option(shape({ seq: count, request: count })),
  }),
  shape({
    type: constant('committed'),
    shard,
    epoch: count,
    committedSeq: count,
    evict: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  shape({ type: constant('seal'), shard, epoch: count }),
  shape({ type: constant('sealed'), shard, epoch: count }),
  shape({
    type: constant('stream-begin'),
    shard,
    since: count,
    lastSeq: count,
    lastRequest: count,
    committedSeq: count,
    window: fc.array(anyRecord, { maxLength: 4 }),
  }),
  shape({
    type: constant('stream-slice'),
    marks: fc.array(count, { maxLength: 3 }),
    shard,
    since: count,
    entries: fc.array(fc.oneof(bytes, count), { maxLength: 10 }),
  }),
  shape({ type: constant('stream-end'), shard, since: count }),
  shape({ type: constant('stream-ack'), shard, since: count }),
  shape({ type: constant('progress'), shard, since: count, seq: count }),
  shape({ type: constant('touched'), shard, epoch: count, hashes: fc.array(count, { maxLength: 10 }) }),
  shape({ type: constant('usage'), revision: count, reservedBytes: count, full: fc.boolean(), excess: count }),
  shape({
    type: constant('memory-limit'),
    revision: count,
    maxMemoryBytes: count,
    eviction: fc.constantFrom('noeviction', 'allkeys-lru'),
  }),
  shape({ type: constant('clock') }),
);

/** Any sequence of any messages. */
export const messages: fc.Arbitrary<Message[]> = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: row },
      rare.map((message) => [message]),
    ),
    { maxLength: 8 },
  )
  .map((rows) => rows.flat());

/** Two rows of messages, taken alternately: shards interleave as they do in a real turn. */
export const interleaved: fc.Arbitrary<Message[]> = fc.tuple(messages, messages).map(([left, right]) => {
  const both: Message[] = [];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const one = left[i];
    const two = right[i];
    if (one !== undefined) both.push(one);
    if (two !== undefined) both.push(two);
  }
  return both;
});
