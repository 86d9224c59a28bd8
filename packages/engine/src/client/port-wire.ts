/**
 * Port wire: what travels between a handle in the application's thread and the cluster. One batch = one flat array of
 * numbers and strings = one postMessage, per turn of the event loop and direction.
 *
 *   greeting  the first message, from the cluster: a Greeting object
 *   request   = slot, code, operation…            on one key       code and operation as in runtime/wire-operation.ts
 *             | slot, FOR_SHARD, shard, code, operation…           on a whole shard
 *             | slot, GIVE_UP_ABORTED | GIVE_UP_TIMEOUT
 *   answer    = slot, code, result…                                code and result as in runtime/wire-record.ts
 *             | slot, FAILED, error code, details
 *
 * Owns      this grammar. port-caller.ts speaks it in the application's thread, port-host.ts beside the cluster.
 * Invariants
 *   P1  a slot is the application's name for a call. It is used again only after its one answer has come, also for a call
 *       that was given up: so no answer can be taken for another's.
 *   P2  requests are submitted in the order in which they were written: per key, program order holds through a handle.
 * Errors    travel as code and details: an Error loses its class and code in postMessage.
 */

/** Codes beside those of operations and results, which are not negative. */
export const FOR_SHARD = -1;
export const GIVE_UP_ABORTED = -2;
export const GIVE_UP_TIMEOUT = -3;
export const FAILED = -1;

/** The version of a result that need not travel: reads of absent keys, failed conditions on them. */
export const IMPLIED_VERSION = 0;

/** A batch is sent before the turn's end once it holds so many elements, or so many bytes of strings. */
export const BATCH_ELEMENTS = 16_384;
export const BATCH_BYTES = 1024 * 1024;

/** What the application's side must know before it can take calls. */
export interface Greeting {
  readonly quintet: 'handle';
  readonly shards: number;
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
  /** Calls, and bytes of their keys and values, that may be under way through one handle; beyond that BUSY. */
  readonly maxPendingCalls: number;
  readonly maxPendingBytes: number;
  /** Master time minus monotonic time ({@link monotonicMs}), which all threads of a process share. */
  readonly clockOffsetMs: number;
}

export function isGreeting(message: unknown): message is Greeting {
  return typeof message === 'object' && message !== null && (message as Partial<Greeting>).quintet === 'handle';
}

/** Milliseconds of the clock that all threads of the process read alike; performance.now() begins anew in each. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
