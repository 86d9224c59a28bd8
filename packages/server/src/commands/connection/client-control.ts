/**
 * CLIENT KILL, UNBLOCK, REPLY, PAUSE, UNPAUSE: what one connection may do to others, and to its own replies.
 */

import { int64, isWord, safeInteger, syntaxError } from '../../command/arguments.ts';
import type { CommandSession } from '../../command/command-session.ts';
import { CommandError } from '../../engine/errors.ts';
import { error, integer, OK } from '../../resp/encoder.ts';
import type { Client } from '../../session/client.ts';

const NO_SUCH_CLIENT = 'ERR No such client';

interface KillFilter {
  skipMe: boolean;
  readonly tests: ((session: Client) => boolean)[];
}

export function kill(session: CommandSession, args: readonly string[]): void {
  if (args.length === 3) return killAddress(session, args[2]!);
  const { tests, skipMe } = readKillFilter(args);
  const chosen = [...session.context.sessions.values()].filter(
    (candidate) => !(skipMe && candidate === session) && tests.every((test) => test(candidate)),
  );
  session.reply(integer(chosen.length));
  for (const victim of chosen) end(victim, session);
}

/** The old form: one address, and an error if nobody has it. */
function killAddress(session: CommandSession, address: string): void {
  const victim = [...session.context.sessions.values()].find(({ transport }) => transport.remoteAddress === address);
  if (victim === undefined) throw new CommandError(NO_SUCH_CLIENT);
  session.reply(OK);
  end(victim, session);
}

/** Whoever kills itself still hears that it did. */
function end(victim: Client, killer: Client): void {
  if (victim === killer) victim.closeAfterReplies();
  else victim.cutOff('killed');
}

function readKillFilter(args: readonly string[]): KillFilter {
  const filter: KillFilter = { skipMe: true, tests: [] };
  for (let at = 2; at < args.length; at += 2) {
    const value = args[at + 1];
    if (value === undefined) throw syntaxError();
    const word = args[at]!.toUpperCase();
    if (word === 'SKIPME') filter.skipMe = yesNo(value);
    else filter.tests.push(killTest(word, value));
  }
  return filter;
}

function yesNo(value: string): boolean {
  if (isWord(value, 'YES')) return true;
  if (isWord(value, 'NO')) return false;
  throw syntaxError();
}

function killTest(word: string, value: string): (session: Client) => boolean {
  switch (word) {
    case 'ID': {
      const id = safeInteger(value, 'ERR client-id should be greater than 0');
      if (id < 1) throw new CommandError('ERR client-id should be greater than 0');
      return (session) => session.id === id;
    }
    case 'ADDR':
      return ({ transport }) => transport.remoteAddress === value;
    case 'LADDR':
      return ({ transport }) => transport.localAddress === value;
    case 'TYPE':
      return typeTest(value);
    case 'USER':
      if (value !== 'default') throw new CommandError(`ERR No such user '${value}'`);
      return () => true;
    default:
      throw syntaxError();
  }
}

export const CLIENT_TYPES: ReadonlySet<string> = new Set(['normal', 'master', 'replica', 'slave', 'pubsub']);

/** Whether a session is of a type of Redis's: those with subscriptions are `pubsub`, all others `normal`. */
export function typeTest(value: string): (session: Client) => boolean {
  const type = value.toLowerCase();
  if (!CLIENT_TYPES.has(type)) throw new CommandError(`ERR Unknown client type '${value}'`);
  return (session) => ((session.modes?.subscriptions ?? 0) > 0 ? type === 'pubsub' : type === 'normal');
}

export function setReplies(session: CommandSession, args: readonly string[]): void {
  const word = args[2]!.toUpperCase();
  if (word !== 'ON' && word !== 'OFF' && word !== 'SKIP') throw syntaxError();
  const modes = session.enterModes();
  if (word === 'SKIP') {
    if (modes.replyMode !== 'off') modes.replyMode = 'skip-next';
    return;
  }
  modes.replyMode = word === 'ON' ? 'on' : 'off';
  session.muted = word === 'OFF';
  session.reply(OK);
}

const UNBLOCKED = error('UNBLOCKED client unblocked via CLIENT UNBLOCK');

/** As if the time of a waiting command were over, or with an error. Who waits for the end of a CLIENT PAUSE goes on waiting. */
export function unblock(session: CommandSession, args: readonly string[]): void {
  if (args.length > 4) {
    throw new CommandError(`ERR unknown subcommand or wrong number of arguments for '${args[1]}'. Try CLIENT HELP.`);
  }
  const word = args[3]?.toUpperCase() ?? 'TIMEOUT';
  if (word !== 'TIMEOUT' && word !== 'ERROR') {
    throw new CommandError('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  }
  const blocking = session.context.sessions.get(Number(int64(args[2]!)))?.blocking ?? null;
  if (blocking !== null) blocking.unblock(word === 'ERROR' ? UNBLOCKED : null);
  session.reply(integer(blocking === null ? 0 : 1));
}

export function pause(session: CommandSession, args: readonly string[]): void {
  const mode = args[3]?.toUpperCase() ?? 'ALL';
  if (args.length > 4) throw new CommandError("ERR wrong number of arguments for 'client|pause' command");
  if (mode !== 'ALL' && mode !== 'WRITE') throw new CommandError('ERR CLIENT PAUSE mode must be WRITE or ALL');
  const complaint = 'ERR timeout is not an integer or out of range';
  const milliseconds = safeInteger(args[2]!, complaint);
  if (milliseconds < 0) throw new CommandError('ERR timeout is negative');
  session.context.pause.begin(mode === 'ALL' ? 'all' : 'write', milliseconds);
  session.reply(OK);
}

export function unpause(session: CommandSession): void {
  session.context.pause.end();
  session.reply(OK);
}
