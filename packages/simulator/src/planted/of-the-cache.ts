/** Planted bugs of the read cache (protocol §10): what it follows, when it answers, and what it tells of that. */

import { newPut, type Operation, PLAIN_PUT, plainResult, type Result, Status } from '@quintet/engine/internal';
import type { Call } from '@quintet/engine/machines';
import {
  CONTROL,
  FILTER,
  type FilterInternals,
  MASTER_MACHINE,
  QUEUE,
  READ_CACHE,
  type ReadCacheInternals,
} from './internals.ts';
import type { PlantedBug } from './planted-bug.ts';

/** Places of a slot's counts (order-filter.ts). */
const WRITES = 0;
const HELD = 3;
const STRIDE = 4;

/** What `act` says if these counts of a slot were 0. */
function without(filter: FilterInternals, slot: number, which: number, act: () => boolean): boolean {
  const at = STRIDE * slot + which;
  const all = which === HELD ? 'heldAll' : 'writesAll';
  const [one, every] = [filter.counts[at]!, filter[all]];
  filter.counts[at] = filter[all] = 0;
  try {
    return act();
  } finally {
    filter.counts[at] = one;
    filter[all] = every;
  }
}

/** As if an operation had put what its caller sent. */
function asPut(operation: Operation): Operation {
  if (operation.verb === 'append') return newPut(operation.key, operation.value, operation.kind, PLAIN_PUT);
  if (operation.verb === 'increment') return newPut(operation.key, operation.by, 3, PLAIN_PUT);
  return operation;
}

export const CACHE_BUGS: readonly PlantedBug[] = [
  {
    name: 'cache-updated-before-accepted',
    rule: 'RC1 nothing that is not accepted changes an entry',
    plant(patch) {
      const sent = new WeakSet<Call>();
      patch.method(
        CONTROL,
        'sendRequest',
        (original) =>
          function (call) {
            original.call(this, call);
            if (call.operation.verb !== 'put' || sent.has(call)) return;
            sent.add(call);
            const version = this.committedSeq + this.queue.unanswered.length;
            this.surroundings.cache.onKeyWrite(call.operation, plainResult(Status.ok, version));
          },
      );
      patch.method(
        READ_CACHE,
        'onWrite',
        (original) =>
          function (call, result) {
            if (call.operation.verb !== 'put') original.call(this, call, result);
          },
      );
    },
  },
  {
    name: 'cache-updated-after-it-is-told',
    rule: 'RC2 done before anybody hears of it',
    plant(patch) {
      const late = new WeakMap<ReadCacheInternals, (() => void)[]>();
      patch.method(
        READ_CACHE,
        'onWrite',
        (original) =>
          function (call, result) {
            const waiting = late.get(this) ?? [];
            late.set(this, waiting);
            waiting.push(() => original.call(this, call, result));
          },
      );
      patch.method(
        MASTER_MACHINE,
        'endTurn',
        (original) =>
          function (now) {
            for (const act of late.get(this.cache)?.splice(0) ?? []) act();
            original.call(this, now);
          },
      );
    },
  },
  {
    name: 'cache-filled-over-a-numbered-write',
    rule: 'RC3 a value is kept only if nothing was accepted of its key since the read',
    plant(patch) {
      const late = new WeakMap<ReadCacheInternals, (() => void)[]>();
      patch.method(
        READ_CACHE,
        'fill',
        (original) =>
          function (...fill) {
            const waiting = late.get(this) ?? [];
            late.set(this, waiting);
            waiting.push(() => original.apply(this, fill));
          },
      );
      // As if it were kept a while later: when the next write has been accepted.
      patch.method(
        READ_CACHE,
        'onWrite',
        (original) =>
          function (call, result) {
            original.call(this, call, result);
            for (const act of late.get(this)?.splice(0) ?? []) act();
          },
      );
    },
  },
  {
    name: 'overtaken-read-kept',
    rule: 'RC3 an own removal of the primary marks the reads it overtakes',
    plant(patch) {
      patch.method(QUEUE, 'overtakeReads', () => () => {});
    },
  },
  {
    name: 'own-removal-kept',
    rule: 'RC1 an eviction or expiry is accepted like any other record',
    plant(patch) {
      patch.method(READ_CACHE, 'onOwnRecord', () => () => {});
    },
  },
  {
    name: 'entries-outlive-their-generation',
    rule: 'a clear, the loss of the shard and its reset end all its entries',
    plant(patch) {
      patch.method(READ_CACHE, 'forgetShard', () => () => {});
    },
  },
  {
    name: 'lost-shard-served-from-the-cache',
    rule: 'a lost shard says so',
    plant(patch) {
      let losing = false;
      patch.method(
        CONTROL,
        'lose',
        (original) =>
          function () {
            losing = true;
            original.call(this);
            losing = false;
          },
      );
      patch.method(
        READ_CACHE,
        'forgetShard',
        (original) =>
          function (shard) {
            if (!losing) original.call(this, shard);
          },
      );
    },
  },
  {
    name: 'cached-read-passes-a-write',
    rule: '§10 a slot with a numbered write is not quiet',
    plant(patch) {
      patch.method(
        FILTER,
        'isQuiet',
        (original) =>
          function (slot) {
            const { writesAll } = this;
            return writesAll === 0 && without(this, slot, WRITES, () => original.call(this, slot));
          },
      );
    },
  },
  {
    name: 'cached-read-passes-a-lock',
    rule: '§10 a slot with anything held, a lock too, is not quiet',
    plant(patch) {
      patch.method(
        FILTER,
        'isQuiet',
        (original) =>
          function (slot) {
            return without(this, slot, HELD, () => original.call(this, slot));
          },
      );
    },
  },
  {
    name: 'cached-read-passes-a-clear',
    rule: '§10 no slot is quiet while a clear is under way',
    plant(patch) {
      patch.method(
        FILTER,
        'isQuiet',
        (original) =>
          function (slot) {
            const { writesAll } = this;
            this.writesAll = 0;
            const quiet = original.call(this, slot);
            this.writesAll = writesAll;
            return quiet;
          },
      );
    },
  },
  {
    name: 'cached-read-passes-what-waits',
    rule: '§10 nothing waits for credit that could be of the key',
    plant(patch) {
      patch.method(
        QUEUE,
        'isQuiet',
        () =>
          function (slot) {
            return (this.filter as unknown as FilterInternals).isQuiet(slot);
          },
      );
    },
  },
  {
    name: 'cached-read-past-a-deadline',
    rule: '§6 past its deadline an entry is missing',
    plant(patch) {
      patch.method(
        CONTROL,
        'mayAnswer',
        (original) =>
          function (slot, _expiresAt, clock) {
            return original.call(this, slot, 0, clock);
          },
      );
    },
  },
  {
    name: 'append-cached-as-a-put',
    rule: 'only a write whose answer tells all that is stored overwrites an entry',
    plant(patch) {
      patch.method(
        READ_CACHE,
        'onKeyWrite',
        (original) =>
          function (operation: Operation, result: Result) {
            original.call(this, asPut(operation), result);
          },
      );
    },
  },
  {
    name: 'decoded-copy-outlives-its-entry',
    rule: 'DC1 a copy ends with the entry it is of',
    plant(patch) {
      patch.method(READ_CACHE, 'endCopy', () => () => {});
    },
  },
  {
    name: 'cached-reads-are-no-uses',
    rule: 'where eviction goes by uses, a cached read is one',
    plant(patch) {
      patch.method(CONTROL, 'noteUse', () => () => {});
    },
  },
];
