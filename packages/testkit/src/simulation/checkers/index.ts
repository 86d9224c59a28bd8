/**
 * All checkers. To come with the core: transactions (strictly serializable) and watch streams (no gap, no reorder) get a
 * file each beside these and a line below; ShardTruth.committedLog is what a watch must equal.
 */
import { acceptedAnswers } from './accepted-answers.ts';
import { bytes } from './bytes.ts';
import { chainChanges } from './chain-changes.ts';
import type { MakeChecker } from './checker.ts';
import { evaluation } from './evaluation.ts';
import { exactlyOnce } from './exactly-once.ts';
import { inSync } from './in-sync.ts';
import { linearizable } from './linearizable.ts';
import { lostShard } from './lost-shard.ts';
import { onePrimary } from './one-primary.ts';
import { prefix } from './prefix.ts';
import { programOrder } from './program-order.ts';
import { storeEqualsLog } from './store-equals-log.ts';
import { values } from './values.ts';
import { versions } from './versions.ts';
import { window } from './window.ts';

export const CHECKERS: readonly MakeChecker[] = [
  onePrimary,
  prefix,
  inSync,
  window,
  acceptedAnswers,
  exactlyOnce,
  evaluation,
  values,
  storeEqualsLog,
  versions,
  chainChanges,
  programOrder,
  lostShard,
  bytes,
  linearizable,
];
