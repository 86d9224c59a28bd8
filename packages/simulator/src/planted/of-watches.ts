/** Planted bugs of watches (core/master/watch/watches.ts, watch-lines.ts, history.ts) and of what a primary tells them. */

import { Watched } from '@quintet/engine/internal';
import type { Call } from '@quintet/engine/machines';
import { CONTROL, HISTORY, PRIMARY, WATCH_FILTERS, WATCH_LINES, WATCHES } from './internals.ts';
import type { PlantedBug } from './planted-bug.ts';

export const WATCH_BUGS: readonly PlantedBug[] = [
  {
    name: 'told-twice',
    rule: 'WA1 a watch hears each change once',
    plant(patch) {
      let answers = 0;
      patch.method(
        WATCHES,
        'onAnswer',
        (original) =>
          function (message, group) {
            original.call(this, message, group);
            answers += 1;
            if (answers % 40 === 0) original.call(this, message, group);
          },
      );
    },
  },
  {
    name: 'told-before-it-is-committed',
    rule: 'WA2 only committed changes are told',
    plant(patch) {
      patch.method(
        CONTROL,
        'onAnswer',
        (original) =>
          function (message) {
            // As if the answers of a dead primary's epoch were told: they are in nobody's log.
            if (message.epoch !== this.epoch) this.surroundings.watches().onAnswer(message, null);
            original.call(this, message);
          },
      );
    },
  },
  {
    name: 'not-watched-when-sent-again',
    rule: 'the answer to a watched write brings its effect along, whoever gives it',
    plant(patch) {
      const sent = new WeakSet<Call>();
      patch.method(
        CONTROL,
        'sendRequest',
        (original) =>
          function (call) {
            if (sent.has(call)) call.watched = Watched.no;
            original.call(this, call);
            sent.add(call);
          },
      );
    },
  },
  {
    name: 'mark-taken-from-another-watched-key',
    rule: 'WF1 marks count the exact keys of a slot that have filters',
    plant(patch) {
      patch.method(
        WATCH_FILTERS,
        'removeText',
        (original) =>
          function (table, filter) {
            original.call(this, table, filter);
            if (filter.shard !== null) this.marks[this.markOf(filter.shard, filter.text)] = 0;
          },
      );
    },
  },
  {
    name: 'transaction-told-apart',
    rule: 'WA3 the changes of a transaction are told together',
    plant(patch) {
      patch.method(
        WATCHES,
        'line',
        (original) =>
          function (shard, record, of) {
            original.call(this, shard, record, of);
            if (of !== null) this.groupDone(of);
          },
      );
    },
  },
  {
    name: 'started-before-earlier-answers',
    rule: 'starting: requests numbered before it came are unanswered',
    plant(patch) {
      patch.method(
        WATCHES,
        'begin',
        () =>
          function (watch) {
            watch.filter.watches.add(watch);
            for (const { shard, committedSeq } of this.shardsOf(watch.filter)) this.startIn(watch, shard, committedSeq);
            this.startIfReady(watch);
          },
      );
    },
  },
  {
    name: 'told-before-it-started',
    rule: 'starting: hears nothing',
    plant(patch) {
      patch.method(
        WATCHES,
        'startIn',
        (original) =>
          function (watch, shard, seq) {
            original.call(this, watch, shard, seq);
            watch.started = true;
          },
      );
    },
  },
  {
    name: 'history-forgets',
    rule: 'HI1 history holds every change above what it says is forgotten',
    plant(patch) {
      patch.method(
        HISTORY,
        'add',
        (original) =>
          function (change, order) {
            original.call(this, change, order);
            this.forgotten = 0;
          },
      );
    },
  },
  {
    name: 'resumed-one-too-late',
    rule: 'resuming misses nothing',
    plant(patch) {
      patch.method(
        HISTORY,
        'since',
        (original) =>
          function (version, filter) {
            return original.call(this, version + 1, filter);
          },
      );
    },
  },
  {
    name: 'deadlines-told-without-value',
    rule: 'a new deadline is told as the put of the value that stays',
    plant(patch) {
      patch.method(PRIMARY, 'inFull', () => (effect) => effect);
    },
  },
  {
    name: 'previous-of-an-expired-entry',
    rule: '§6 past its deadline an entry is missing: there was nothing before',
    plant(patch) {
      patch.method(
        PRIMARY,
        'valueOf',
        () =>
          function (key) {
            const entry = this.state.data.get(key);
            return entry === undefined ? null : { value: entry.value, kind: entry.kind };
          },
      );
    },
  },
  {
    name: 'line-of-a-group-passed',
    rule: 'WA3 a later change of a shard waits in line behind a transaction',
    plant(patch) {
      patch.method(
        WATCH_LINES,
        'passes',
        (original) =>
          function (shard, changes, group) {
            return group === null || original.call(this, shard, changes, group);
          },
      );
    },
  },
  {
    name: 'progress-past-what-waits',
    rule: 'WA7 a watch is told a place only after every change of its filter up to there',
    plant(patch) {
      patch.method(WATCH_LINES, 'firstWaiting', () => () => undefined);
    },
  },
  {
    name: 'loss-not-told-to-watches',
    rule: 'WA6 a watch that began before the loss of a shard ends with it',
    plant(patch) {
      patch.method(WATCHES, 'endWatchesOf', () => () => undefined);
    },
  },
];
