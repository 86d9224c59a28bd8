/**
 * CanaryExecutor: the fake engine as a fuzzed server needs it: small limits, memory that does not grow, and canaries.
 *
 * Owns   the names of keys that only a byte of one protocol read by another's parser can bring here.
 */

import type { ClusterApi } from '@quintet/engine';
import type { PendingCall, Sink } from '@quintet/engine/internal';
import { type Operation, plainResult, Status } from '@quintet/engine/internal';
import { FakeExecutor, fakeCluster } from '../support/fake-cluster.ts';

/** What begins the name of a canary. */
export const CANARY = 'canary:';

export class CanaryExecutor extends FakeExecutor {
  override readonly limits = { maxKeyBytes: 512, maxValueBytes: 16 * 1024 };
  /** Canaries that were read or written. */
  readonly seen: string[] = [];

  override submitToShard(shard: number, operation: Operation, sink: Sink): PendingCall {
    if (operation.key.startsWith(CANARY)) this.seen.push(operation.key);
    if (operation.verb === 'transaction') {
      for (const { key } of [...operation.then, ...operation.conditions])
        if (key.startsWith(CANARY)) this.seen.push(key);
    }
    this.submitted.length = 0;
    if (!isTooLarge(operation, this.limits.maxValueBytes)) return super.submitToShard(shard, operation, sink);
    setImmediate(() => sink.onResult(plainResult(Status.valueTooLarge, 0)));
    return {};
  }

  /** Removes every key, so that memory does not grow by what is stored. */
  forget(): void {
    const ignored: Sink = { onResult: () => {}, onError: () => {} };
    for (let shard = 0; shard < this.shards; shard++) super.submitToShard(shard, { verb: 'clear', key: '' }, ignored);
  }
}

/** The store refuses these itself. */
function isTooLarge(operation: Operation, most: number): boolean {
  if (operation.verb === 'set-range') return operation.offset + operation.value.length > most;
  if (operation.verb === 'set-bit') return operation.offset / 8 >= most;
  return operation.verb === 'transaction' && operation.then.some((step) => isTooLarge(step, most));
}

/** A cluster with a copy of everything, for WAIT. */
export function canaryCluster(executor: CanaryExecutor): ClusterApi {
  const cluster = fakeCluster(executor);
  const counts = { epoch: 1, committedSeq: 1, inSync: 2, wanted: 2, keys: 1, expiring: 0, bytes: 1 };
  const shard = {
    shard: 0,
    slots: [0, 16_383] as [number, number],
    health: 'ok' as const,
    chain: ['n1#1', 'n2#1'],
    learner: null,
  };
  const status = { ...cluster.status(), shards: [{ ...shard, ...counts }] };
  return { ...cluster, status: () => status };
}
