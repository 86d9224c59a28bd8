/** Planted bugs of the judgement who hangs: whom it blames too early, and whom it never finds. */
import { AWAKE, incarnationOf } from '@quintet/engine/internal';
import { DETECTOR, MASTER_MACHINE } from './internals.ts';
import type { PlantedBug } from './planted-bug.ts';

export const HANG_BUGS: readonly PlantedBug[] = [
  {
    name: 'last-copy-not-waited-for',
    rule: 'OF1 a node with the last copy of a shard has ten times as long',
    plant(patch) {
      patch.method(
        DETECTOR,
        'isHung',
        (original) =>
          function (quiet) {
            return original.call(this, quiet, false);
          },
      );
    },
  },
  {
    name: 'last-copies-counted-before-the-deaths',
    rule: 'OF1 a death may leave a last copy to the next',
    plant(patch) {
      patch.method(
        MASTER_MACHINE,
        'lookForHangs',
        () =>
          function (now, heartbeats) {
            const quiet = this.hangs.look(now, heartbeats);
            const hung = quiet.filter((one) => this.hangs.isHung(one, this.holdsLastCopy(one.node)));
            for (const { node } of hung) this.nodeDied(node, 'hung', '', now);
          },
      );
    },
  },
  {
    name: 'gaps-of-the-master-blamed-on-nodes',
    rule: 'OF2 time between a late look and the one before counts for nobody',
    plant(patch) {
      patch.method(
        DETECTOR,
        'timeThatCounts',
        () =>
          function (elapsedMs) {
            return Math.min(elapsedMs, this.hangLimitMs);
          },
      );
    },
  },
  {
    name: 'slow-looks-count-whole',
    rule: 'OF2 a slow look counts for little more than one that is not',
    plant(patch) {
      patch.method(
        DETECTOR,
        'timeThatCounts',
        (original) =>
          function (elapsedMs) {
            return original.call(this, elapsedMs) === 0 ? 0 : elapsedMs;
          },
      );
    },
  },
  {
    name: 'named-before-the-limit',
    rule: 'OF1 a node is named only after the limit without a tick',
    plant(patch) {
      patch.method(
        DETECTOR,
        'timeThatCounts',
        (original) =>
          function (elapsedMs) {
            return original.call(this, elapsedMs) * 2;
          },
      );
    },
  },
  {
    name: 'everybody-waited-for-longer',
    rule: 'OF1 a node that holds no last copy is named after the limit',
    plant(patch) {
      patch.method(
        DETECTOR,
        'isHung',
        (original) =>
          function (quiet) {
            return original.call(this, quiet, true);
          },
      );
    },
  },
  {
    name: 'rest-taken-for-a-hang',
    rule: 'FD3 a node at rest has everything before it',
    plant(patch) {
      patch.method(DETECTOR, 'rests', () => () => false);
    },
  },
  {
    name: 'sleepers-with-mail-excused',
    rule: 'FD3 it rests only if it has done all that was posted to it',
    plant(patch) {
      patch.method(
        DETECTOR,
        'rests',
        () =>
          ({ rested }) =>
            rested !== AWAKE,
      );
    },
  },
  {
    name: 'waiting-taken-for-hanging',
    rule: 'FD5 time in which a node waited for a processor does not count',
    plant(patch) {
      patch.method(DETECTOR, 'timeAwake', () => (counts) => counts);
    },
  },
  {
    name: 'waiting-excused-for-ever',
    rule: 'FD5 three quarters of all time at most',
    plant(patch) {
      patch.method(
        DETECTOR,
        'timeAwake',
        () => (counts, waitedMs) => (waitedMs > 0 ? Math.max(0, counts - waitedMs) : counts),
      );
    },
  },
  {
    name: 'looks-not-begun-again',
    rule: 'FD4 a post to a node that rests begins the looks again',
    plant(patch) {
      patch.method(MASTER_MACHINE, 'posted', () => () => {});
    },
  },
  {
    name: 'newcomers-not-looked-at',
    rule: 'FD4 a new node begins the looks again',
    plant(patch) {
      patch.method(
        DETECTOR,
        'look',
        (original) =>
          function (now, heartbeats) {
            return original.call(
              this,
              now,
              heartbeats.filter(({ node }) => incarnationOf(node) === 1),
            );
          },
      );
    },
  },
];
