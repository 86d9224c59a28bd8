/**
 * The server's log as others provide it. A message is the stable name of an event, what differs stands in the fields, as
 * log collectors want it; pino's loggers fit as they are.
 */

/** Where the server tells what an operator should know. `message` names the event, such as `login-refused`. */
export interface ServerLog {
  /** Of interest while something is looked into. */
  debug(fields: object, message: string): void;
  /** The course of things. */
  info(fields: object, message: string): void;
  /** Somebody was refused or cut off. */
  warn(fields: object, message: string): void;
  /** A bug, or data that is lost. */
  error(fields: object, message: string): void;
}

/** A library says nothing unless asked to. */
export const SILENT: ServerLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
