/** Planted bugs of the one recovery rule: what is sent again, what is ignored, what is dropped, after a death. */
import type { NodeId } from '@quintet/engine/internal';
import { CONTROL, COPY, type CopyInternals, NODE, PRIMARY } from './internals.ts';
import type { PlantedBug } from './planted-bug.ts';

export const RECOVERY_BUGS: readonly PlantedBug[] = [
  {
    name: 'answers-of-any-epoch',
    rule: '§2 Answer: epoch = own !',
    plant(patch) {
      patch.method(
        CONTROL,
        'onAnswer',
        (original) =>
          function (message) {
            const fits = message.seq === this.committedSeq + 1;
            const asked = message.request === 0 || this.queue.unanswered.first()?.number === message.request;
            if (fits && asked) original.call(this, { ...message, epoch: this.epoch });
          },
      );
    },
  },
  {
    name: 'values-of-any-epoch',
    rule: '§2 Value: epoch = own !',
    plant(patch) {
      patch.method(
        CONTROL,
        'onValue',
        (original) =>
          function (message) {
            original.call(this, { ...message, epoch: this.epoch });
          },
      );
    },
  },
  {
    name: 'early-messages-dropped',
    rule: '§2.1.1 set aside !',
    plant(patch) {
      patch.method(
        COPY,
        'onCopyMessage',
        (original) =>
          function (from, message) {
            const stamp = 'epoch' in message ? message.epoch : message.since;
            if (stamp <= this.state.epoch) original.call(this, from, message);
          },
      );
    },
  },
  {
    name: 'early-messages-of-unknown-shards-dropped',
    rule: '§2.1.1 set aside, also on a node that never heard of the shard !',
    plant(patch) {
      patch.method(
        NODE,
        'receive',
        (original) =>
          function (from, message) {
            const known = !('shard' in message) || message.type === 'config' || this.copies.has(message.shard);
            if (known) original.call(this, from, message);
          },
      );
    },
  },
  {
    name: 'set-aside-in-reverse',
    rule: '§2.1.1 in order',
    plant(patch) {
      patch.method(
        COPY,
        'handleSetAside',
        (original) =>
          function () {
            this.setAside.reverse();
            original.call(this);
          },
      );
    },
  },
  {
    name: 'records-of-old-epochs-taken',
    rule: '§2.1.2 stamp < own epoch: drop !',
    plant(patch) {
      patch.method(
        COPY,
        'onCopyMessage',
        (original) =>
          function (from, message) {
            const { epoch, lastSeq, position } = this.state;
            const next = message.type === 'record' && message.record.seq === lastSeq + 1 && position >= 0;
            if (next && message.epoch < epoch) this.take(message.record);
            else original.call(this, from, message);
          },
      );
    },
  },
  {
    name: 'window-not-sent-to-the-same-successor',
    rule: '§3.1.2 even if the successor is the same !',
    plant(patch) {
      const before = new WeakMap<CopyInternals, NodeId>();
      patch.method(
        COPY,
        'onConfig',
        (original) =>
          function (message) {
            before.set(this, this.successor);
            original.call(this, message);
          },
      );
      patch.method(
        COPY,
        'sendWindow',
        (original) =>
          function () {
            if (this.isTail || before.get(this) !== this.successor) original.call(this);
          },
      );
    },
  },
  {
    name: 'window-not-sent-at-all',
    rule: '§3.1.2 send it the whole window !',
    plant(patch) {
      patch.method(
        COPY,
        'sendWindow',
        (original) =>
          function () {
            if (this.isTail) original.call(this);
          },
      );
    },
  },
  {
    name: 'tail-answers-nothing-again',
    rule: '§3.1.2 as tail: the whole window as Answers !',
    plant(patch) {
      patch.method(
        COPY,
        'sendWindow',
        (original) =>
          function () {
            if (!this.isTail) original.call(this);
          },
      );
    },
  },
  {
    name: 'tail-answers-again-out-of-order',
    rule: '§3.1.2 in order !',
    plant(patch) {
      patch.method(
        COPY,
        'sendWindow',
        (original) =>
          function () {
            if (!this.isTail) return original.call(this);
            for (const record of this.state.window.toArray().reverse()) this.passOn(record);
          },
      );
    },
  },
  {
    name: 'requests-evaluated-twice',
    rule: '§3.2 request <= lastRequest: ignore !',
    plant(patch) {
      patch.method(
        PRIMARY,
        'onRequest',
        (original) =>
          function (message) {
            if (message.request <= this.state.lastRequest) this.state.lastRequest = message.request - 1;
            original.call(this, message);
          },
      );
    },
  },
  {
    name: 'results-lost-on-promotion',
    rule: '§1 every copy keeps a window, results included',
    plant(patch) {
      const positions = new WeakMap<CopyInternals, number>();
      patch.method(
        COPY,
        'becomeMember',
        (original) =>
          function (message) {
            const promoted = this.state.position === 0 && (positions.get(this) ?? 0) > 0;
            if (promoted) this.state.window.clear();
            original.call(this, message);
            positions.set(this, this.state.position);
          },
      );
    },
  },
  {
    name: 'unanswered-not-sent-again',
    rule: '§4.1.3 send all of unanswered to the primary !',
    plant(patch) {
      let known = 0;
      patch.method(
        CONTROL,
        'change',
        (original) =>
          function (...args) {
            known = this.queue.lastRequest;
            original.apply(this, args);
            known = 0;
          },
      );
      patch.method(
        CONTROL,
        'sendRequest',
        (original) =>
          function (call) {
            if (call.number > known) original.call(this, call);
          },
      );
    },
  },
  {
    name: 'unanswered-sent-again-out-of-order',
    rule: '§4.1.3 in order !',
    plant(patch) {
      patch.method(
        CONTROL,
        'change',
        (original) =>
          function (...args) {
            const calls = [...this.queue.unanswered].reverse();
            this.queue.unanswered.clear();
            for (const call of calls) this.queue.unanswered.push(call);
            original.apply(this, args);
          },
      );
    },
  },
  {
    name: 'only-the-first-unanswered-sent-again',
    rule: '§4.1.3 all !',
    plant(patch) {
      let [first, known] = [0, 0];
      patch.method(
        CONTROL,
        'change',
        (original) =>
          function (...args) {
            [first, known] = [this.queue.unanswered.first()?.number ?? 0, this.queue.lastRequest];
            original.apply(this, args);
            known = 0;
          },
      );
      patch.method(
        CONTROL,
        'sendRequest',
        (original) =>
          function (call) {
            if (call.number > known || call.number === first) original.call(this, call);
          },
      );
    },
  },
  {
    name: 'reads-not-sent-again',
    rule: '§4.1.3 all of reads to the tail !',
    plant(patch) {
      const again = new WeakSet<object>();
      patch.method(
        CONTROL,
        'sendRead',
        (original) =>
          function (call) {
            if (!again.has(call)) original.call(this, call);
            again.add(call);
          },
      );
    },
  },
  {
    name: 'reads-sent-again-out-of-order',
    rule: '§4.1.3 reads, in order !',
    plant(patch) {
      let known = -1;
      const again: (() => void)[] = [];
      const flush = (): void => {
        for (const send of again.splice(0).reverse()) send();
      };
      patch.method(
        CONTROL,
        'change',
        (original) =>
          function (...args) {
            known = [...this.queue.reads].at(-1)?.number ?? -1;
            original.apply(this, args);
            known = -1;
            flush();
          },
      );
      patch.method(
        CONTROL,
        'sendRead',
        (original) =>
          function (call) {
            if (call.number <= known) return void again.push(() => original.call(this, call));
            flush();
            original.call(this, call);
          },
      );
    },
  },
];
