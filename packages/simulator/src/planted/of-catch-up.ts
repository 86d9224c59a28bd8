/** Planted bugs of catch-up: what a stream carries, who takes it, when a learner joins. */
import { type Message, NOBODY, type NodeOutbox, PAGE_STRIDE } from '@quintet/engine/internal';
import { CONTROL, COPY, type Context, LEARNER, STATE, STREAM, type StreamInternals } from './internals.ts';
import type { PlantedBug } from './planted-bug.ts';

export const CATCH_UP_BUGS: readonly PlantedBug[] = [
  {
    name: 'stream-from-the-head',
    rule: '§2 StreamBegin: tail ! → learner',
    plant(patch) {
      let directing = false;
      patch.method(
        COPY,
        'directStream',
        (original) =>
          function () {
            directing = true;
            original.call(this);
            directing = false;
          },
      );
      patch.getter(
        COPY,
        'isTail',
        (original) =>
          function () {
            return directing ? this.state.position === 0 : original.call(this);
          },
      );
    },
  },
  {
    name: 'streams-of-any-since',
    rule: '§2.1.3 only by the learner whose since equals the stamp !',
    plant(patch) {
      patch.method(
        COPY,
        'onCopyMessage',
        (original) =>
          function (from, message) {
            const stray = this.learning !== null && 'since' in message && message.since < this.state.since;
            const fits = stray && (message.type === 'stream-begin') === (this.learning?.stage === 'waiting');
            original.call(this, from, fits ? { ...message, since: this.state.since } : message);
          },
      );
    },
  },
  {
    name: 'stream-ends-with-its-epoch',
    rule: '§2.1.3 whatever the epoch has become meanwhile !',
    plant(patch) {
      patch.method(
        COPY,
        'onCopyMessage',
        (original) =>
          function (from, message) {
            const late = 'since' in message && message.since < this.state.epoch;
            if (!late) original.call(this, from, message);
          },
      );
    },
  },
  {
    name: 'learner-keeps-old-data',
    rule: '§3.1 if since changed, discard everything !',
    plant(patch) {
      patch.method(
        COPY,
        'becomeLearner',
        (original) =>
          function (fresh) {
            if (!fresh || this.learning === null) return original.call(this, fresh);
            this.stream = null;
            this.learning.stage = 'waiting';
            this.learning.progressDue = false;
            this.state.window.clear();
          },
      );
    },
  },
  {
    name: 'stream-without-last-request',
    rule: '§3.5 StreamBegin: set lastRequest !',
    plant(patch) {
      patch.method(
        LEARNER,
        'onBegin',
        (original) =>
          function (message) {
            original.call(this, { ...message, lastRequest: 0 });
          },
      );
    },
  },
  {
    name: 'stream-without-window',
    rule: '§3.5 StreamBegin: set window !',
    plant(patch) {
      patch.method(
        LEARNER,
        'onBegin',
        (original) =>
          function (message) {
            original.call(this, { ...message, window: [] });
          },
      );
    },
  },
  {
    name: 'slices-from-a-snapshot',
    rule: '§3.5 reads a slice and emits it in the same step !',
    plant(patch) {
      const snapshots = new WeakMap<StreamInternals, Map<string, readonly (string | number)[]>>();
      patch.method(
        STREAM,
        'sendSlice',
        (original) =>
          function (state) {
            const snapshot = snapshots.get(this) ?? new Map<string, readonly (string | number)[]>();
            if (!snapshots.has(this)) {
              snapshots.set(this, snapshot);
              state.data.walk(0, 1e6, 1e9, false, ({ key, value, kind, version, expiresAt }) => {
                snapshot.set(key, [key, value, kind, version, expiresAt]);
              });
            }
            altering(
              this.context,
              (message) => stale(message, snapshot),
              () => original.call(this, state),
            );
          },
      );
    },
  },
  {
    name: 'slices-lack-their-last-entry',
    rule: '§3.5 every key that lives throughout must be visited',
    plant(patch) {
      const short = (message: Message): Message => {
        if (message.type !== 'stream-slice' || message.entries.length <= PAGE_STRIDE) return message;
        return { ...message, entries: message.entries.slice(0, -PAGE_STRIDE) };
      };
      patch.method(
        STREAM,
        'sendSlice',
        (original) =>
          function (state) {
            altering(this.context, short, () => original.call(this, state));
          },
      );
    },
  },
  {
    name: 'stream-ends-before-its-last-slice',
    rule: '§3.5 slices come between begin and end',
    plant(patch) {
      patch.method(
        STREAM,
        'sendSlice',
        (original) =>
          function (state) {
            const sent: [number, Message][] = [];
            const { outbox } = this.context;
            this.context.outbox = { send: (to, message) => sent.push([to, message]) };
            original.call(this, state);
            this.context.outbox = outbox;
            for (const [to, message] of sent.reverse()) outbox.send(to, message);
          },
      );
    },
  },
  {
    name: 'records-not-streamed',
    rule: '§3.2 if a stream runs, StreamRecord',
    plant(patch) {
      patch.method(
        STREAM,
        'sendRecord',
        (original) =>
          function (record, committedSeq) {
            if (record.request !== 0) original.call(this, record, committedSeq);
          },
      );
    },
  },
  {
    name: 'tombstone-forgotten-in-catch-up',
    rule: '§3.5 StreamRecord: apply',
    plant(patch) {
      patch.method(
        STATE,
        'applyEffect',
        (original) =>
          function (effect, seq, whole) {
            if (whole || effect.type !== 'remove') original.call(this, effect, seq, whole);
          },
      );
    },
  },
  {
    name: 'patch-awaited-before-its-base',
    rule: '§3.5 a patch whose base a learner has not received is nothing !',
    plant(patch) {
      patch.method(
        STATE,
        'applyEffect',
        (original) =>
          function (effect, seq, whole) {
            original.call(this, effect, seq, whole || effect.type === 'patch');
          },
      );
    },
  },
  {
    name: 'patch-ignored-in-mid-stream',
    rule: '§3.5 a patch of an entry that a slice has brought is applied !',
    plant(patch) {
      patch.method(
        STATE,
        'applyEffect',
        (original) =>
          function (effect, seq, whole) {
            if (whole || effect.type !== 'patch') original.call(this, effect, seq, whole);
          },
      );
    },
  },
  {
    name: 'learner-joins-too-early',
    rule: '§4.4 if seq >= committedSeq !',
    plant(patch) {
      patch.method(
        CONTROL,
        'onProgress',
        (original) =>
          function (from, message) {
            return original.call(this, from, { ...message, seq: Math.max(message.seq, this.committedSeq) });
          },
      );
    },
  },
  {
    name: 'progress-of-any-since',
    rule: '§2 Progress: since = own',
    plant(patch) {
      patch.method(
        CONTROL,
        'onProgress',
        (original) =>
          function (from, message) {
            return original.call(this, from, { ...message, since: this.since });
          },
      );
    },
  },
  {
    name: 'source-death-unnoticed',
    rule: '§4.1.1 source new: since = epoch',
    plant(patch) {
      patch.method(
        CONTROL,
        'change',
        (original) =>
          function (chain, learner, base, removed) {
            const { since } = this;
            const same = learner !== NOBODY && learner === this.learner;
            let restored = false;
            const send = this.sendConfig;
            Object.assign(this, {
              sendConfig: (...args: Parameters<typeof send>) => {
                if (same) this.since = since;
                restored = true;
                send.apply(this, args);
              },
            });
            original.call(this, chain, learner, base, removed);
            if (restored) delete (this as { sendConfig?: unknown }).sendConfig;
          },
      );
    },
  },
];

/** Runs something with what it sends altered. */
function altering(context: Context, alter: (message: Message) => Message, act: () => void): void {
  const outbox: NodeOutbox = context.outbox;
  context.outbox = { send: (to, message) => outbox.send(to, alter(message)) };
  act();
  context.outbox = outbox;
}

/** A slice with its entries as they were when the stream began. */
function stale(message: Message, snapshot: ReadonlyMap<string, readonly (string | number)[]>): Message {
  if (message.type !== 'stream-slice') return message;
  const entries: (string | number)[] = [];
  for (let at = 0; at < message.entries.length; at += PAGE_STRIDE) {
    const now = message.entries.slice(at, at + PAGE_STRIDE);
    entries.push(...(snapshot.get(now[0] as string) ?? now));
  }
  return { ...message, entries };
}
