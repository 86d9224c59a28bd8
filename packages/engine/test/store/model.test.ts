import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Entry, ValueKind } from '../../src/core/data/operation.ts';
import { createBudget } from '../../src/core/store/budget.ts';
import type { SlabStore } from '../../src/core/store/slab-store.ts';
import { chance, newClock, newStore, SEED, walkAll } from './fixture.ts';

/** A store and the Map it must behave like. */
class Twins {
  readonly budget = createBudget();
  readonly clock = newClock();
  readonly store: SlabStore = newStore(this.budget, SEED, this.clock);
  readonly model = new Map<string, Entry & { mark: number }>();

  put(key: string, entry: Entry): void {
    this.store.put(key, entry.value, entry.kind, entry.version, entry.expiresAt);
    this.model.set(key, { ...entry, mark: this.clock.tick });
  }

  remove(key: string): void {
    assert.equal(this.store.remove(key), this.model.delete(key));
  }

  setDeadline(key: string, version: number, expiresAt: number): void {
    const entry = this.model.get(key);
    assert.equal(this.store.setDeadline(key, version, expiresAt), entry !== undefined);
    if (entry !== undefined) this.model.set(key, { ...entry, version, expiresAt, mark: this.clock.tick });
  }

  patch(key: string, offset: number, bytes: string, version: number): void {
    const entry = this.model.get(key);
    assert.equal(this.store.patch(key, offset, bytes, 1, version), entry !== undefined);
    if (entry === undefined) return;
    const { value: before } = entry;
    const value = before.slice(0, offset).padEnd(offset, '\0') + bytes + before.slice(offset + bytes.length);
    this.model.set(key, { ...entry, value, kind: 1, version, mark: this.clock.tick });
  }

  touch(key: string): void {
    this.store.touch(key);
    const entry = this.model.get(key);
    if (entry !== undefined) entry.mark = this.clock.tick;
  }

  check(key: string): void {
    const { mark, ...entry } = this.model.get(key) ?? { mark: this.clock.tick };
    assert.equal(this.store.idleMs(key), (this.clock.tick - mark) * 1000);
    assert.deepEqual(this.store.peek(key), 'value' in entry ? entry : undefined);
    assert.deepEqual(this.store.get(key), 'value' in entry ? entry : undefined);
    this.touch(key);
    const value = this.model.get(key)?.value ?? '';
    for (const from of [0, 3, value.length - 1, value.length + 1]) {
      if (from >= 0) assert.equal(this.store.part(key, from, 9), value.slice(from, from + 9));
    }
    const head = this.store.head(key);
    assert.equal(head?.valueBytes, this.model.get(key)?.value.length);
    assert.equal(head?.version, this.model.get(key)?.version);
  }

  audit(): void {
    this.store.audit();
    assert.equal(this.store.size, this.model.size);
    assert.equal(this.store.reservedBytes, this.budget.reserved);
  }

  checkAll(): void {
    this.audit();
    const walked = new Map(walkAll(this.store, 100).map(({ key, ...entry }) => [key, entry]));
    assert.equal(walked.size, this.model.size);
    for (const [key, entry] of this.model) assert.deepEqual(walked.get(key), entry);
  }
}

interface Mix {
  readonly keys: number;
  readonly steps: number;
  readonly valueBytes: (random: () => number) => number;
  readonly auditEvery: number;
}

/** One long random history: mostly growing for a while, then mostly shrinking, with everything else in between. */
function history(seed: number, mix: Mix): void {
  const random = chance(seed);
  const twins = new Twins();
  for (let step = 1; step <= mix.steps; step++) {
    twins.clock.tick = step >>> 4;
    const key = `key ${Math.floor(random() * mix.keys)}`;
    const growing = Math.floor((step * 4) / mix.steps) % 2 === 0;
    const dice = random();
    if (dice < (growing ? 0.6 : 0.25)) {
      const value = String.fromCharCode(33 + (step % 90)).repeat(mix.valueBytes(random));
      const expiresAt = random() < 0.3 ? 1 + Math.floor(random() * 1e6) : 0;
      twins.put(key, { value, kind: (step % 3) as ValueKind, version: step, expiresAt });
    } else if (dice < 0.7) twins.remove(key);
    else if (dice < 0.8) twins.setDeadline(key, step, random() < 0.3 ? 0 : 1 + Math.floor(random() * 1e6));
    else if (dice < 0.9) twins.check(key);
    else if (dice < 0.91) twins.touch(key);
    else if (dice < 0.93) {
      const length = twins.model.get(key)?.value.length ?? 0;
      const offset = random() < 0.5 ? length : Math.floor(random() * (length + 20));
      twins.patch(key, offset, 'p'.repeat(mix.valueBytes(random) >>> 4), step);
    } else if (dice < 0.95) twins.store.reclaim();
    else if (dice < 0.97)
      for (const due of twins.store.due(step, 10, 200)) assert.ok(twins.model.get(due)!.expiresAt <= step);
    else if (dice < 0.97 + 1 / mix.steps) {
      twins.store.clear();
      twins.model.clear();
    } else assert.equal(twins.store.evictionCandidate(5, random) !== undefined, twins.model.size > 0);
    if (step % mix.auditEvery === 0) twins.audit();
  }
  twins.checkAll();
  twins.store.release();
  assert.equal(twins.budget.reserved, 0);
}

const mixes: [string, Mix][] = [
  ['a handful of keys', { keys: 12, steps: 20_000, valueBytes: (random) => Math.floor(random() * 40), auditEvery: 3 }],
  ['small values', { keys: 4000, steps: 60_000, valueBytes: (random) => Math.floor(random() * 100), auditEvery: 400 }],
  [
    'mixed values',
    { keys: 600, steps: 30_000, valueBytes: (random) => Math.floor(random() ** 6 * 9000), auditEvery: 60 },
  ],
  [
    'large values',
    { keys: 60, steps: 6000, valueBytes: (random) => Math.floor(random() ** 3 * 300_000), auditEvery: 10 },
  ],
];
for (const [name, mix] of mixes) {
  for (const seed of [1, 2, 3])
    test(`a random history behaves like a Map: ${name}, seed ${seed}`, () => history(seed, mix));
}

test('any short sequence of operations behaves like a Map', () => {
  const key = fc.constantFrom('', 'a', 'b', 'ab', 'abcdefgh', 'k'.repeat(70), 'k'.repeat(71));
  const length = fc.oneof(fc.nat(40), fc.constantFrom(900, 1024, 1025, 3000, 5000));
  const deadline = fc.constantFrom(0, 0, 5, 2 ** 40);
  const step = fc.oneof(
    fc.tuple(fc.constant('put' as const), key, length, deadline),
    fc.tuple(fc.constant('remove' as const), key, length, deadline),
    fc.tuple(fc.constant('deadline' as const), key, length, deadline),
    fc.tuple(fc.constant('patch' as const), key, length, deadline),
    fc.tuple(fc.constant('reclaim' as const), key, length, deadline),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const twins = new Twins();
      for (const [i, [verb, name, bytes, expiresAt]] of steps.entries()) {
        if (verb === 'put') twins.put(name, { value: 'v'.repeat(bytes), kind: 0, version: i + 1, expiresAt });
        else if (verb === 'remove') twins.remove(name);
        else if (verb === 'deadline') twins.setDeadline(name, i + 1, expiresAt);
        else if (verb === 'patch') twins.patch(name, i * 7, 'p'.repeat(bytes), i + 1);
        else twins.store.reclaim();
        twins.check(name);
        twins.audit();
      }
      twins.checkAll();
    }),
  );
});
