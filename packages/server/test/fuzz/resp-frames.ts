/** Requests as an attacker would make them: known commands with arguments that provoke, and framing that lies. */
import { COMMANDS } from '../../src/commands/table.ts';
import { request } from '../support/fake-transport.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';

interface Form {
  readonly words: readonly string[];
  readonly arity: number;
}

/** Every command and subcommand of the table. */
const FORMS: readonly Form[] = [...COMMANDS.values()].flatMap((command) => [
  { words: [command.spec.name], arity: command.spec.arity },
  ...[...command.subcommands.values()].map(({ spec }) => ({
    words: [command.spec.name, spec.name],
    arity: spec.arity,
  })),
]);

/** Those that end a connection, or clear everything: often enough to be met, seldom enough to let others come first. */
const SELDOM: ReadonlySet<string> = new Set(['quit', 'client kill', 'shutdown', 'flushall', 'flushdb', 'reset']);

const KEYS = Array.from({ length: 24 }, (_, index) => `key:${index}`);

const WORDS: readonly string[] = [
  ...['EX', 'PX', 'EXAT', 'PXAT', 'NX', 'XX', 'GT', 'LT', 'GET', 'KEEPTTL', 'PERSIST', 'MATCH', 'COUNT', 'TYPE', 'BIT'],
  ...['BYTE', 'LEN', 'IDX', 'MINMATCHLEN', 'WITHMATCHLEN', 'REPLACE', 'DB', 'ASYNC', 'SYNC', 'SAMPLES', 'string', 'ON'],
  ...[
    'OFF',
    'SKIP',
    'YES',
    'NO',
    'ID',
    'ADDR',
    'SKIPME',
    'AUTH',
    'SETNAME',
    'default',
    'KEx',
    'KEA',
    'FILTERBY',
    'ALL',
  ],
  ...['WRITE', 'kill', 'hang', 'n1', 'PREFIX', 'KEYSONLY', 'TTL', 'KIND', 'IFVERSION', 'maxclients', 'all', 'TIMEOUT'],
  ...['notify-keyspace-events', 'slowlog-max-len', 'slowlog-log-slower-than', 'PATTERN', 'ACLCAT', '__keyspace@0__:*'],
];

const NUMBERS: readonly string[] = [
  ...[
    '0',
    '1',
    '-1',
    '2',
    '3',
    '7',
    '8',
    '10',
    '16',
    '100',
    '512',
    '1023',
    '4096',
    '65535',
    '131071',
    '-0',
    '+1',
    '01',
  ],
  ...['2147483647', '2147483648', '4294967296', '9007199254740991', '9007199254740993', '9223372036854775807'],
  ...['-9223372036854775808', '9223372036854775808', '18446744073709551616', '1e3', '1e400', '1.5', '-1.5', '0x10'],
  ...['nan', 'inf', '-inf', '1.0000000000000000000001', '.', '1.', '', ' 1', '1 ', '4503599627370496'],
];

const PATTERNS: readonly string[] = [
  '*',
  '?',
  'key:*',
  '[a-z]*',
  '[^k]*',
  '[',
  '[a',
  '\\',
  '*a*a*a*a*a*b',
  '*?*?*?*?',
  '[]-a]',
];

const FRAMINGS: readonly string[] = [
  ...[
    '*-1\r\n',
    '*0\r\n',
    '*1\r\n',
    '*1048577\r\n',
    '*1048576\r\n',
    '*-2147483648\r\n',
    '*1\r\n$-1\r\n',
    '*1\r\n$-2\r\n',
  ],
  ...[
    '*1\r\n$0\r\n\r\n',
    '*2\r\n$3\r\nGET\r\n',
    '*1\r\n*1\r\n$4\r\nPING\r\n',
    '*3\r\n$3\r\nSET\r\n:1\r\n',
    '*x\r\n',
    '*\r\n',
    '$4\r\nPING\r\n',
  ],
  ...[
    '*1\r\n$9999999999\r\n',
    '*1\r\n$33554433\r\n',
    '*1\n$4\nPING\n',
    '\r\n',
    '\n\n\n',
    '"',
    'SET k "a',
    "'a'b",
    '\0',
    '>1\r\n',
    '%1\r\n',
  ],
  ...[
    '*1\r\n$4\r\nPINGxx',
    `*1\r\n$${'0'.repeat(30)}4\r\nPING\r\n`,
    '*18446744073709551617\r\n',
    'POST / HTTP/1.1\r\n',
    'Host: x\r\n',
  ],
];

const SCENES: readonly (readonly (readonly string[])[])[] = [
  [['MULTI'], ['INCR', 'key:1'], ['RENAME', 'key:1', 'key:2'], ['FLUSHALL'], ['SCAN', '0'], ['EXEC']],
  [['WATCH', 'key:1', 'key:2'], ['MULTI'], ['SET', 'key:1', 'x'], ['GETDEL', 'key:2'], ['EXEC']],
  [['SUBSCRIBE', 'a', 'b'], ['PUBLISH', 'a', 'x'], ['PING'], ['UNSUBSCRIBE']],
  [['HELLO', '3'], ['PSUBSCRIBE', '*'], ['PUBLISH', 'a', 'x'], ['MULTI'], ['PUBLISH', 'b', 'y'], ['EXEC']],
  [
    ['CONFIG', 'SET', 'notify-keyspace-events', 'KEA'],
    ['PSUBSCRIBE', '__key*'],
    ['SET', 'key:1', '1', 'PX', '1'],
  ],
  [['CLIENT', 'REPLY', 'SKIP'], ['PING'], ['CLIENT', 'REPLY', 'OFF'], ['PING'], ['CLIENT', 'REPLY', 'ON']],
  [
    ['CLIENT', 'PAUSE', '100', 'WRITE'],
    ['SET', 'key:1', '2'],
    ['CLIENT', 'UNPAUSE'],
  ],
];

function argument(random: Random): string {
  const roll = random.below(20);
  if (roll < 8) return random.pick(KEYS);
  if (roll < 12) return random.pick(NUMBERS);
  if (roll < 16) return random.pick(WORDS);
  if (roll < 17) return random.pick(PATTERNS);
  if (roll < 19) return random.bytes(random.below(30));
  return random.pick(['x', '\r\n', '\0', 'ab']).repeat(random.below(random.chance(5) ? 8000 : 300));
}

function knownCommand(random: Random): string[] {
  let form = random.pick(FORMS);
  if (SELDOM.has(form.words.join(' ')) && random.chance(95)) form = FORMS[0]!;
  const least = Math.abs(form.arity) - form.words.length;
  let count = Math.max(0, least) + (form.arity < 0 ? random.below(5) : 0);
  if (random.chance(5)) count = random.below(40);
  const args = Array.from({ length: count }, () => argument(random));
  // What most commands want first is a key.
  if (args.length > 0 && random.chance(60)) args[0] = random.pick(KEYS);
  const words = random.chance(50) ? form.words : form.words.map((word) => word.toUpperCase());
  return [...words, ...args];
}

function inline(args: readonly string[]): string {
  return `${args.map((arg) => (/^[\w:*-]+$/.test(arg) ? arg : JSON.stringify(arg))).join(' ')}\r\n`;
}

/** One frame or a scene of a few, and how many they are. */
function wellFormed(random: Random): string {
  if (random.chance(5))
    return random
      .pick(SCENES)
      .map((args) => request(...args))
      .join('');
  const args = random.chance(3) ? [random.bytes(1 + random.below(10)), argument(random)] : knownCommand(random);
  return random.chance(4) ? inline(args) : request(...args);
}

/** What one client sends: frames of which about one in `sound` breaks the framing. */
export function respFrames(random: Random, count: number, sound: number): string {
  let text = '';
  for (let index = 0; index < count; index++) {
    if (random.below(sound) > 0) text += wellFormed(random);
    else text += random.chance(50) ? random.pick(FRAMINGS) : mutate(random, wellFormed(random));
  }
  return text;
}
