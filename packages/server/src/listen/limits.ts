/**
 * What one client may cost. Every queue a client can fill has a row here.
 */
import type { ExecutorLimits } from '@quintet/engine/internal';
import type { DecoderLimits } from '../resp/decoder.ts';

/** What a client may cost: bytes in `…Bytes`, milliseconds in `…Ms`, otherwise a count. Most are of one connection. */
export interface ServerLimits extends DecoderLimits {
  /**
   * Operations one connection may have in flight before its socket is no longer read. With 2,048, a client that sends a
   * million at once had its million in 3.8 s and let others wait 18 ms (p99), 40 ms (max); with 512, 4.8 s, 7 and 20 ms.
   */
  readonly pendingOperations: number;
  /** The same in bytes of their requests. */
  readonly pendingBytes: number;
  /** Unsent output beyond which no further command is begun, and the socket is no longer read. */
  readonly outputSoftBytes: number;
  /** Unsent output beyond which a subscriber is cut off: at once at four times this, else after ten seconds. */
  readonly outputHardBytes: number;
  /** How long a client may take nothing of its output, while half of `outputSoftBytes` waits for it, until it is cut off. */
  readonly outputStallMs: number;
  /** Longest reply to one command, and what the replies of one EXEC may come to; longer ones are refused. At most 384 MB. */
  readonly replyBytes: number;
  /** Keys one connection may watch, and channels and patterns it may subscribe to. */
  readonly namesPerClient: number;
  /** What all connections together may hold, unread requests and unsent replies; beyond it the largest are cut off. */
  readonly clientsBytes: number;
  /** Bytes of changes held for one watcher (QUINTET WATCH, /v1/watch) until it takes them. */
  readonly watchBytes: number;
  /** Steps and conditions of one transaction (EXEC, MSET, DEL …), and the bytes of its keys and values. */
  readonly transactionSteps: number;
  readonly transactionBytes: number;
  /** Longest glob pattern (KEYS, SCAN, PSUBSCRIBE …), in bytes. */
  readonly patternBytes: number;
  /** Longest name of a client, in bytes. */
  readonly clientNameBytes: number;
  /** How long first bytes may leave it open which protocol they begin, and a TLS handshake may take. */
  readonly firstLineMs: number;
  /** How long a connection may take to give the password, where there is one. */
  readonly loginMs: number;
  /** Silence after which a connection is ended, in seconds; 0 = never (CONFIG SET timeout). */
  readonly idleSeconds: number;
  /** How long an HTTP request's head may take, and all of it. */
  readonly httpHeadMs: number;
  readonly httpRequestMs: number;
  /** How long replies may take on the way down. */
  readonly closeMs: number;
}

/** The limits of a server that is given none. docs/configuration.md lists them. */
export const DEFAULT_LIMITS: ServerLimits = {
  requestArguments: 1_048_576,
  bulkBytes: 32 * 1024 * 1024,
  requestBytes: 64 * 1024 * 1024,
  lineBytes: 64 * 1024,
  pendingOperations: 512,
  pendingBytes: 4 * 1024 * 1024,
  outputSoftBytes: 8 * 1024 * 1024,
  outputHardBytes: 64 * 1024 * 1024,
  outputStallMs: 300_000,
  replyBytes: 64 * 1024 * 1024,
  namesPerClient: 100_000,
  clientsBytes: 1024 * 1024 * 1024,
  watchBytes: 4 * 1024 * 1024,
  transactionSteps: 16_384,
  transactionBytes: 32 * 1024 * 1024,
  patternBytes: 4096,
  clientNameBytes: 1024,
  firstLineMs: 10_000,
  loginMs: 30_000,
  idleSeconds: 0,
  httpHeadMs: 10_000,
  httpRequestMs: 60_000,
  closeMs: 2000,
};

/** A reply is put together as one text, and V8 has none of 512 MB. */
const REPLY_BYTES_MAX = 384 * 1024 * 1024;

/** The limits to run with: `overrides` over the defaults, and never so low that the engine's largest value cannot pass. */
export function resolveLimits(overrides: Partial<ServerLimits>, engine: ExecutorLimits): ServerLimits {
  const merged = { ...DEFAULT_LIMITS, ...overrides };
  const bulkBytes = Math.max(merged.bulkBytes, engine.maxValueBytes);
  const roomForOne = bulkBytes + 2 * engine.maxKeyBytes;
  return {
    ...merged,
    bulkBytes,
    // Below a socket's own high-water mark there would be no 'drain' event to wake a paused session.
    outputSoftBytes: Math.max(merged.outputSoftBytes, 128 * 1024),
    requestBytes: Math.max(merged.requestBytes, roomForOne),
    outputHardBytes: Math.max(merged.outputHardBytes, roomForOne),
    replyBytes: Math.min(Math.max(merged.replyBytes, roomForOne), REPLY_BYTES_MAX),
  };
}
