/**
 * RecordRedis: a Redis client (ioredis, or any whose commands are methods that return promises) that writes every command into
 * a history.
 *
 * | commands                                                                  | are                                     |
 * |---------------------------------------------------------------------------|-----------------------------------------|
 * | get set setnx setex psetex getset getdel del incr incrby decr decrby append expire pexpire | recorded               |
 * | mget mset                                                                 | recorded, each key by itself            |
 * | exists ttl pttl strlen type keys scan dbsize ping info select             | passed on; their answers are not judged |
 * | all others, pipelines and transactions too                                | refused: NotRecordable is thrown        |
 *
 * Does not  know the wire: it sees arguments and answers. Keys are taken to be absent when a history begins.
 */
import { NotRecordable } from '../errors.ts';
import type { History } from '../history.ts';
import type { Result } from '../operation.ts';
import { invoke, type RecordedCall, type RecordedOperation, type Recorder, type Said, settle } from './record-call.ts';
import { textOf } from './value-text.ts';

type Argument = string | number | Uint8Array;
type Described = RecordedCall<unknown>;

/** Neither read nor write anything that is judged. */
const PASSED_ON: ReadonlySet<string> = new Set([
  ...['exists', 'ttl', 'pttl', 'strlen', 'type', 'keys', 'scan', 'dbsize', 'ping', 'info', 'select'],
  ...['on', 'once', 'off', 'addListener', 'removeListener', 'removeAllListeners', 'emit', 'listenerCount'],
  ...['connect', 'disconnect', 'quit', 'end', 'close'],
]);

/** Wraps a client; `client` is any number and only shown in reports. The wrapped client itself stays as it is. */
export function recordRedis<C extends object>(redis: C, history: History, client: number): C {
  return new Proxy(redis, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (typeof name === 'symbol' || PASSED_ON.has(name)) return member.bind(target);
      const describe = COMMANDS[name];
      if (describe === undefined) return () => refuse(name);
      return (...args: unknown[]) => {
        const flat = args.flat() as Argument[];
        return recordAll({ history, client }, describe(flat), () => member.apply(target, args) as Promise<unknown>);
      };
    },
  });
}

function refuse(name: string): never {
  throw new NotRecordable(`the Redis command ${name}`);
}

/** One command, one record or several. */
async function recordAll(
  recorder: Recorder,
  calls: readonly Described[],
  act: () => Promise<unknown>,
): Promise<unknown> {
  const pending = calls.map((call) => invoke(recorder, call));
  let answer: unknown;
  try {
    answer = await act();
  } catch (error) {
    for (const call of pending) settle(call, failureOfRedis(error));
    throw error;
  }
  for (const [at, call] of calls.entries()) settle(pending[at]!, call.result(answer));
  return answer;
}

/** What the server itself refused had no effect, unless it says that it does not know. All else is the connection's failure. */
function failureOfRedis(error: unknown): Said {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return 'unknown';
  return error.message.includes('outcome unknown') ? 'unknown' : 'not-applied';
}

// ---- commands -----------------------------------------------------------------------------------------------------

const COMMANDS: Readonly<Record<string, ((args: readonly Argument[]) => Described[]) | undefined>> = {
  get: ([key]) => [describe(key, { kind: 'get' }, value)],
  mget: (keys) => keys.map((key, at) => describe(key, { kind: 'get' }, (answer) => value((answer as unknown[])[at]))),
  set: describeSet,
  setnx: ([key, text]) => [describe(key, { kind: 'put', value: textOf(text), ifAbsent: true }, isOne)],
  setex: ([key, seconds, text]) => [lasting(describe(key, put(text), isOk), Number(seconds) * 1000)],
  psetex: ([key, ms, text]) => [lasting(describe(key, put(text), isOk), Number(ms))],
  mset: (pairs) => {
    if (pairs.some((part) => typeof part === 'object' && !(part instanceof Uint8Array))) refuse('mset with an object');
    return pairs.flatMap((key, at) => (at % 2 === 0 ? [describe(key, put(pairs[at + 1]), isOk)] : []));
  },
  getset: ([key, text]) => [describe(key, { kind: 'getAndPut', value: textOf(text) }, value)],
  getdel: ([key]) => [describe(key, { kind: 'getAndDelete' }, value)],
  // Told is how many there were: which, only if it is all or none.
  del: (keys) =>
    keys.map((key) =>
      describe(key, { kind: 'delete' }, (count) =>
        count === keys.length ? { applied: true } : count === 0 ? { applied: false } : 'unknown',
      ),
    ),
  incr: ([key]) => [increment(key, 1)],
  incrby: ([key, by]) => [increment(key, Number(by))],
  decr: ([key]) => [increment(key, -1)],
  decrby: ([key, by]) => [increment(key, -Number(by))],
  append: ([key, suffix]) => [
    describe(key, { kind: 'append', suffix: textOf(suffix) }, (length) => ({ length: Number(length) })),
  ],
  expire: ([key, seconds, ...when]) => [expire(key, Number(seconds) * 1000, when)],
  pexpire: ([key, ms, ...when]) => [expire(key, Number(ms), when)],
};

function describeSet([key, text, ...options]: readonly Argument[]): Described[] {
  const words = options.map((word) => String(word).toUpperCase());
  const after = (word: string): number => Number(words[words.indexOf(word) + 1]);
  const has = (word: string): boolean => words.includes(word);
  if (['KEEPTTL', 'EXAT', 'PXAT'].some(has)) refuse(`set with ${words.join(' ')}`);
  if (has('GET') && (has('NX') || has('XX'))) refuse('set with GET and a condition');
  const ttlMs = has('EX') ? after('EX') * 1000 : has('PX') ? after('PX') : undefined;
  if (has('GET')) return [lasting(describe(key, { kind: 'getAndPut', value: textOf(text) }, value), ttlMs)];
  const conditions = { ...(has('NX') ? { ifAbsent: true } : {}), ...(has('XX') ? { ifPresent: true } : {}) };
  return [lasting(describe(key, { ...put(text), ...conditions }, isOk), ttlMs)];
}

function describe(
  key: Argument | undefined,
  operation: RecordedOperation['operation'],
  result: (answer: unknown) => Said,
): Described {
  return { key: textOf(key), operation, result };
}

function lasting(call: Described, ttlMs: number | undefined): Described {
  return { ...call, ttlMs };
}

function put(text: Argument | undefined): { readonly kind: 'put'; readonly value: string } {
  return { kind: 'put', value: textOf(text) };
}

function increment(key: Argument | undefined, by: number): Described {
  return describe(key, { kind: 'increment', by }, (sum) => ({ number: Number(sum) }));
}

function expire(key: Argument | undefined, ttlMs: number, when: readonly Argument[]): Described {
  if (when.length > 0 || !(ttlMs > 0)) refuse('expire with a condition, or with a deadline that has passed');
  return lasting(describe(key, { kind: 'expire', expiry: { notBefore: 0, notAfter: 0 } }, isOne), ttlMs);
}

function value(answer: unknown): Result {
  return { value: answer === null ? null : textOf(answer) };
}

function isOk(answer: unknown): Result {
  return { applied: answer === 'OK' };
}

function isOne(answer: unknown): Result {
  return { applied: answer === 1 };
}
