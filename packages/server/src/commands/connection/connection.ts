/**
 * Commands about the connection itself: who speaks, in which protocol, and whether it is alive.
 */

import { THROTTLED } from '../../access/guess-limits.ts';
import { int64, isWord, syntaxError } from '../../command/arguments.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec, PlainSpec } from '../../command/handler.ts';
import { CommandError } from '../../engine/errors.ts';
import { ownCopy } from '../../resp/decoder.ts';
import { array, bulk, type Encoder, error, integer, OK, PONG, RESP2, RESP3, simple } from '../../resp/encoder.ts';
import { readInteger } from '../../resp/numbers.ts';
import { REDIS_VERSION } from '../../state/version.ts';

const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';
const NO_PASSWORD_SET =
  'ERR AUTH <password> called without any password configured for the default user. ' +
  'Are you sure your configuration is correct?';
const HELLO_NEEDS_AUTH =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option ' +
  'can be used to authenticate the client and select the RESP protocol version at the same time';

/** How long a wrong password keeps its client waiting, whatever it speaks, and how many a connection may try. */
export const WRONG_PASSWORD_MS = 100;
const WRONG_PASSWORDS_MAX = 20;

/** True if the password is right; else the client is told so, late, and the command is over. */
function authenticate(session: CommandSession, user: string, password: string): boolean {
  const { context, transport } = session;
  const roleGiven = (): boolean => {
    const role = context.roleOf(user, password);
    if (role !== null) session.role = role;
    return role !== null;
  };
  // Where there is no password, a wrong name is no guess.
  const guess =
    !context.passwordRequired && roleGiven()
      ? 'right'
      : context.guesses.guess(transport.remoteAddress, roleGiven, performance.now());
  if (guess === 'right') {
    session.authenticated = true;
    return true;
  }
  refuse(session, guess);
  return false;
}

function refuse(session: CommandSession, guess: 'wrong' | 'throttled'): void {
  const reply = session.open();
  session.hold();
  session.wrongPasswords++;
  session.context.incidents.loginRefused('resp', session.transport.remoteAddress);
  setTimeout(() => {
    reply.resolve(error(guess === 'wrong' ? WRONG_PASSWORD : `THROTTLED ${THROTTLED}`));
    if (session.wrongPasswords >= WRONG_PASSWORDS_MAX) giveUpOn(session);
    session.release();
  }, WRONG_PASSWORD_MS).unref();
}

function giveUpOn(session: CommandSession): void {
  const { transport, id, context } = session;
  context.incidents.cutOff('resp', transport.remoteAddress, 'too-many-wrong-passwords', { client: id });
  session.closeAfterReplies();
}

function auth(session: CommandSession, args: readonly string[]): void {
  if (args.length > 3) throw syntaxError();
  if (args.length === 2 && !session.context.passwordRequired) throw new CommandError(NO_PASSWORD_SET);
  const [user, password] = args.length === 2 ? ['default', args[1]!] : [args[1]!, args[2]!];
  if (authenticate(session, user, password)) session.reply(OK);
}

/** A client's name appears in CLIENT LIST, whose fields are parted by blanks and lines. */
export function checkName(session: CommandSession, name: string, what: string): string {
  const { clientNameBytes } = session.context.limits;
  if (name.length > clientNameBytes)
    throw new CommandError(`ERR ${what} cannot have more than ${clientNameBytes} bytes.`);
  if (/[^!-~]/.test(name)) {
    throw new CommandError(`ERR ${what} cannot contain spaces, newlines or special characters.`);
  }
  return ownCopy(name);
}

function hello(session: CommandSession, args: readonly string[]): void {
  const encoder = args.length > 1 ? encoderFor(args[1]!) : session.encoder;
  for (let at = 2; at < args.length; at++) {
    if (isWord(args[at]!, 'AUTH') && at + 2 < args.length) {
      if (!authenticate(session, args[at + 1]!, args[at + 2]!)) return;
      at += 2;
    } else if (isWord(args[at]!, 'SETNAME') && at + 1 < args.length) {
      session.name = checkName(session, args[++at]!, 'Client names');
    } else {
      throw new CommandError(`ERR Syntax error in HELLO option '${args[at]}'`);
    }
  }
  if (!session.authenticated) throw new CommandError(HELLO_NEEDS_AUTH);
  session.encoder = encoder;
  session.reply(greeting(session));
}

/** User and password behind each AUTH, in whatever else a client may have written wrong. */
function credentialsOfHello(args: readonly string[]): number[] {
  return args.flatMap((argument, at) => (isWord(argument, 'AUTH') ? [at + 1, at + 2] : []));
}

function encoderFor(version: string): Encoder {
  const wanted = readInteger(version);
  if (wanted === null) throw new CommandError('ERR Protocol version is not an integer or out of range');
  if (wanted === 2) return RESP2;
  if (wanted === 3) return RESP3;
  throw new CommandError('NOPROTO unsupported protocol version');
}

function greeting(session: CommandSession): string {
  const pairs: readonly (readonly [string, string])[] = [
    ['server', bulk('redis')],
    ['version', bulk(REDIS_VERSION)],
    ['proto', integer(session.encoder.version)],
    ['id', integer(session.id)],
    ['mode', bulk('standalone')],
    ['role', bulk('master')],
    ['modules', '*0\r\n'],
  ];
  return session.encoder.map(pairs.flatMap(([name, value]) => [bulk(name), value]));
}

function ping(session: CommandSession, args: readonly string[]): void {
  if (args.length > 2) throw new CommandError("ERR wrong number of arguments for 'ping' command");
  if (session.encoder.version === 2 && (session.modes?.subscriptions ?? 0) > 0) {
    return session.reply(array([bulk('pong'), bulk(args[1] ?? '')]));
  }
  session.reply(args.length === 1 ? PONG : bulk(args[1]!));
}

function quit(session: CommandSession): void {
  session.reply(OK);
  session.closeAfterReplies();
}

/** There is one database. */
function select(session: CommandSession, args: readonly string[]): void {
  session.reply(int64(args[1]!) === 0 ? OK : error('ERR DB index is out of range'));
}

function reset(session: CommandSession): void {
  session.context.pubsub.leave(session);
  session.modes = null;
  session.muted = false;
  session.encoder = RESP2;
  session.name = '';
  session.noEvict = session.noTouch = false;
  session.authenticated = !session.context.passwordRequired;
  session.role = 'admin';
  session.reply(simple('RESET'));
}

function replyOk(session: CommandSession): void {
  session.reply(OK);
}

const ALWAYS: PlainSpec['flags'] = ['noscript', 'loading', 'stale', 'fast'];

export const connectionCommands: readonly CommandSpec[] = [
  {
    name: 'auth',
    arity: -2,
    flags: [...ALWAYS, 'no_auth'],
    since: '1.0.0',
    group: 'connection',
    summary: 'Authenticate to the server',
    secrets: (args) => args.slice(1).map((_, at) => at + 1),
    handler: auth,
  },
  {
    name: 'echo',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    since: '1.0.0',
    group: 'connection',
    summary: 'Echo the given string',
    handler: (session, args) => session.reply(bulk(args[1]!)),
  },
  {
    name: 'hello',
    arity: -1,
    flags: [...ALWAYS, 'no_auth'],
    since: '6.0.0',
    group: 'connection',
    summary: 'Handshake with Redis',
    secrets: credentialsOfHello,
    handler: hello,
  },
  {
    name: 'ping',
    arity: -1,
    flags: ['fast'],
    since: '1.0.0',
    group: 'connection',
    summary: 'Ping the server',
    handler: ping,
  },
  {
    name: 'quit',
    arity: -1,
    flags: [...ALWAYS, 'no_auth'],
    since: '1.0.0',
    group: 'connection',
    summary: 'Close the connection',
    handler: quit,
  },
  {
    name: 'reset',
    arity: 1,
    flags: [...ALWAYS, 'no_auth'],
    since: '6.2.0',
    group: 'connection',
    summary: 'Reset the connection',
    handler: reset,
  },
  {
    name: 'select',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    since: '1.0.0',
    group: 'connection',
    summary: 'Change the selected database for the current connection (there is only 0)',
    handler: select,
  },
  {
    name: 'readonly',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    since: '3.0.0',
    group: 'cluster',
    summary: 'Does nothing: reads are linearizable wherever they are served',
    handler: replyOk,
  },
  {
    name: 'readwrite',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    since: '3.0.0',
    group: 'cluster',
    summary: 'Does nothing: the counterpart of READONLY',
    handler: replyOk,
  },
];
