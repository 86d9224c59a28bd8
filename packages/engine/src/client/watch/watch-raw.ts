/**
 * RawWatch: a watch for those who have bytes in hand and no use for promises, as the network fronts: changes as the core
 * tells them (one-byte strings, kind of value), taken when there is room for them. Store.watch is for everybody else.
 */
import { KvError } from '../../core/protocol/errors.ts';
import type { Executor, StoreExecutor } from '../../executor/executor.ts';
import type { WatchOptions } from '../store/store-watch.ts';
import { WatchBuffer } from './watch-buffer.ts';
import { planWatch } from './watch-plan.ts';

/** What a raw watch can be asked for; units and defaults as in WatchOptions. */
export type RawWatchOptions = Omit<WatchOptions, 'persistent' | 'keysAsBytes' | 'signal'>;

/**
 * Changes held until they are taken. `takeBatch()` gives the next transaction, or one change that is of none; `position` is
 * after everything taken; `ended` and `failure` say that no more will come, and why (WatchLagged with the position to go on
 * from). Ends with stop(). Keeps no process alive.
 */
export type RawWatch = Pick<
  WatchBuffer,
  'starting' | 'ended' | 'failure' | 'position' | 'heldBytes' | 'takeChange' | 'takeBatch' | 'stop'
>;

/**
 * Watches. `onNews` is called whenever the watch has started or ended, or there is something to take, perhaps before this
 * function returns.
 * @throws {KvError} INVALID_OPTION, INVALID_KEY, INVALID_VERSION, KEY_TOO_LARGE; CLOSED for a caller that knows no watches
 */
export function watchRaw(executor: Executor, options: RawWatchOptions, onNews: () => void): RawWatch {
  if (!isStoreExecutor(executor)) throw new KvError('CLOSED', 'nothing can be watched here');
  const buffer = new WatchBuffer(executor, planWatch(options, executor), onNews);
  buffer.begin();
  return buffer;
}

function isStoreExecutor(executor: Executor): executor is StoreExecutor {
  return 'watch' in executor && 'cluster' in executor;
}
