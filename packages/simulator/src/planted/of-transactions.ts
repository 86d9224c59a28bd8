/** Planted bugs of transactions over several shards (core/master/transactions/transactions.ts, shard-queue.ts). */
import type { Call } from '@quintet/engine/machines';
import { CONTROL, PRIMARY, QUEUE, TRANSACTIONS } from './internals.ts';
import type { PlantedBug } from './planted-bug.ts';

export const TRANSACTION_BUGS: readonly PlantedBug[] = [
  {
    name: 'lock-let-go-after-gathering',
    rule: 'TT4 from the last lock to the last install nobody else writes',
    plant(patch) {
      patch.method(
        TRANSACTIONS,
        'decide',
        (original) =>
          function (transaction) {
            for (const { shard, lock } of transaction.parts) {
              if (lock?.stage === 'locked') shard.queue.unlock(lock);
              shard.queue.tryHeld();
            }
            original.call(this, transaction);
          },
      );
    },
  },
  {
    name: 'lock-given-beside-writes',
    rule: 'TT4 a lock is given when nothing is under way on its keys',
    plant(patch) {
      patch.method(
        QUEUE,
        'giveLock',
        () =>
          function (call) {
            this.filter.addHeld(call);
            this.locks.add(call);
            call.stage = 'locked';
            this.departures.locked(call);
            return true;
          },
      );
    },
  },
  {
    name: 'install-not-sent-again',
    rule: '§4.1.3 installs are requests like any other',
    plant(patch) {
      const sent = new WeakSet<Call>();
      patch.method(
        CONTROL,
        'sendRequest',
        (original) =>
          function (call) {
            if (call.operation.verb !== 'install' || !sent.has(call)) original.call(this, call);
            sent.add(call);
          },
      );
    },
  },
  {
    name: 'decided-before-all-is-gathered',
    rule: 'gathering: all answered → evaluate',
    plant(patch) {
      patch.method(
        TRANSACTIONS,
        'onGathered',
        (original) =>
          function (transaction, part, result) {
            if (transaction.stage === 'gathering') transaction.awaited = 1;
            original.call(this, transaction, part, result);
          },
      );
    },
  },
  {
    name: 'locks-kept-when-given-up',
    rule: 'a transaction that ends lets its locks go',
    plant(patch) {
      patch.method(
        TRANSACTIONS,
        'giveUp',
        (original) =>
          function (transaction, reason) {
            if (transaction.stage === 'locking') for (const part of transaction.parts) part.lock = null;
            original.call(this, transaction, reason);
          },
      );
    },
  },
  {
    name: 'install-of-one-shard-dropped',
    rule: 'all or nothing',
    plant(patch) {
      patch.method(
        TRANSACTIONS,
        'install',
        (original) =>
          function (transaction, writing) {
            original.call(this, transaction, writing.length > 1 ? writing.slice(1) : writing);
          },
      );
    },
  },
  {
    name: 'gathered-before-all-locks',
    rule: 'locking: all given → gathering',
    plant(patch) {
      patch.method(
        TRANSACTIONS,
        'onLocked',
        (original) =>
          function (lock) {
            const { transaction } = lock.sink as unknown as { transaction: { stage: string; awaited: number } };
            if (transaction.stage === 'locking') transaction.awaited = 1;
            original.call(this, lock);
          },
      );
    },
  },
  {
    name: 'given-up-but-installed',
    rule: 'errors.ts: ABORTED is not applied',
    plant(patch) {
      patch.method(
        TRANSACTIONS,
        'onGathered',
        (original) =>
          function (transaction, part, result) {
            const { settled } = transaction;
            transaction.settled = false;
            if (settled && transaction.awaited === 1) Object.assign(transaction.sink, SILENT);
            original.call(this, transaction, part, result);
            if (transaction.awaited > 0 && transaction.stage === 'gathering') transaction.settled = settled;
          },
      );
    },
  },
  {
    name: 'done-at-the-first-install',
    rule: 'installing: all answered → done',
    plant(patch) {
      patch.method(
        TRANSACTIONS,
        'onInstalled',
        (original) =>
          function (transaction) {
            if (transaction.stage !== 'installing') return;
            transaction.awaited = 1;
            original.call(this, transaction);
          },
      );
    },
  },
  {
    name: 'whole-shard-reads-beside-locks',
    rule: '§5 a whole-shard read waits for all that arrived before it',
    plant(patch) {
      patch.method(
        QUEUE,
        'mayReadShard',
        (original) =>
          function (call) {
            const locks = [...this.locks];
            this.locks.clear();
            const may = original.call(this, call);
            for (const lock of locks) this.locks.add(lock);
            return may;
          },
      );
    },
  },
  {
    name: 'paused-install-forgotten',
    rule: 'SQ1 what a transaction writes while nothing is numbered goes first afterwards',
    plant(patch) {
      patch.method(
        QUEUE,
        'sendLocked',
        (original) =>
          function (operation, sink, group) {
            if (operation.verb !== 'install' || !this.paused) original.call(this, operation, sink, group);
          },
      );
    },
  },
  {
    name: 'free-part-overtakes-held',
    rule: 'TT6 numbered without locks only if nothing of its keys is held',
    plant(patch) {
      patch.method(
        QUEUE,
        'callIfFree',
        (original) =>
          function (operation, sink, group) {
            const { isHeld } = this.filter;
            this.filter.isHeld = () => false;
            const call = original.call(this, operation, sink, group);
            this.filter.isHeld = isHeld;
            return call;
          },
      );
    },
  },
  {
    name: 'free-part-beside-direct-reads',
    rule: 'TT6 numbered without locks only if none of its keys is being read directly',
    plant(patch) {
      patch.method(
        QUEUE,
        'callIfFree',
        (original) =>
          function (operation, sink, group) {
            const { hasDirectRead } = this.filter;
            this.filter.hasDirectRead = () => false;
            const call = original.call(this, operation, sink, group);
            this.filter.hasDirectRead = hasDirectRead;
            return call;
          },
      );
    },
  },
  {
    name: 'free-part-numbered-before-all-are-free',
    rule: 'TT6 numbered in all shards, or in none',
    plant(patch) {
      const numbered = new WeakSet<Call>();
      patch.method(
        QUEUE,
        'sendFree',
        (original) =>
          function (call) {
            if (!numbered.has(call)) original.call(this, call);
          },
      );
      patch.method(
        QUEUE,
        'callIfFree',
        (original) =>
          function (operation, sink, group) {
            const call = original.call(this, operation, sink, group);
            if (call === null) return null;
            this.sendFree(call);
            numbered.add(call);
            return call;
          },
      );
    },
  },
  {
    name: 'free-part-while-nothing-is-numbered',
    rule: 'TT6 not while the shard is sealed or a learner joins',
    plant(patch) {
      patch.method(
        QUEUE,
        'callIfFree',
        (original) =>
          function (operation, sink, group) {
            const { paused } = this;
            this.paused = false;
            const call = original.call(this, operation, sink, group);
            this.paused = paused;
            return call;
          },
      );
    },
  },
  {
    name: 'free-part-refused',
    rule: 'TT5 what is installed was decided: no primary refuses it',
    plant(patch) {
      patch.method(
        PRIMARY,
        'onRequest',
        (original) =>
          function (message) {
            const { evaluate } = this;
            const refused = message.pressure && message.operation.verb === 'install';
            if (refused) this.evaluate = (operation) => this.outOfMemory(operation);
            original.call(this, message);
            this.evaluate = evaluate;
          },
      );
    },
  },
  {
    name: 'done-at-the-first-free-part',
    rule: 'TT6 installing: all answered → done',
    plant(patch) {
      patch.method(
        TRANSACTIONS,
        'onInstalled',
        (original) =>
          function (transaction) {
            if (transaction.stage !== 'installing') return;
            if (transaction.parts.every(({ lock }) => lock === null)) transaction.awaited = 1;
            original.call(this, transaction);
          },
      );
    },
  },
];

const SILENT = { onResult: () => undefined, onError: () => undefined };
