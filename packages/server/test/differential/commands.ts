/**
 * Random commands as clients could send them: right ones, and such as are wrong in the ways that clients are wrong. Of the
 * commands whose replies depend on nothing but what was sent before: none that tell the time, an id, or an order of keys.
 */
import fc from 'fast-check';

/** A request's arguments, one-byte strings. */
export type Request = readonly string[];

/** Few, so that commands meet; two of them in one slot. */
const key = fc.constantFrom('a', 'b', 'c', '{t}1', '{t}2', 'e');

const INTEGERS = ['0', '1', '-1', '2', '7', '8', '10', '-5', '100', '9223372036854775807', '-9223372036854775808'];
const ODD_INTEGERS = ['9223372036854775808', '007', '+1', '1.0', '', ' 1', 'x', '1e3'];
const integer = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...INTEGERS) },
  { weight: 2, arbitrary: fc.integer({ min: -300, max: 300 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_INTEGERS) },
);
const value = fc.oneof(
  integer,
  fc.constantFrom('', 'foo', 'foobar', '10.5', '0.1', 'x'.repeat(100), '\x00\xff\x80', '\r\n+OK\r\n'),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
/** Exact in binary: we add decimals exactly, and Redis's long doubles show 1000.1 as 1000.09999999999999998. */
const float = fc.constantFrom('0', '1', '-1', '0.5', '2.25', '1e2', '-0.125', '25e-2', 'inf', '-inf', 'nan', 'x', '');

/** Far enough away that no test sees it pass, near enough to be told apart from what is absolute. */
export const FAR_SECONDS = 1_000_000;
/** Absolute deadlines are about here. */
export const FAR_DATE_MS = 33_177_117_420_000;
const seconds = fc.constantFrom(String(FAR_SECONDS), String(FAR_SECONDS), '0', '-1', 'x', '9223372036854775807');
const milliseconds = fc.constantFrom(`${FAR_SECONDS}000`, `${FAR_SECONDS}000`, '0', '-1', 'x', '9223372036854775807');
const atSeconds = fc.constantFrom('33177117420', '33177117421', '1', '0', '-1', 'x', '9223372036854775807');
const atMilliseconds = fc.constantFrom('33177117420123', '1', '-9223372036854775808', 'x');

/** A word in the case a client might write it. */
function word(...words: readonly string[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...words), fc.boolean()).map(([text, lower]) => (lower ? text.toLowerCase() : text));
}

type Part = string | fc.Arbitrary<string> | fc.Arbitrary<readonly string[]>;

/** A command of parts: words as they are, random ones, and random runs of them. */
function command(name: string, ...parts: readonly Part[]): fc.Arbitrary<Request> {
  const arbitraries = parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part));
  return fc
    .tuple(word(name), ...(arbitraries as fc.Arbitrary<string | readonly string[]>[]))
    .map((pieces) => pieces.flat() as readonly string[]);
}

function some<T>(arbitrary: fc.Arbitrary<T>, minLength = 0, maxLength = 3): fc.Arbitrary<T[]> {
  return fc.array(arbitrary, { minLength, maxLength });
}

function flat(arbitrary: fc.Arbitrary<readonly (readonly string[])[]>): fc.Arbitrary<readonly string[]> {
  return arbitrary.map((lists) => lists.flat());
}

const expiryOption = fc.oneof(
  fc.tuple(word('EX'), seconds),
  fc.tuple(word('PX'), milliseconds),
  // Not in the past: such an entry counts for DBSIZE until it is removed, which Redis does at the next look at its key.
  fc.tuple(word('EXAT'), fc.constantFrom('33177117420', '33177117421', '0', '-1', 'x', '9223372036854775807')),
  fc.tuple(word('PXAT'), fc.constantFrom('33177117420123', '-9223372036854775808', 'x')),
);
const setOption = fc.oneof(
  expiryOption,
  fc.tuple(word('NX', 'XX', 'GET', 'KEEPTTL', 'BAD')) as fc.Arbitrary<readonly string[]>,
);
const expireCondition = word('NX', 'XX', 'GT', 'LT', 'BAD');
const pairs = flat(some(fc.tuple(key, value), 1));

const strings: readonly fc.Arbitrary<Request>[] = [
  command('GET', key),
  command('SET', key, value),
  command('SET', key, value, flat(some(setOption))),
  command('SETNX', key, value),
  command('SETEX', key, seconds, value),
  command('PSETEX', key, milliseconds, value),
  command('GETSET', key, value),
  command('GETDEL', key),
  command('GETEX', key, flat(some(fc.oneof(expiryOption, fc.tuple(word('PERSIST'))), 0, 1))),
  command('MGET', some(key, 1)),
  command('MSET', pairs),
  command('MSETNX', pairs),
  command('MSETNX', key, value, key),
  command('APPEND', key, value),
  command('STRLEN', key),
  command('GETRANGE', key, integer, integer),
  command('SUBSTR', key, integer, integer),
  command('SETRANGE', key, fc.constantFrom('0', '1', '3', '20', '-1', 'x'), value),
  command('LCS', key, key, some(word('LEN', 'IDX', 'WITHMATCHLEN'), 0, 2)),
  command('LCS', key, key, word('IDX'), word('MINMATCHLEN'), integer),
];

const numbers: readonly fc.Arbitrary<Request>[] = [
  command('INCR', key),
  command('DECR', key),
  command('INCRBY', key, integer),
  command('DECRBY', key, integer),
  command('SET', 'f', fc.constantFrom('10', '-3', '1.', '.5', '1e3', '2.25', '0', 'x', '', ' 1')),
  command('INCRBYFLOAT', 'f', float),
  command('APPEND', 'f', fc.constantFrom('0', '.5', 'x')),
];

const offset = fc.constantFrom('0', '1', '7', '8', '9', '63', '100', '#0', '#1', '#3', '-1', 'x');
const fieldType = fc.constantFrom('u1', 'u8', 'i8', 'u4', 'i5', 'u16', 'i16', 'u63', 'i64', 'u64', 'i65', 'i0', 'x');
/** Not the least of all integers: Redis takes it for one above the range, by an overflow of its own. */
const fieldValue = integer.filter((text) => text !== '-9223372036854775808');
const fieldOperation = fc.oneof(
  fc.tuple(word('GET'), fieldType, offset),
  fc.tuple(word('SET'), fieldType, offset, fieldValue),
  fc.tuple(word('INCRBY'), fieldType, offset, integer),
  fc.tuple(word('OVERFLOW'), word('WRAP', 'SAT', 'FAIL', 'BAD')),
) as fc.Arbitrary<readonly string[]>;

const bits: readonly fc.Arbitrary<Request>[] = [
  command('SETBIT', key, fc.constantFrom('0', '7', '8', '100', '-1', 'x'), fc.constantFrom('0', '1', '2', 'x')),
  command('GETBIT', key, fc.constantFrom('0', '7', '8', '100', '-1', 'x')),
  command('BITCOUNT', key, some(integer, 0, 2), some(word('BIT', 'BYTE', 'BAD'), 0, 1)),
  command('BITPOS', key, fc.constantFrom('0', '1', '2', 'x'), some(integer, 0, 2), some(word('BIT', 'BYTE'), 0, 1)),
  command('BITOP', word('AND', 'OR', 'XOR', 'NOT', 'BAD'), key, some(key, 1)),
  command('BITOP', word('NOT'), key, key),
  command('BITFIELD', key, flat(some(fieldOperation))),
  command('BITFIELD_RO', key, flat(some(fieldOperation, 0, 2))),
];

const keys: readonly fc.Arbitrary<Request>[] = [
  command('DEL', some(key, 1)),
  command('UNLINK', some(key, 1)),
  command('EXISTS', some(key, 1)),
  command('TOUCH', some(key, 1)),
  command('TYPE', key),
  command('RENAME', key, key),
  command('RENAMENX', key, key),
  command('COPY', key, key),
  command('COPY', key, key, some(word('REPLACE', 'BAD'), 0, 2)),
  command('COPY', key, key, word('DB'), fc.constantFrom('0', '1', 'x')),
  // Which of two relative deadlines is later, the clock decides: no GT, no LT.
  command('EXPIRE', key, seconds, some(word('NX', 'XX', 'BAD'), 0, 2)),
  command('PEXPIRE', key, milliseconds, some(word('NX', 'XX', 'BAD'), 0, 2)),
  command('EXPIREAT', key, atSeconds, some(expireCondition, 0, 2)),
  command('PEXPIREAT', key, atMilliseconds, some(expireCondition, 0, 2)),
  command('PERSIST', key),
  command('TTL', key),
  command('PTTL', key),
  command('EXPIRETIME', key),
  command('PEXPIRETIME', key),
  command('DBSIZE'),
  command('KEYS', fc.constantFrom('a', '[b]', '?t}1', '{t}[2-9]', 'c*', 'nothing*', '\\e')),
  command('OBJECT', word('FREQ', 'BAD'), key),
  command('FLUSHALL', some(word('ASYNC', 'SYNC', 'BAD'), 0, 1)),
  command('FLUSHDB'),
];

const others: readonly fc.Arbitrary<Request>[] = [
  command('PING', some(value, 0, 2)),
  command('ECHO', value),
  command('SELECT', fc.constantFrom('0', '1', 'x')),
  command('PUBLISH', fc.constantFrom('ch', 'ch2'), value),
  command('PUBSUB', word('CHANNELS', 'NUMPAT')),
  command('PUBSUB', word('NUMSUB'), some(fc.constantFrom('ch', 'ch2'))),
  command('CLIENT', word('GETNAME')),
  command('CLIENT', word('SETNAME'), fc.constantFrom('me', '', 'a b')),
  command('CLIENT', word('NO-EVICT'), word('ON', 'OFF', 'BAD')),
  command('CONFIG', word('GET'), fc.constantFrom('appendonly', 'nothing')),
  command('COMMAND', word('GETKEYS'), word('MSET'), pairs),
  command('LASTSAVE', 'x'),
  command('NOPE', some(value)),
  fc.constantFrom(['GET'], ['SET', 'a'], ['MSET', 'a'], ['MULTI', 'x'], ['EXEC', 'x'], ['OBJECT'], ['CLIENT']),
];

const subscriptions: readonly fc.Arbitrary<Request>[] = [
  command('SUBSCRIBE', some(fc.constantFrom('ch', 'ch2'), 1)),
  command('PSUBSCRIBE', some(fc.constantFrom('c*', 'ch?'), 1)),
  // With names: without, Redis tells them in the order of its hash table.
  command('UNSUBSCRIBE', some(fc.constantFrom('ch', 'ch2'), 1)),
  command('PUNSUBSCRIBE', some(fc.constantFrom('c*', 'ch?'), 1)),
];

const transactions: readonly fc.Arbitrary<Request>[] = [
  command('MULTI'),
  command('EXEC'),
  command('DISCARD'),
  command('WATCH', some(key, 1)),
  command('UNWATCH'),
];

/** One request of any family. */
export const anyRequest: fc.Arbitrary<Request> = fc.oneof(
  { weight: 8, arbitrary: fc.oneof(...strings) },
  { weight: 2, arbitrary: fc.oneof(...numbers) },
  { weight: 4, arbitrary: fc.oneof(...bits) },
  { weight: 8, arbitrary: fc.oneof(...keys) },
  { weight: 1, arbitrary: fc.oneof(...others) },
  { weight: 3, arbitrary: fc.oneof(...transactions) },
);

/** One request that may stand in a MULTI and act on keys. */
export const keyRequest: fc.Arbitrary<Request> = fc.oneof(
  { weight: 4, arbitrary: fc.oneof(...strings) },
  { weight: 1, arbitrary: fc.oneof(...numbers) },
  { weight: 2, arbitrary: fc.oneof(...bits) },
  { weight: 4, arbitrary: fc.oneof(...keys) },
);

/** One request of a client that listens. */
export const listenerRequest: fc.Arbitrary<Request> = fc.oneof(
  { weight: 3, arbitrary: fc.oneof(...subscriptions) },
  { weight: 2, arbitrary: fc.oneof(...others) },
  { weight: 1, arbitrary: fc.oneof(...strings, ...transactions) },
);
