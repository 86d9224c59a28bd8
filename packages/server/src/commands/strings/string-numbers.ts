/**
 * Strings that are numbers: INCR and its kin. The engine does the arithmetic, where the key lives.
 */
import { Status } from '@quintet/engine/internal';
import { int64 } from '../../command/arguments.ts';
import { type CommandFlag, ONE_KEY } from '../../command/command.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec } from '../../command/handler.ts';
import { CommandError, engineError, NOT_A_FLOAT } from '../../engine/errors.ts';
import { bulk, error, integer } from '../../resp/encoder.ts';
import { INT64_MIN, readFloat } from '../../resp/numbers.ts';
import type { Answer } from '../../session/reply-queue.ts';

const newInteger: Answer = (result) => {
  if (result.status === Status.notANumber) return engineError('NOT_A_NUMBER', '');
  if (result.status === Status.overflow) return engineError('OVERFLOW', '');
  return integer(result.value!);
};

const INFINITE_SUM = 'ERR increment would produce NaN or Infinity';

const newFloat: Answer = (result) => {
  if (result.status === Status.notANumber) return error(NOT_A_FLOAT);
  if (result.status === Status.overflow) return error(INFINITE_SUM);
  return bulk(result.value!);
};

function increment(session: CommandSession, key: string, by: number | bigint): void {
  session.submit({ verb: 'increment', key, by: String(by) }, newInteger);
}

function decrementBy(session: CommandSession, args: readonly string[]): void {
  const by = int64(args[2]!);
  if (by === INT64_MIN) throw new CommandError('ERR decrement would overflow');
  // `0 - by`, because the text of `-0` is no integer.
  increment(session, args[1]!, typeof by === 'bigint' ? -by : 0 - by);
}

function incrementFloat(session: CommandSession, args: readonly string[]): void {
  const by = readFloat(args[2]!);
  if (by === null) throw new CommandError(NOT_A_FLOAT);
  if (!Number.isFinite(by)) return refuseInfinity(session, args[1]!);
  session.submit({ verb: 'increment-float', key: args[1]!, by }, newFloat);
}

/** As in Redis, what is wrong with the present value is said first. */
function refuseInfinity(session: CommandSession, key: string): void {
  session.submit({ verb: 'get', key }, ({ value }) =>
    error(value !== null && readFloat(value) === null ? NOT_A_FLOAT : INFINITE_SUM),
  );
}

const FLAGS: readonly CommandFlag[] = ['write', 'denyoom', 'fast'];

export const numberCommands: readonly CommandSpec[] = [
  {
    name: 'incr',
    arity: 2,
    flags: FLAGS,
    keys: ONE_KEY,
    since: '1.0.0',
    group: 'string',
    summary: 'Increment the integer value of a key by one',
    handler: (session, args) => increment(session, args[1]!, 1),
  },
  {
    name: 'decr',
    arity: 2,
    flags: FLAGS,
    keys: ONE_KEY,
    since: '1.0.0',
    group: 'string',
    summary: 'Decrement the integer value of a key by one',
    handler: (session, args) => increment(session, args[1]!, -1),
  },
  {
    name: 'incrby',
    arity: 3,
    flags: FLAGS,
    keys: ONE_KEY,
    since: '1.0.0',
    group: 'string',
    summary: 'Increment the integer value of a key by the given amount',
    handler: (session, args) => increment(session, args[1]!, int64(args[2]!)),
  },
  {
    name: 'decrby',
    arity: 3,
    flags: FLAGS,
    keys: ONE_KEY,
    since: '1.0.0',
    group: 'string',
    summary: 'Decrement the integer value of a key by the given number',
    handler: decrementBy,
  },
  {
    name: 'incrbyfloat',
    arity: 3,
    flags: FLAGS,
    keys: ONE_KEY,
    since: '2.6.0',
    group: 'string',
    summary: 'Increment the float value of a key by the given amount',
    handler: incrementFloat,
  },
];
