/**
 * What a session's modes make of a command: queue it (MULTI), refuse it (subscriptions), keep its reply back (CLIENT REPLY).
 *
 * Invariant MO1  EXEC, DISCARD, MULTI, WATCH, QUIT and RESET are run at once also inside MULTI (and say what they think of it).
 */
import { KvError } from '@quintet/engine';
import { type Command, keysAt } from '../command/command.ts';
import type { CommandSession } from '../command/command-session.ts';
import { CommandError } from '../engine/errors.ts';
import { ownCopy } from '../resp/decoder.ts';
import { simple } from '../resp/encoder.ts';
import type { Multi, SessionModes } from './session-modes.ts';

const AT_ONCE_IN_MULTI: ReadonlySet<string> = new Set(['exec', 'discard', 'multi', 'watch', 'quit', 'reset']);
const WHILE_SUBSCRIBED: ReadonlySet<string> = new Set([
  'subscribe',
  'psubscribe',
  'unsubscribe',
  'punsubscribe',
  'ping',
  'quit',
  'reset',
]);

const QUEUED = simple('QUEUED');
const SUBSTRINGS_KEEP_THEIR_TEXT_FROM = 13;

/** What is wrong with running a command now, if it is the mode that forbids it. */
export function refusalInMode({ encoder }: CommandSession, modes: SessionModes, command: Command): CommandError | null {
  if (modes.subscriptions === 0 || encoder.version === 3 || WHILE_SUBSCRIBED.has(command.spec.name)) return null;
  return new CommandError(
    `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are ` +
      'allowed in this context',
  );
}

/** Gives a mode its say before a command is run; true if that was all that is to be done with it. */
export function intercept(
  session: CommandSession,
  { multi }: SessionModes,
  command: Command,
  args: readonly string[],
): boolean {
  if (multi === null || AT_ONCE_IN_MULTI.has(command.fullName)) return false;
  enqueue(session, multi, command, args);
  return true;
}

function enqueue(session: CommandSession, multi: Multi, command: Command, args: readonly string[]): void {
  if (command.spec.flags.includes('no_multi')) throw new CommandError('ERR Command not allowed inside a transaction');
  if (command.spec.flags.includes('denyoom') && isRefused(session, command, args)) {
    throw new KvError('OUT_OF_MEMORY');
  }
  for (const argument of args) multi.bytes += argument.length + 32;
  if (multi.bytes > session.context.limits.requestBytes) throw new CommandError('ERR the transaction is too large');
  multi.queue.push({ command, args: args.map(kept) });
  session.reply(QUEUED);
}

/** Whether the command would be refused for want of memory if it were run now: who queues it should not wait for EXEC to hear so. */
function isRefused({ context, executor }: CommandSession, { spec }: Command, args: readonly string[]): boolean {
  if (context.memoryLimit.isUnlimited || spec.keys === undefined) return false;
  return keysAt(spec.keys, args).some((key) => context.cluster.refusesGrowth(executor.shardOf(key)));
}

/** Queued arguments may wait long; they must not keep alive all that arrived with them. */
function kept(argument: string): string {
  return argument.length < SUBSTRINGS_KEEP_THEIR_TEXT_FROM ? argument : ownCopy(argument);
}

/** CLIENT REPLY SKIP is for the one command behind it. */
export function adjustReplies(session: CommandSession, modes: SessionModes): void {
  if (modes.replyMode === 'skip-next') modes.replyMode = 'skip-this';
  else if (modes.replyMode === 'skip-this') modes.replyMode = 'on';
  session.muted = modes.replyMode === 'off' || modes.replyMode === 'skip-this';
}
