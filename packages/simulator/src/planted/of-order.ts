/** Planted bugs of program order, request numbers and credit (protocol §4.5, §5). */
import type { Call } from '@quintet/engine/machines';
import { CONTROL, FILTER, QUEUE } from './internals.ts';
import type { PlantedBug } from './planted-bug.ts';

export const ORDER_BUGS: readonly PlantedBug[] = [
  {
    name: 'numbered-on-arrival',
    rule: '§4.5 a request gets its number when it is sent !',
    plant(patch) {
      patch.method(
        QUEUE,
        'hold',
        (original) =>
          function (call) {
            if (call.isWrite && call.number === 0) call.number = ++this.lastRequest;
            original.call(this, call);
          },
      );
      patch.method(
        QUEUE,
        'number',
        (original) =>
          function (call) {
            const given = call.number;
            original.call(this, call);
            if (given === 0) return;
            this.lastRequest -= 1;
            call.number = given;
          },
      );
    },
  },
  {
    name: 'seal-without-pause',
    rule: '§5 pause = a seal is pending !',
    plant(patch) {
      patch.method(
        CONTROL,
        'updatePause',
        (original) =>
          function () {
            const wanted = this.wantedChain;
            this.wantedChain = null;
            original.call(this);
            this.wantedChain = wanted;
          },
      );
    },
  },
  {
    name: 'logged-reads-despite-a-pause',
    rule: '§5 read, w > 0: pause: hold !',
    plant(patch) {
      patch.method(
        QUEUE,
        'depart',
        (original) =>
          function (call) {
            const isLogged = !call.isWrite && this.filter.hasWrite(call);
            if (!this.paused || !isLogged) return original.call(this, call);
            this.number(call);
            return true;
          },
      );
    },
  },
  {
    name: 'writes-overtake-held',
    rule: '§5 write, an earlier one held: hold !',
    plant(patch) {
      patch.method(
        QUEUE,
        'place',
        (original) =>
          function (call) {
            if (!call.isWrite) original.call(this, call);
            else if (!this.depart(call)) this.hold(call);
          },
      );
    },
  },
  {
    name: 'reads-overtake-held',
    rule: '§5 read, an earlier one held: hold !',
    plant(patch) {
      patch.method(
        QUEUE,
        'place',
        (original) =>
          function (call) {
            if (call.isWrite) original.call(this, call);
            else if (!this.depart(call)) this.hold(call);
          },
      );
    },
  },
  {
    name: 'writes-beside-direct-reads',
    rule: '§5 write, d > 0: hold !',
    plant(patch) {
      patch.method(FILTER, 'hasDirectRead', () => () => false);
    },
  },
  {
    name: 'direct-reads-beside-writes',
    rule: '§5 read, w > 0: number it !',
    plant(patch) {
      patch.method(FILTER, 'hasWrite', () => () => false);
    },
  },
  {
    name: 'direct-reads-beside-logged-reads',
    rule: '§5 read, w = 0, g > 0: hold !',
    plant(patch) {
      patch.method(FILTER, 'hasLoggedRead', () => () => false);
    },
  },
  {
    name: 'values-overtake-those-of-their-key',
    rule: 'SC4: direct reads of one key are answered in their order',
    plant(patch) {
      patch.method(
        CONTROL,
        'onValue',
        () =>
          function (message) {
            if (message.epoch === this.epoch) this.acceptValue(message);
          },
      );
    },
  },
  {
    name: 'early-values-outlive-their-epoch',
    rule: 'SC2: a value of another epoch is dropped',
    plant(patch) {
      patch.method(
        CONTROL,
        'change',
        (original) =>
          function (...news) {
            const { early } = this;
            original.apply(this, news);
            this.early = early;
          },
      );
    },
  },
  {
    name: 'held-never-tried-again',
    rule: '§5 try the held ones again',
    plant(patch) {
      patch.method(
        QUEUE,
        'finish',
        () =>
          function (call) {
            call.stage = 'done';
            this.giveCredit(call);
          },
      );
    },
  },
  {
    name: 'credit-leak',
    rule: 'SQ3: credit comes back',
    plant(patch) {
      patch.method(
        QUEUE,
        'giveCredit',
        (original) =>
          function (call: Call) {
            if (call.stage !== 'held') original.call(this, call);
          },
      );
    },
  },
  {
    name: 'busy-but-sent',
    rule: 'errors.ts: BUSY is not applied',
    plant(patch) {
      patch.method(
        QUEUE,
        'arrive',
        (original) =>
          function (operation, sink) {
            const call = original.call(this, operation, sink);
            // As if the refusal came after the operation was let in.
            if (call === null || !call.isWrite || call.stage !== 'waiting') return call;
            return null;
          },
      );
    },
  },
];
