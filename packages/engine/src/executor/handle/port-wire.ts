/**
 * Port wire: what travels between a handle in the application's thread and the cluster. One batch = one postMessage, per turn of
 * the event loop and direction; its parts are words, numbers and texts of the codec (core/codec/writer.ts).
 *
 *   greeting  the first message, from the cluster: a Greeting object
 *   request   = slot, code, operation…            on one key       code and operation as in core/codec/operations.ts
 *             | slot, FOR_SHARD, shard, code, operation…           on a whole shard
 *             | slot, GIVE_UP_ABORTED | GIVE_UP_TIMEOUT
 *             | watch, WATCH, text, shard (-1: text is a prefix), previous (0 | 1), 1, places | 0 (from now)
 *             | watch, UNWATCH
 *             | changes, TAKEN, bytes
 *             | watch, PROGRESS_TAKEN
 *   answer    = slot, code, result…                                code and result as in core/codec/records.ts
 *             | slot, FAILED, error code, details
 *             | watch, WATCH_STARTED, places
 *             | watch, WATCH_CHANGES, bytes, n, change…            n changes told at one time
 *             | watch, WATCH_ENDED, error code, details
 *             | watch, WATCH_PROGRESS, places                      all up to there was told
 *   places    = [shard, seq, …]
 *   change    = code, key, value, expiresAt, version, shard, transaction, [kind, value before]
 *
 * Owns      this grammar. port-executor.ts speaks it in the application's thread, port-host.ts beside the cluster; of watches
 *           port-watches.ts and port-watch-host.ts do.
 * Invariants
 *   PW1  a slot is the application's name for a call. It is used again only after its one answer has come, also for a call
 *       that was given up: so no answer can be taken for another's.
 *   PW2  requests are submitted in the order in which they were written: per key, program order holds through a handle.
 *   PW3  a watch is the application's number for it, used once. What is told of one that was ended meanwhile is ignored.
 *   PW4  a port holds any amount, so changes are counted: those posted and not yet TAKEN by the other thread are bounded there
 *       (port-watch-host.ts). Answers are bounded by the calls in flight. Of each watch one WATCH_PROGRESS at a time is not
 *       yet PROGRESS_TAKEN.
 * Errors    travel as code and details: an Error loses its class and code in postMessage.
 */
import type { Reader } from '../../core/codec/reader.ts';
import type { Writer } from '../../core/codec/writer.ts';
import type { ErrorCode } from '../../core/protocol/errors.ts';
import { bytesToOneByte, oneByteToText } from '../../runtime/memory/one-byte.ts';

/** Codes beside those of operations and results, which are not negative. */
export const FOR_SHARD = -1;
export const GIVE_UP_ABORTED = -2;
export const GIVE_UP_TIMEOUT = -3;
export const WATCH = -4;
export const UNWATCH = -5;
export const TAKEN = -6;
export const PROGRESS_TAKEN = -7;
export const FAILED = -1;
export const WATCH_STARTED = -2;
export const WATCH_CHANGES = -3;
export const WATCH_ENDED = -4;
export const WATCH_PROGRESS = -5;

/** The version of a result that need not travel: reads of absent keys, failed conditions on them. */
export const IMPLIED_VERSION = 0;

/** What the application's side must know before it can take calls. */
export interface Greeting {
  readonly quintet: 'handle';
  /** The build that speaks here: another one may speak another grammar. */
  readonly version: string;
  readonly cluster: string;
  readonly shards: number;
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
  /** Calls, and bytes of their keys and values, that may be in flight through one handle; beyond that BUSY. */
  readonly maxPendingCalls: number;
  readonly maxPendingBytes: number;
  /** Master time minus monotonic time ({@link monotonicMs}), which all threads of a process share. */
  readonly clockOffsetMs: number;
}

export function isGreeting(message: unknown): message is Greeting {
  return typeof message === 'object' && message !== null && (message as Partial<Greeting>).quintet === 'handle';
}

/** Details are any text; texts of the codec have a byte a character. */
export function writeFailure(out: Writer, code: ErrorCode, details: string): void {
  out.text(code);
  out.text(bytesToOneByte(Buffer.from(details)));
}

export function readFailure(from: Reader): [code: ErrorCode, details: string] {
  return [from.text() as ErrorCode, oneByteToText(from.text())!];
}

/** Milliseconds of the clock that all threads of the process read alike; performance.now() begins anew in each. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
