/** Planted bugs of time (protocol §6), deadlines, versions and memory. */
import { type Operation, Status } from '@quintet/engine/internal';
import { COPY, NODE, NODE_MEMORY, type NodeInternals, PRIMARY, STATE } from './internals.ts';
import type { PlantedBug } from './planted-bug.ts';

export const TIME_AND_MEMORY_BUGS: readonly PlantedBug[] = [
  {
    name: 'newcomers-know-no-new-limit',
    rule: 'NM1 a node works by the limit in force before it hears of any shard',
    plant(patch) {
      patch.method(NODE_MEMORY, 'nodeReady', () => () => {});
    },
  },
  {
    name: 'limit-heard-by-who-has-not',
    rule: 'NM2 answered when every node works by it',
    plant(patch) {
      patch.method(
        NODE_MEMORY,
        'noteHeard',
        (original) =>
          function (node, message) {
            original.call(this, node, { ...message, revision: message.revision + 1 });
          },
      );
    },
  },
  {
    name: 'deaf-to-the-time-of-reads',
    rule: "§6 a node's time is the highest received !",
    plant(patch) {
      const heard = new WeakMap<NodeInternals, number>();
      patch.method(
        NODE,
        'onTime',
        () =>
          function (time) {
            heard.set(this, time);
          },
      );
      patch.method(
        NODE,
        'receive',
        (original) =>
          function (from, message) {
            if (from === 0 && message.type !== 'read')
              this.context.time = Math.max(this.context.time, heard.get(this) ?? 0);
            original.call(this, from, message);
          },
      );
    },
  },
  {
    name: 'time-runs-back',
    rule: '§6 the highest received, not the last !',
    plant(patch) {
      patch.method(
        NODE,
        'onTime',
        () =>
          function (time) {
            this.context.time = time % 16 < 1 ? time - 1 : time;
          },
      );
    },
  },
  {
    name: 'expiry-decided-by-the-tail',
    rule: '§6 removed by records of the primary',
    plant(patch) {
      patch.method(
        COPY,
        'onRead',
        (original) =>
          function (message) {
            const { key } = message.operation;
            const deadline = this.state.data.head(key)?.expiresAt ?? 0;
            if (deadline !== 0 && deadline <= this.context.time) this.state.data.remove(key);
            original.call(this, message);
          },
      );
    },
  },
  {
    name: 'deadline-forgotten-by-replicas',
    rule: 'copies are equal',
    plant(patch) {
      patch.method(
        STATE,
        'applyEffect',
        (original) =>
          function (effect, seq, whole) {
            const forget = effect.type === 'put' && this.position > 0;
            original.call(this, forget ? { ...effect, expiresAt: 0 } : effect, seq, whole);
          },
      );
    },
  },
  {
    name: 'patch-drops-what-is-behind-it',
    rule: 'a patch changes the bytes it brings, and no others',
    plant(patch) {
      patch.method(
        STATE,
        'applyEffect',
        (original) =>
          function (effect, seq, whole) {
            original.call(this, effect, seq, whole);
            const entry = effect.type === 'patch' && this.position > 0 ? this.data.peek(effect.key) : undefined;
            if (effect.type !== 'patch' || entry === undefined) return;
            const { key, offset, bytes, kind } = effect;
            const value = entry.value.slice(0, offset + bytes.length);
            original.call(this, { type: 'put', key, value, kind, expiresAt: entry.expiresAt }, seq, whole);
          },
      );
    },
  },
  {
    name: 'watched-write-bears-a-patch',
    rule: 'a watched write bears the whole value',
    plant(patch) {
      patch.method(
        PRIMARY,
        'evaluate',
        (original) =>
          function (operation, watched) {
            return original.call(this, operation, operation.verb === 'append' ? 0 : watched);
          },
      );
    },
  },
  {
    name: 'expired-entry-meets-conditions',
    rule: '§6 past its deadline an entry is missing',
    plant(patch) {
      patch.method(
        PRIMARY,
        'evaluate',
        (original) =>
          function (operation: Operation, watched) {
            const { time } = this.context;
            const conditional = operation.verb === 'put' && operation.ifVersion !== -1;
            if (conditional) this.context.time = 0;
            const outcome = original.call(this, operation, watched);
            this.context.time = time;
            return outcome;
          },
      );
    },
  },
  {
    name: 'every-increment-gives-more-time',
    rule: 'ttlOnlyIfNew: only an entry that was absent gets a deadline',
    plant(patch) {
      patch.method(
        PRIMARY,
        'evaluate',
        (original) =>
          function (operation: Operation, watched) {
            if (operation.verb !== 'increment') return original.call(this, operation, watched);
            const { ttlOnlyIfNew: _, ...always } = operation;
            return original.call(this, always, watched);
          },
      );
    },
  },
  {
    name: 'lock-released-by-whoever-asks',
    rule: 'delete-if-value: only an entry that has the value is removed',
    plant(patch) {
      patch.method(
        PRIMARY,
        'evaluate',
        (original) =>
          function (operation: Operation, watched) {
            if (operation.verb !== 'delete-if-value') return original.call(this, operation, watched);
            const { key } = operation;
            return original.call(this, { verb: 'delete', key, ifVersion: -1, previous: false }, watched);
          },
      );
    },
  },
  {
    name: 'version-stays-on-a-new-deadline',
    rule: 'CS3: the version is the seq that wrote it',
    plant(patch) {
      patch.method(
        STATE,
        'applyEffect',
        (original) =>
          function (effect, seq, whole) {
            original.call(this, effect, effect.type === 'deadline' ? seq - 1 : seq, whole);
          },
      );
    },
  },
  {
    name: 'refused-for-memory-but-written',
    rule: 'OUT_OF_MEMORY is not applied',
    plant(patch) {
      patch.method(
        PRIMARY,
        'outOfMemory',
        (original) =>
          function (operation) {
            const { result } = original.call(this, operation);
            return { effect: this.evaluate(operation, 0).effect, result: { ...result, status: Status.outOfMemory } };
          },
      );
    },
  },
];
