/**
 * Errors at the server's edge: what an engine error looks like to a RESP client (one row per code, kept exhaustive by
 * the compiler), what a handler throws for a wrong request, and why a server could not start.
 *
 * The first word is what clients match on. Redis's own words are used where Redis has the case; else it is ERR.
 */
import { type ErrorCode, KvError } from '@quintet/engine';
import { MatchTooLong } from '@quintet/engine/codec';
import { Status } from '@quintet/engine/internal';
import { error, utf8 } from '../resp/encoder.ts';

const UNKNOWN = 'ERR outcome unknown:';

const ENGINE_ERRORS: Record<ErrorCode, string> = {
  INVALID_OPTION: 'ERR an option is unknown or out of its range',
  INVALID_KEY: 'ERR invalid key',
  INVALID_VALUE: 'ERR the value cannot be stored',
  INVALID_VERSION: 'ERR a version must be a non-negative integer',
  KEY_TOO_LARGE: 'ERR key exceeds maximum allowed size',
  VALUE_TOO_LARGE: 'ERR string exceeds maximum allowed size (proto-max-bulk-len)',
  NOT_A_NUMBER: 'ERR value is not an integer or out of range',
  WRONG_KIND: 'WRONGTYPE Operation against a key holding the wrong kind of value',
  OVERFLOW: 'ERR increment or decrement would overflow',
  OUT_OF_MEMORY: "OOM command not allowed when used memory > 'maxmemory'.",
  BUSY: 'BUSY too many operations are waiting, try again',
  SHARD_LOST: 'CLUSTERDOWN every copy of the shard is gone',
  SHARD_LOST_IN_FLIGHT: `CLUSTERDOWN ${UNKNOWN.slice(4)} every copy of the shard died while the write was in flight`,
  TIMEOUT: 'ERR no answer in time, the operation had not been sent',
  TIMEOUT_IN_FLIGHT: `${UNKNOWN} no answer in time, the write may still be applied`,
  ABORTED: 'ERR the operation was given up before it was sent',
  ABORTED_IN_FLIGHT: `${UNKNOWN} the operation was given up, the write may still be applied`,
  CONFLICT: 'ERR what the transaction had read was changed, try again',
  TRANSACTION_TOO_LARGE: 'ERR the transaction has too many keys or bytes',
  WATCH_LAGGED: 'ERR the watch fell behind',
  CLOSED: 'ERR the server is shutting down',
  CLOSED_IN_FLIGHT: `${UNKNOWN} the server is shutting down, the write may have been applied`,
  UNKNOWN_NODE: 'ERR there is no such node',
  UNKNOWN_SHARD: 'ERR there is no such shard',
  NOT_LOST: 'ERR only a lost shard can be reset',
  CHAOS_DISABLED: 'ERR chaos is not allowed on this server, start it with chaos enabled',
  START_FAILED: 'ERR the nodes could not be started',
};

/** An engine error as an encoded reply. */
export function engineError(code: ErrorCode, details: string): string {
  return error(details === '' ? ENGINE_ERRORS[code] : `${ENGINE_ERRORS[code]}: ${utf8(details)}`);
}

/** The reply to a status that is an error for every command; null for those a command has its own answer to. */
export function statusError(status: Status): string | null {
  if (status === Status.outOfMemory) return engineError('OUT_OF_MEMORY', '');
  if (status === Status.wrongKind) return engineError('WRONG_KIND', '');
  if (status === Status.valueTooLarge) return engineError('VALUE_TOO_LARGE', '');
  return null;
}

/** Thrown by a handler for a wrong request; `message` is the reply, prefix included. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** Whether it makes a MULTI under way fail at its EXEC. */
  readonly spoilsMulti: boolean;

  constructor(message: string, spoilsMulti = true) {
    super(message);
    this.spoilsMulti = spoilsMulti;
  }
}

/** The text of a refusal for the length of a reply; `limit` is `replyBytes`. */
export function replyTooLong(limit: number): string {
  return error(`ERR the reply is longer than ${limit} bytes, the limit max-reply (limits.replyBytes)`);
}

export const SYNTAX_ERROR = 'ERR syntax error';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const NOT_A_FLOAT = 'ERR value is not a valid float';

/** The reply to what a handler threw, or null if it was no error of the world but a bug. */
export function thrownError(thrown: unknown): string | null {
  if (thrown instanceof CommandError) return error(thrown.message);
  if (thrown instanceof KvError) return engineError(thrown.code, '');
  if (thrown instanceof MatchTooLong) return error(`ERR ${thrown.message}`);
  return null;
}

/**
 * Why a server could not start. PASSWORD_REQUIRED: a host beyond this machine without a password, or an empty one, or a user
 * password that is not a second one.
 * BAD_CERTIFICATE: `tls` cannot be read, or its parts do not belong together. LISTEN_FAILED: any other reason, in the message.
 */
export type StartErrorCode =
  | 'PORT_IN_USE'
  | 'ADDRESS_NOT_AVAILABLE'
  | 'PERMISSION_DENIED'
  | 'PASSWORD_REQUIRED'
  | 'BAD_CERTIFICATE'
  | 'LISTEN_FAILED';

/** Why startServer failed. Match on `code`. */
export class ServerStartError extends Error {
  override readonly name = 'ServerStartError';
  readonly code: StartErrorCode;

  constructor(code: StartErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
