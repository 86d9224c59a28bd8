/** kvctl del, incr, ttl, expire, persist: one key (or a few) and one short answer. */
import { type Context, printJson, printLine, withServer } from '../context.ts';
import { EXIT, type ExitCode, Failure, usageFailure } from '../failure.ts';
import { deleteIfVersion, numberOf, textOf } from '../server/commands.ts';
import { formatDuration, parsePositiveDuration } from '../text/quantities.ts';
import { visible } from '../text/visible.ts';

export async function del(context: Context, [keys]: [string[]], options: { ifVersion?: number }): Promise<ExitCode> {
  const { ifVersion } = options;
  if (ifVersion !== undefined) return delIfVersion(context, keys, ifVersion);
  const deleted = numberOf(await withServer(context, (connection) => connection.call('DEL', ...keys)));
  if (context.output === 'json') printJson(context, { deleted });
  else printLine(context, String(deleted));
  const missing = new Set(keys).size - deleted;
  if (missing > 0)
    throw new Failure(EXIT.negative, `not found: ${keys.length === 1 ? keys[0] : `${missing} of ${keys.length}`}`);
  return EXIT.ok;
}

async function delIfVersion(context: Context, keys: string[], ifVersion: number): Promise<ExitCode> {
  if (keys.length > 1) throw usageFailure('--if-version takes one key');
  const key = keys[0]!;
  const reply = await withServer(context, (connection) => deleteIfVersion(connection, key, ifVersion));
  if (context.output === 'json') printJson(context, { deleted: reply.deleted ? 1 : 0, version: reply.version });
  else printLine(context, reply.deleted ? '1' : '0');
  if (reply.deleted) return EXIT.ok;
  const why = reply.version === 0 ? `not found: ${key}` : `not deleted: ${key} is at version ${reply.version}`;
  throw new Failure(EXIT.negative, why, reply.version === 0 ? {} : { code: 'CONDITION_FAILED' });
}

export async function incr(context: Context, [key, by = '1']: [string, string | undefined]): Promise<ExitCode> {
  const amount = by.replace(/^\+/, '');
  const whole = /^-?\d+$/.test(amount);
  if (!whole && !Number.isFinite(amount === '' ? Number.NaN : Number(amount))) {
    throw usageFailure(`"${by}" is no number`, 'write 1, -5 or 0.25');
  }
  const command = whole ? 'INCRBY' : 'INCRBYFLOAT';
  const now = textOf(await withServer(context, (connection) => connection.call(command, key, amount)));
  // A bigint has no JSON: what is no safe integer stays text.
  const value = whole && !Number.isSafeInteger(Number(now)) ? now : Number(now);
  if (context.output === 'json') printJson(context, { key, value });
  else printLine(context, visible(now));
  return EXIT.ok;
}

export async function ttl(context: Context, [key]: [string]): Promise<ExitCode> {
  const left = Math.ceil(numberOf(await withServer(context, (connection) => connection.call('PTTL', key))));
  if (left === -2) throw new Failure(EXIT.negative, `not found: ${key}`);
  const forPeople = context.outputGiven ? context.output === 'table' : context.io.stdout.isTTY === true;
  if (context.output === 'json') printJson(context, { key, ttlMs: left < 0 ? null : left });
  else if (forPeople) printLine(context, left < 0 ? 'no expiry' : formatDuration(left));
  else printLine(context, left < 0 ? 'none' : `${left}ms`);
  return EXIT.ok;
}

export async function expire(context: Context, [key, duration]: [string, string]): Promise<ExitCode> {
  const ms = parsePositiveDuration(duration);
  // EXPIRE is the older command: any Redis has it.
  const call: [string, string, string] =
    ms % 1_000 === 0 ? ['EXPIRE', key, String(ms / 1_000)] : ['PEXPIRE', key, String(ms)];
  const done = numberOf(await withServer(context, (connection) => connection.call(...call)));
  return answer(context, done === 1, `not found: ${key}`);
}

export async function persist(context: Context, [key]: [string]): Promise<ExitCode> {
  const done = numberOf(await withServer(context, (connection) => connection.call('PERSIST', key)));
  return answer(context, done === 1, `nothing to do: ${key} is absent or has no expiry`);
}

function answer(context: Context, done: boolean, otherwise: string): ExitCode {
  if (context.output === 'json') printJson(context, { applied: done });
  else if (done) printLine(context, context.colors.green('OK'));
  if (!done) throw new Failure(EXIT.negative, otherwise);
  return EXIT.ok;
}
