/**
 * One operation as a promise, for the protocols that are not counted in millions: HTTP and gRPC. The client's hanging up
 * gives the operation up.
 */

import { type ErrorCode, KvError } from '@quintet/engine';
import type { Executor } from '@quintet/engine/internal';
import { type Operation, type Result, refusalOf, type ShardId } from '@quintet/engine/internal';

/** Rejects with KvError: `ok`, `absent` and `conditionFailed` are answers, every other status is an error. */
export function call(
  executor: Executor,
  operation: Operation,
  { signal, shard }: { signal?: AbortSignal; shard?: ShardId } = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const sink = {
      onResult: (result: Result) => {
        signal?.removeEventListener('abort', giveUp);
        const code = refusalOf(result.status);
        if (code === undefined) resolve(result);
        else reject(new KvError(code));
      },
      onError: (code: ErrorCode, details: string) => {
        signal?.removeEventListener('abort', giveUp);
        reject(new KvError(code, details));
      },
    };
    const giveUp = (): void => executor.giveUp(pending, 'aborted');
    signal?.addEventListener('abort', giveUp, { once: true });
    const pending =
      shard === undefined ? executor.submit(operation, sink) : executor.submitToShard(shard, operation, sink);
    if (signal?.aborted) giveUp();
  });
}
