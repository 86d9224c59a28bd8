/**
 * CommandSession: what a command's handler may do with the connection that sent it: read what is known of it, ask the
 * engine, reply. Session implements it; handlers see no more, so that commands and sessions do not know one another.
 */
import type { Bytes, Executor, Operation } from '@quintet/engine/internal';
import type { Role } from '../access/passwords.ts';
import type { Recorder } from '../exec/recorder.ts';
import type { Client } from '../session/client.ts';
import type { LargeAnswer, PendingReply } from '../session/reply-queue.ts';
import type { ServerContext } from '../state/server-context.ts';
import type { Command } from './command.ts';

export interface CommandSession extends Client {
  readonly context: ServerContext;
  readonly executor: Executor;
  /** Null outside of an EXEC that asks handlers what they would do: it takes steps and replies instead of engine and client. */
  recorder: Recorder | null;
  /** How often AUTH was given a wrong one. */
  wrongPasswords: number;
  authenticated: boolean;
  /** What its password is good for, once it is authenticated. */
  role: Role;
  noTouch: boolean;
  /** Whether the next replies are kept from the client. */
  muted: boolean;
  /** Values that are here for a reply that is not complete. */
  gatheredBytes: number;
  readonly isSubscriber: boolean;
  /** How many values of unknown length may be asked for at once. */
  readonly valuesExpected: number;
  /** A value for a reply that is still gathered came to so many bytes. */
  sawValue(bytes: number): void;
  /** Replies at once (in its turn). `text` is encoded. */
  reply(text: string): void;
  /** Replies with what `answer` makes of the operation's result. */
  submit(operation: Operation, answer: LargeAnswer): void;
  /** A read as a client with CLIENT NO-TOUCH makes it: nobody can tell by OBJECT IDLETIME. */
  withoutTrace(operation: Operation): Operation;
  /** A reply the handler settles by itself, later; `answer` is for its onResult. `long`: it may have values in it. */
  open(answer?: LargeAnswer | null, long?: boolean): PendingReply;
  /** An argument of the request being begun, for a command that takes blocks. */
  valueAt(args: readonly string[], place: number): Bytes;
  /** What the client must hear even while it wants no replies: confirmations of subscriptions. */
  confirm(text: string): void;
  /** Calls once no reply is pending any more. One at a time. */
  whenIdle(callback: () => void): void;
  /** Takes back the request being begun: it is begun again after {@link release}, which must follow. */
  park(args: readonly string[]): void;
  /** The command that is being begun. */
  setCurrent(command: Command, args: readonly string[]): void;
  /** Runs a command in its turn, whatever mode the session is in; a wrong one is answered. */
  perform(command: Command, args: readonly string[]): void;
  /** Calls a command's handler. */
  handle(command: Command, args: readonly string[]): void;
  /** An error that is a bug of ours struck this connection: it is reported, and the connection's order is lost. */
  onBug(thrown: unknown): void;
}
