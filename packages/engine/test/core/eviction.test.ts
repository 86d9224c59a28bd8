/** How a primary makes room: over a store that is only counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_VERSION, newPut, type Operation, PLAIN_PUT, ValueKind } from '../../src/core/data/operation.ts';
import type { NodeContext } from '../../src/core/node/context.ts';
import type { CopyState } from '../../src/core/node/copy-state.ts';
import { Eviction } from '../../src/core/node/memory/eviction.ts';

const LIMIT = 16_000;
const SOFT = 15_000;
const ENTRY = 100;

/** A primary of entries of 100 bytes each, on a node that holds `reserved` bytes in all. */
class Subject {
  sealed = false;
  evicted = 0;
  readonly window = { length: 0 };
  readonly budget = { reserved: 0 };
  readonly settings = { maxMemoryBytes: LIMIT, eviction: 'allkeys-lru' as string };
  readonly context = { budget: this.budget, settings: this.settings, shrinking: false, random: () => 0 };
  readonly eviction: Eviction;
  private entries: number;

  constructor(entries: number, reserved: number) {
    this.entries = entries;
    this.budget.reserved = reserved;
    const subject = this;
    const data = {
      get liveBytes() {
        return subject.entries * ENTRY;
      },
      growthFor: (_key: number, bytes: number) => bytes,
      evictionCandidate: () => (this.entries > 0 ? 'candidate' : undefined),
      head: () => ({ valueBytes: 700 }),
      reclaim: () => false,
    };
    const state = { data, window: this.window } as unknown as CopyState;
    this.eviction = new Eviction(state, this.context as unknown as NodeContext, this);
  }

  evict(): void {
    this.entries -= 1;
    this.evicted += 1;
    this.budget.reserved -= ENTRY;
  }

  hasRoomFor(bytes: number, { pressure = false, verb = 'put' } = {}): boolean {
    return this.eviction.makeRoom(operationOf(verb, bytes), pressure);
  }
}

/** An operation that adds so many bytes of value. */
function operationOf(verb: string, bytes: number): Operation {
  const value = 'v'.repeat(Math.max(0, Math.min(bytes, 1000) - 1));
  if (bytes === 0) return { verb: 'delete', key: '', ifVersion: ANY_VERSION, previous: false };
  if (verb === 'append') return { verb, key: '', value, kind: ValueKind.text };
  const effect = { type: 'put', key: '', value, kind: ValueKind.text, expiresAt: 0 } as const;
  if (verb === 'install') return { verb, key: '', effects: [{ ...effect, value: `${value}v` }] } as never;
  if (bytes > 1000) return { verb: 'set-range', key: '', offset: bytes - 2, value: 'v' };
  return newPut('', value, ValueKind.text, PLAIN_PUT);
}

test('there is room without a limit, below the soft one, and for what adds nothing', () => {
  const subject = new Subject(10, SOFT - 200);
  assert.ok(subject.hasRoomFor(200));
  assert.ok(subject.hasRoomFor(0, { pressure: true }));
  subject.settings.maxMemoryBytes = 0;
  assert.ok(subject.hasRoomFor(10 ** 9, { pressure: true }));
  assert.equal(subject.evicted, 0);
});

test('at the soft limit, or under pressure, a write makes room for twice its size', () => {
  const subject = new Subject(10, SOFT);
  assert.ok(subject.hasRoomFor(200));
  assert.equal(subject.evicted, 4);
  subject.budget.reserved = 0;
  assert.ok(subject.hasRoomFor(100, { pressure: true }));
  assert.equal(subject.evicted, 6);
});

test('an append makes room for the value it writes again', () => {
  const subject = new Subject(50, SOFT - 750);
  assert.ok(subject.hasRoomFor(100));
  assert.equal(subject.evicted, 0);
  assert.ok(subject.hasRoomFor(100, { verb: 'append' }));
  assert.equal(subject.evicted, 18);
});

test('without eviction a write is refused; what is decided already never is', () => {
  const subject = new Subject(10, SOFT);
  subject.settings.eviction = 'noeviction';
  assert.equal(subject.hasRoomFor(1), false);
  assert.ok(subject.hasRoomFor(1, { verb: 'install' }));
  assert.equal(subject.evicted, 0);
});

test('with nothing to evict the hard limit is the end, but not on the way down to a lower one', () => {
  const empty = new Subject(0, LIMIT);
  assert.equal(empty.hasRoomFor(1), false);
  assert.ok(empty.hasRoomFor(1, { verb: 'install' }));
  const falling = new Subject(10, 2 * LIMIT);
  assert.equal(falling.hasRoomFor(100), false);
  falling.context.shrinking = true;
  assert.ok(falling.hasRoomFor(100), 'it made room for itself');
  assert.equal(new Subject(10, 2 * LIMIT).hasRoomFor(100), false);
});

test('it shrinks by the largest part that was asked for, and then no further', () => {
  const subject = new Subject(100, SOFT);
  assert.equal(subject.eviction.shrink(), false, 'nobody asked');
  subject.eviction.evictPart(0.3);
  subject.eviction.evictPart(0.1);
  while (subject.eviction.shrink());
  assert.equal(subject.evicted, 30);
  assert.equal(subject.eviction.shrink(), false);
  subject.eviction.evictPart(0.5);
  subject.eviction.keepAll();
  assert.equal(subject.eviction.shrink(), false, 'taken back');
  assert.equal(subject.evicted, 30);
});

test('it does not shrink while sealed, or while too much is not committed', () => {
  const subject = new Subject(100, SOFT);
  subject.eviction.evictPart(0.5);
  subject.sealed = true;
  assert.equal(subject.eviction.shrink(), false);
  subject.sealed = false;
  subject.window.length = 4096;
  assert.equal(subject.eviction.shrink(), false);
  assert.equal(subject.evicted, 0);
  subject.window.length = 4095;
  assert.equal(subject.eviction.shrink(), true);
});
