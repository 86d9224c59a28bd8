/**
 * Deadlines of keys: EXPIRE and its kin set them, TTL and its kin read them, PERSIST takes them away.
 */
import type { ExpireWhen } from '@quintet/engine/internal';
import { NO_TTL, Status } from '@quintet/engine/internal';
import { deadlineFrom, int64, invalidExpireTime } from '../../command/arguments.ts';
import { ONE_KEY } from '../../command/command.ts';
import type { CommandSpec, Handler } from '../../command/handler.ts';
import { CommandError } from '../../engine/errors.ts';
import { integer } from '../../resp/encoder.ts';
import { oneIfDone } from '../strings/strings.ts';

/** A deadline long past. Zero would mean "none" to the engine. */
const PAST = 1;

function expire(command: string, unit: 1 | 1000, from: 'now' | 'epoch'): Handler {
  return (session, args) => {
    const when = readCondition(args);
    const base = from === 'now' ? session.executor.now() : 0;
    const deadline = deadlineFrom(int64(args[2]!), unit, base);
    if (deadline === null) throw invalidExpireTime(command);
    const ttl = deadline - base;
    const relative = from === 'now' && ttl > 0;
    const operation = {
      verb: 'expire',
      key: args[1]!,
      ttl: relative ? ttl : NO_TTL,
      deadline: relative ? 0 : Math.max(deadline, PAST),
      when,
    } as const;
    session.submit(operation, (result) => {
      if (result.status !== Status.ok) return ':0\r\n';
      if (result.expiresAt !== 0) session.context.keyspaceEvents.onDeadline('expire', operation.key);
      return ':1\r\n';
    });
  };
}

function readCondition(args: readonly string[]): ExpireWhen {
  const given = new Set<string>();
  for (const argument of args.slice(3)) {
    const word = argument.toUpperCase();
    if (!['NX', 'XX', 'GT', 'LT'].includes(word)) throw new CommandError(`ERR Unsupported option ${argument}`);
    given.add(word);
  }
  if (given.has('NX') && given.size > 1) {
    throw new CommandError('ERR NX and XX, GT or LT options at the same time are not compatible');
  }
  if (given.has('GT') && given.has('LT')) {
    throw new CommandError('ERR GT and LT options at the same time are not compatible');
  }
  if (given.has('GT')) return given.has('XX') ? 'some-later' : 'later';
  if (given.has('LT')) return given.has('XX') ? 'some-sooner' : 'sooner';
  return given.has('NX') ? 'none' : given.has('XX') ? 'some' : 'always';
}

/** TTL and its kin: what to make of a deadline that is there. */
function readDeadline(convert: (expiresAt: number, now: number) => number): Handler {
  return (session, args) => {
    // Deadlines are rounded up to whole milliseconds, so the time is too: what is left is never more than was given.
    const { executor } = session.context.cluster;
    session.submit({ verb: 'stat', key: args[1]! }, (result) => {
      if (result.status !== Status.ok) return integer(-2);
      return integer(result.expiresAt === 0 ? -1 : convert(result.expiresAt, Math.ceil(executor.now())));
    });
  };
}

function toSeconds(milliseconds: number): number {
  return Math.floor((milliseconds + 500) / 1000);
}

const persist: Handler = (session, args) => {
  const key = args[1]!;
  session.submit({ verb: 'expire', key, ttl: NO_TTL, deadline: 0, when: 'always' }, (result, encoder) => {
    if (result.status === Status.ok) session.context.keyspaceEvents.onDeadline('persist', key);
    return oneIfDone(result, encoder);
  });
};

type Row = readonly [name: string, since: string, summary: string, handler: Handler];

const SETTERS: readonly Row[] = [
  ['expire', '1.0.0', "Set a key's time to live in seconds", expire('expire', 1000, 'now')],
  ['pexpire', '2.6.0', "Set a key's time to live in milliseconds", expire('pexpire', 1, 'now')],
  ['expireat', '1.2.0', 'Set the expiration for a key as a UNIX timestamp', expire('expireat', 1000, 'epoch')],
  [
    'pexpireat',
    '2.6.0',
    'Set the expiration for a key as a UNIX timestamp specified in milliseconds',
    expire('pexpireat', 1, 'epoch'),
  ],
];

const GETTERS: readonly Row[] = [
  [
    'ttl',
    '1.0.0',
    'Get the time to live for a key in seconds',
    readDeadline((at, now) => toSeconds(Math.max(0, at - now))),
  ],
  ['pttl', '2.6.0', 'Get the time to live for a key in milliseconds', readDeadline((at, now) => Math.max(0, at - now))],
  ['expiretime', '7.0.0', 'Get the expiration Unix timestamp for a key', readDeadline(toSeconds)],
  ['pexpiretime', '7.0.0', 'Get the expiration Unix timestamp for a key in milliseconds', readDeadline((at) => at)],
];

export const expiryCommands: readonly CommandSpec[] = [
  ...SETTERS.map(
    ([name, since, summary, handler]): CommandSpec => ({
      name,
      arity: -3,
      flags: ['write', 'fast'],
      keys: ONE_KEY,
      since,
      group: 'generic',
      summary,
      handler,
    }),
  ),
  ...GETTERS.map(
    ([name, since, summary, handler]): CommandSpec => ({
      name,
      arity: 2,
      flags: ['readonly', 'fast'],
      keys: ONE_KEY,
      since,
      group: 'generic',
      summary,
      handler,
    }),
  ),
  {
    name: 'persist',
    arity: 2,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    since: '2.2.0',
    group: 'generic',
    summary: 'Remove the expiration from a key',
    handler: persist,
  },
];
