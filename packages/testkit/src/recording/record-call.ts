/**
 * RecordCall: one call of whatever client, written into a history.
 *
 * Owns      the order: noted before it is sent, settled after its answer; what an error says about the outcome.
 * Does not  know clients (record-store.ts, record-redis.ts).
 */
import { KvError } from '@quintet/engine';
import type { History, PendingCall } from '../history.ts';
import type { Operation, Result } from '../operation.ts';

/** What a call is to the checker. */
export interface RecordedOperation {
  readonly key: string;
  readonly operation: Operation;
  /** For put, getAndPut and expire: milliseconds to live. */
  readonly ttlMs?: number | undefined;
}

/** A call: of what, and how its answer and its errors are read. */
export interface RecordedCall<T> extends RecordedOperation {
  /** What an answer says. */
  readonly result: (answer: T) => Said;
  /** What an error says: a result, no effect, or nobody knows. Default: KvErrors by their `outcome`, all else `unknown`. */
  readonly failure?: (error: unknown) => Said;
}

/** Who records, and into what. */
export interface Recorder {
  readonly history: History;
  /** Any number; for reports. */
  readonly client: number;
}

/** What is known of how a call ended: its result, that it had no effect, or nothing. */
export type Said = Result | 'not-applied' | 'unknown';

/**
 * Makes a call and records it; answers and rejects as the call does.
 *
 *     await recordCall(
 *       { history, client: 1 },
 *       { key: 'k', operation: { kind: 'get' }, result: (value) => ({ value }) },
 *       () => client.get('k'),
 *     );
 */
export async function recordCall<T>(recorder: Recorder, call: RecordedCall<T>, act: () => Promise<T>): Promise<T> {
  const pending = invoke(recorder, call);
  let answer: T;
  try {
    answer = await act();
  } catch (error) {
    settle(pending, (call.failure ?? failureOf)(error));
    throw error;
  }
  settle(pending, call.result(answer));
  return answer;
}

/** Notes a call about to be sent; `at`: as of an earlier position. */
export function invoke(
  { history, client }: Recorder,
  { key, operation, ttlMs }: RecordedOperation,
  at?: number,
): PendingCall {
  const lived = ttlMs === undefined ? {} : { timeToLive: ttlMs * 1e6 };
  return history.invoke(client, key, operation, at === undefined ? lived : { at, ...lived });
}

/** Notes how a call ended; `at`: as of an earlier position. */
export function settle(pending: PendingCall, said: Said, at?: number): void {
  if (said === 'unknown') pending.unknown();
  else if (said === 'not-applied') pending.notApplied(at);
  else pending.ok(said, at);
}

/** A KvError says itself whether it may have had an effect; of others nobody knows. */
export function failureOf(error: unknown): Said {
  if (!(error instanceof KvError)) return 'unknown';
  return error.outcome === 'unknown' ? 'unknown' : 'not-applied';
}
