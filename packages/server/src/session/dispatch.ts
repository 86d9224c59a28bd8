/**
 * Dispatch: one request to the command it asks for: known, permitted, well-formed, not to be queued; then its handler.
 * What is wrong with a request is its reply; what is wrong with us ends the connection.
 */
import { type Command, wrongArity } from '../command/command.ts';
import type { CommandSession } from '../command/command-session.ts';
import { notOfferedText } from '../commands/not-offered.ts';
import { findCommand, handlerOf, unknownCommandText } from '../commands/table.ts';
import { CommandError, thrownError } from '../engine/errors.ts';
import type { Decoder } from '../resp/decoder.ts';
import { adjustReplies, intercept, refusalInMode } from './mode-rules.ts';
import type { SessionModes } from './session-modes.ts';

const NOT_AUTHENTICATED = 'NOAUTH Authentication required.';

/** Begins a request. It opens exactly one reply, unless it is parked, or the connection ends. */
export function dispatch(session: CommandSession, args: string[]): void {
  session.context.counters.commands++;
  try {
    const command = findCommand(args);
    if (command === null) onUnknownCommand(session, args);
    else begin(session, command, args);
  } catch (thrown) {
    if (session.modes?.multi != null && !(thrown instanceof CommandError && !thrown.spoilsMulti)) {
      session.modes.multi.spoiled = true;
    }
    onThrown(session, thrown);
  }
}

/**
 * Begins a request with arguments that are blocks. Only a command that takes them is given them, and only if it is run at
 * once: whatever keeps arguments keeps text.
 */
export function dispatchBlocks(session: CommandSession, args: string[], decoder: Decoder): void {
  const command = findCommand(args);
  const runsAtOnce = session.modes === null && !session.context.pause.isOn;
  // What describes a block must not be taken for a key.
  const isKey = decoder.blocks?.has(1) === true;
  if (command?.spec.takesBlocks !== true || isKey || !runsAtOnce) {
    for (const [place, block] of decoder.blocks ?? []) args[place] = block.text();
    decoder.blocks = null;
  }
  dispatch(session, args);
}

/** Runs a command in its turn, whatever mode the session is in; a wrong one is answered. */
export function perform(session: CommandSession, command: Command, args: readonly string[]): void {
  session.setCurrent(command, args);
  try {
    // An AUTH may have stood before it in the transaction.
    if (isForbidden(session, command)) throw noPermission(command);
    handlerOf(command)(session, args);
  } catch (thrown) {
    onThrown(session, thrown);
  }
}

function begin(session: CommandSession, command: Command, args: readonly string[]): void {
  const { commandStatistics, pause } = session.context;
  const mayRun = session.authenticated || command.beforeAuth;
  if (!mayRun || !command.accepts(args.length)) {
    commandStatistics.rejected(command);
    throw rejection(session, command, mayRun ? wrongArity(command) : new CommandError(NOT_AUTHENTICATED));
  }
  if (isForbidden(session, command)) {
    commandStatistics.rejected(command);
    throw rejection(session, command, noPermission(command));
  }
  if (pause.isOn && pause.holdsBack(session, command)) return session.park(args);
  if (session.modes !== null && interceptedBy(session.modes, session, command, args)) return;
  commandStatistics.called(command);
  session.setCurrent(command, args);
  handlerOf(command)(session, args);
}

function isForbidden(session: CommandSession, command: Command): boolean {
  return command.adminOnly && session.role !== 'admin';
}

function noPermission({ fullName }: Command): CommandError {
  return new CommandError(`NOPERM this user has no permissions to run the '${fullName}' command`);
}

function interceptedBy(
  modes: SessionModes,
  session: CommandSession,
  command: Command,
  args: readonly string[],
): boolean {
  adjustReplies(session, modes);
  const refusal = refusalInMode(session, modes, command);
  if (refusal !== null) throw rejection(session, command, refusal);
  return intercept(session, modes, command, args);
}

/** An EXEC that cannot be run ends its transaction all the same. */
function rejection(session: CommandSession, command: Command, reason: CommandError): CommandError {
  if (command.spec.name !== 'exec') return reason;
  session.modes?.leaveMulti();
  return new CommandError(`EXECABORT Transaction discarded because of: ${reason.message.replace(/^ERR /, '')}`);
}

function onUnknownCommand(session: CommandSession, args: readonly string[]): void {
  // An HTTP request behind an innocent first line: Redis drops the connection too, against cross-protocol scripting.
  if (/^(?:post|host:)$/i.test(args[0]!)) session.cutOff('cross-protocol');
  else throw new CommandError(notOfferedText(args) ?? unknownCommandText(args));
}

function onThrown(session: CommandSession, thrown: unknown): void {
  const text = thrownError(thrown);
  if (text !== null) session.reply(text);
  // Whether the command has opened its reply is not known, so the connection's order is lost.
  else session.onBug(thrown);
}
