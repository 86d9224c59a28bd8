/**
 * Call options: every option of every Store method, checked before anything is sent, and what they become for the core.
 *
 * Owns      names, ranges and contradictions, with texts that name the option, what it was given and what it takes.
 * Rules     `undefined` means "not given", as in most of JavaScript. Names are checked, so that a misspelt condition
 *           (`ifabsent`) fails instead of overwriting.
 */

import { ANY_VERSION, KEEP_TTL, MUST_BE_ABSENT, MUST_EXIST, NO_TTL } from '../../core/data/operation.ts';
import { KvError } from '../../core/protocol/errors.ts';
import { nameOf } from '../codec/keys.ts';
import { didYouMean } from './did-you-mean.ts';
import type { CallOptions, DeleteOptions, ExpireOptions, Expiry, PutOptions, ScanOptions } from './entries.ts';
import type {
  CopyOptions,
  DeleteManyOptions,
  GetManyOptions,
  PutManyOptions,
  RenameOptions,
  TransactOptions,
  UpdateOptions,
} from './store-transactions.ts';

/** Options that every call takes. */
export const CALL_OPTION_NAMES = ['signal', 'timeoutMs'] as const satisfies (keyof CallOptions)[];
const CALL = CALL_OPTION_NAMES;
const EXPIRY = ['ttl', 'expiresAt'] as const satisfies (keyof Expiry)[];
const FLAGS = ['ifAbsent', 'ifPresent', 'keepTtl', 'returnPrevious'] as const satisfies (keyof PutOptions)[];

export const CALL_OPTIONS: ReadonlySet<string> = new Set<keyof CallOptions>(CALL);
export const PUT_OPTIONS: ReadonlySet<string> = new Set<keyof PutOptions>([...CALL, ...EXPIRY, ...FLAGS, 'ifVersion']);
export const PUT_MANY_OPTIONS: ReadonlySet<string> = new Set<keyof PutManyOptions>([...CALL, ...EXPIRY, 'atomic']);
export const GET_MANY_OPTIONS: ReadonlySet<string> = new Set<keyof GetManyOptions>([...CALL, 'snapshot']);
export const DELETE_MANY_OPTIONS: ReadonlySet<string> = new Set<keyof DeleteManyOptions>([...CALL, 'atomic']);
export const RENAME_OPTIONS: ReadonlySet<string> = new Set<keyof RenameOptions>([...CALL, 'ifAbsent']);
export const COPY_OPTIONS: ReadonlySet<string> = new Set<keyof CopyOptions>([...CALL, 'replace']);
export const TRANSACT_OPTIONS: ReadonlySet<string> = new Set<keyof TransactOptions>([...CALL, 'retries']);
export const UPDATE_OPTIONS: ReadonlySet<string> = new Set<keyof UpdateOptions>([...CALL, ...EXPIRY, 'retries']);
export const DELETE_OPTIONS: ReadonlySet<string> = new Set<keyof DeleteOptions>([...CALL, 'ifVersion']);
export const SCAN_OPTIONS: ReadonlySet<string> = new Set<keyof ScanOptions>([
  ...CALL,
  'prefix',
  'match',
  'limit',
  'pageSize',
  'keysAsBytes',
]);

/** Longest timer of Node (2^31 - 1 ms, some 24 days). */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
/** Some 31,000 years: far enough, and with the present time still a valid Date. */
const TTL_MS_MAX = 1e15;
/** The last moment a Date can name. */
const DATE_MS_MAX = 8.64e15;

/** An INVALID_OPTION that says which option, what it takes and what it was given. */
export function invalidOption(name: string, takes: string, given: unknown): KvError {
  const shown = typeof given === 'number' || typeof given === 'boolean' ? String(given) : describe(given);
  return new KvError('INVALID_OPTION', `${name} must be ${takes}, got ${shown}`);
}

function describe(given: unknown): string {
  if (typeof given === 'bigint') return `${given}n`;
  return typeof given === 'string' ? JSON.stringify(given.slice(0, 40)) : nameOf(given);
}

/**
 * That something is an object, and has no properties but known ones; `what` says what they are.
 * @throws {KvError} INVALID_OPTION
 */
export function checkNames(object: object, known: ReadonlySet<string>, what: string): void {
  if (typeof object !== 'object' || object === null) throw invalidOption(`${what}s`, 'an object', object);
  for (const name in object) {
    if (!known.has(name)) throw new KvError('INVALID_OPTION', `there is no ${what} ${name}${didYouMean(name, known)}`);
  }
}

/** @throws {KvError} INVALID_OPTION */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw invalidOption('signal', 'an AbortSignal', signal);
  }
}

/**
 * What every method checks: that options are an object, that all names are known, and the two options of every call.
 * @throws {KvError} INVALID_OPTION
 */
export function checkCallOptions(options: CallOptions, known: ReadonlySet<string>): void {
  if (typeof options === 'number' && known.has('ttl')) {
    throw new KvError('INVALID_OPTION', `options must be an object, got ${options}, did you mean { ttl: ${options} }?`);
  }
  checkNames(options, known, 'option');
  const { signal, timeoutMs } = options;
  checkSignal(signal);
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= TIMEOUT_MS_MAX)) {
    throw invalidOption('timeoutMs', `more than 0 and at most ${TIMEOUT_MS_MAX} ms`, timeoutMs);
  }
}

/**
 * The `ifVersion` of the core for the conditions of a put.
 * @throws {KvError} INVALID_OPTION for two conditions or one that is no boolean, INVALID_VERSION
 */
export function putCondition(options: PutOptions): number {
  for (const flag of FLAGS) checkFlag(flag, options[flag]);
  const { ifAbsent, ifPresent, ifVersion } = options;
  const conditions = Number(ifAbsent === true) + Number(ifPresent === true) + Number(ifVersion !== undefined);
  if (conditions > 1) {
    throw new KvError('INVALID_OPTION', 'ifAbsent, ifPresent and ifVersion exclude each other; give one of them');
  }
  if (ifAbsent) return MUST_BE_ABSENT;
  if (ifPresent) return MUST_EXIST;
  return versionCondition(ifVersion);
}

/** @throws {KvError} INVALID_VERSION */
export function versionCondition(ifVersion: number | undefined, name = 'ifVersion'): number {
  if (ifVersion === undefined) return ANY_VERSION;
  if (!Number.isSafeInteger(ifVersion) || ifVersion < 0) {
    const shown = typeof ifVersion === 'number' ? String(ifVersion) : describe(ifVersion);
    throw new KvError('INVALID_VERSION', `${name} is ${shown}`);
  }
  return ifVersion;
}

/**
 * The `ttl` of the core: milliseconds, NO_TTL or KEEP_TTL.
 * @throws {KvError} INVALID_OPTION
 */
export function ttlOf(options: Expiry & Pick<PutOptions, 'keepTtl'>): number {
  const { ttl, expiresAt, keepTtl } = options;
  if (Number(ttl !== undefined) + Number(expiresAt !== undefined) + Number(keepTtl === true) > 1) {
    throw new KvError('INVALID_OPTION', 'ttl, expiresAt and keepTtl exclude each other; give one of them');
  }
  if (keepTtl) return KEEP_TTL;
  return ttl === undefined ? NO_TTL : checkTtl(ttl);
}

/** Milliseconds to live, whole ones. @throws {KvError} INVALID_OPTION */
export function checkTtl(ttl: number): number {
  if (typeof ttl !== 'number' || !(ttl > 0 && ttl <= TTL_MS_MAX)) {
    throw invalidOption('ttl', `more than 0 and at most ${TTL_MS_MAX} ms`, ttl);
  }
  return Math.ceil(ttl);
}

/** The `deadline` of the core, 0 = none. @throws {KvError} INVALID_OPTION */
export function deadlineOf(expiresAt: number | Date | undefined, name = 'expiresAt'): number {
  if (expiresAt === undefined) return 0;
  const time = expiresAt instanceof Date ? expiresAt.getTime() : expiresAt;
  if (typeof time !== 'number' || !(time > 0 && time <= DATE_MS_MAX)) {
    throw invalidOption(name, 'a valid Date or its milliseconds since the epoch', expiresAt);
  }
  return Math.ceil(time);
}

const WHENS = ['always', 'none', 'some', 'later', 'sooner'] as const satisfies NonNullable<ExpireOptions['when']>[];

/** @throws {KvError} INVALID_OPTION */
export function whenOf(options: ExpireOptions | undefined): NonNullable<ExpireOptions['when']> {
  const when = options?.when ?? 'always';
  if (!WHENS.includes(when)) throw invalidOption('when', `one of ${WHENS.join(', ')}`, when);
  return when;
}

/** @throws {KvError} INVALID_OPTION */
export function checkFlag(name: string, flag: unknown): void {
  if (flag !== undefined && typeof flag !== 'boolean') throw invalidOption(name, 'true or false', flag);
}

/** @throws {KvError} INVALID_OPTION */
export function checkCount(name: string, count: number | undefined, least: number, most: number): void {
  if (count !== undefined && !(Number.isSafeInteger(count) && count >= least && count <= most)) {
    throw invalidOption(name, `a whole number from ${least} to ${most}`, count);
  }
}

/**
 * What an increment adds, as the core takes it: a signed 64-bit integer in decimal.
 * @throws {KvError} INVALID_OPTION
 */
export function incrementBy(by: number | bigint): string {
  const fits =
    typeof by === 'bigint' ? BigInt.asIntN(64, by) === by : typeof by === 'number' && Number.isSafeInteger(by);
  if (!fits) throw invalidOption('by', 'a safe integer or a 64-bit bigint (incrementFloat takes fractions)', by);
  return Object.is(by, -0) ? '0' : String(by);
}
