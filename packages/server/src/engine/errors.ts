/**
 * Errors at the server's edge: an engine error as a RESP reply (its words: error-mappings.ts), what a handler throws for a
 * wrong request, and why a server could not start.
 */
import { type ErrorCode, KvError } from '@quintet/engine';
import { MatchTooLong } from '@quintet/engine/codec';
import { refusalOf, Status } from '@quintet/engine/internal';
import { error, utf8 } from '../resp/encoder.ts';
import { ERROR_FACES } from './error-mappings.ts';

/** An engine error as an encoded reply. */
export function engineError(code: ErrorCode, details: string): string {
  const { resp } = ERROR_FACES[code];
  return error(details === '' ? resp : `${resp}: ${utf8(details)}`);
}

/** The reply to a status that is an error for every command; null for those a command has its own answer to. */
export function statusError(status: Status): string | null {
  if (status === Status.notANumber || status === Status.overflow) return null;
  const refusal = refusalOf(status);
  return refusal === undefined ? null : engineError(refusal, '');
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
