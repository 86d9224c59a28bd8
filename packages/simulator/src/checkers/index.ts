/** All checkers. */
import { acceptedAnswers } from './accepted-answers.ts';
import { accounts } from './accounts.ts';
import { allOrNothing } from './all-or-nothing.ts';
import { bytes } from './bytes.ts';
import { cachedReads } from './cached-reads.ts';
import { chainChanges } from './chain-changes.ts';
import type { MakeChecker } from './checker.ts';
import { evaluation } from './evaluation.ts';
import { exactlyOnce } from './exactly-once.ts';
import { hangs } from './hangs.ts';
import { inSync } from './in-sync.ts';
import { isolation } from './isolation.ts';
import { linearizable } from './linearizable.ts';
import { locks } from './locks.ts';
import { lostShard } from './lost-shard.ts';
import { memoryLimit } from './memory-limit.ts';
import { onePrimary } from './one-primary.ts';
import { prefix } from './prefix.ts';
import { programOrder } from './program-order.ts';
import { storeEqualsLog } from './store-equals-log.ts';
import { uses } from './uses.ts';
import { values } from './values.ts';
import { versions } from './versions.ts';
import { watchStream } from './watch-stream.ts';
import { watchTransactions } from './watch-transactions.ts';
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
  hangs,
  programOrder,
  isolation,
  allOrNothing,
  accounts,
  locks,
  watchStream,
  watchTransactions,
  lostShard,
  bytes,
  memoryLimit,
  cachedReads,
  uses,
  linearizable,
];
