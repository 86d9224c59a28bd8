/**
 * What one client may cost. Every queue a client can fill has a row here.
 */
import type { CallerLimits } from '@quintet/engine';
import type { DecoderLimits } from './resp/decoder.ts';

export interface ServerLimits extends DecoderLimits {
  /** Operations one connection may have under way before its socket is no longer read. */
  readonly pendingOperations: number;
  /** The same in bytes of their requests. */
  readonly pendingBytes: number;
  /** Unsent output beyond which the socket is no longer read. */
  readonly outputSoftBytes: number;
  /** Unsent output beyond which the client is cut off: at once at four times this, else after ten seconds. */
  readonly outputHardBytes: number;
  /** Keys one connection may watch, and channels and patterns it may subscribe to. */
  readonly namesPerClient: number;
  /** What all connections together may hold, unread requests and unsent replies; beyond it the largest are cut off. */
  readonly clientsBytes: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  requestArguments: 1_048_576,
  bulkBytes: 32 * 1024 * 1024,
  requestBytes: 64 * 1024 * 1024,
  lineBytes: 64 * 1024,
  pendingOperations: 2048,
  pendingBytes: 4 * 1024 * 1024,
  outputSoftBytes: 8 * 1024 * 1024,
  outputHardBytes: 64 * 1024 * 1024,
  namesPerClient: 100_000,
  clientsBytes: 1024 * 1024 * 1024,
};

/** The limits to run with: `overrides` over the defaults, and never so low that the engine's largest value cannot pass. */
export function resolveLimits(overrides: Partial<ServerLimits>, engine: CallerLimits): ServerLimits {
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
  };
}
