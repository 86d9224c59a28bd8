import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_BYTES_MIN } from '@quintet/engine/internal';
import fc from 'fast-check';
import { Decoder, type DecoderLimits } from '../../src/resp/decoder.ts';

const LIMITS: DecoderLimits = {
  requestArguments: 1_048_576,
  bulkBytes: 32 * 1024 * 1024,
  requestBytes: 64 * 1024 * 1024,
  lineBytes: 65_536,
};

interface Outcome {
  requests: string[][];
  error: string | null;
}

/** Feeds `input` cut at `cuts` (ascending), pulling after each piece. */
function decode(input: string, cuts: readonly number[] = [], setup: (decoder: Decoder) => void = () => {}): Outcome {
  const bytes = Buffer.from(input, 'latin1');
  const decoder = new Decoder(LIMITS);
  setup(decoder);
  const requests: string[][] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    // A copy that is overwritten later shows whether anything was kept by reference.
    decoder.feed(Buffer.from(bytes.subarray(from, cut)));
    for (let args = decoder.next(); args !== null; args = decoder.next()) {
      for (const [place, block] of decoder.blocks ?? []) args[place] = block.text();
      requests.push(args);
    }
    from = cut;
  }
  return { requests, error: decoder.error };
}

function decodeEveryWay(input: string): Outcome {
  const whole = decode(input);
  const cuts = Array.from({ length: Math.min(input.length, 70_000) - 1 }, (_, index) => index + 1);
  assert.deepEqual(decode(input, cuts), whole, 'byte by byte');
  for (const step of [2, 3, 7, 11]) {
    assert.deepEqual(
      decode(
        input,
        cuts.filter((cut) => cut % step === 0),
      ),
      whole,
      `in pieces of ${step}`,
    );
  }
  return whole;
}

function encode(...args: string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

test('decoder: a GET that is seen is what would be read', () => {
  const get = fc.oneof(
    fc.tuple(
      fc.constantFrom('GET', 'get', 'gEt', 'SET', 'GETT', 'G\xc5T'),
      fc.string({ unit: 'binary', maxLength: 12 }),
    ),
    fc.constant<[string, string]>(['GET', 'k'.repeat(1000)]),
  );
  const part = fc.oneof(
    get.map(([name, key]) => encode(name, Buffer.from(key).toString('latin1'))),
    fc.constantFrom(
      'GET k\r\n',
      '*2\r\n$3\r\nGET\r\n$-1\r\n',
      '*2\r\n$3\r\nGET\r\n$01\r\nk\r\n',
      '\r\n',
      '*1\r\n$4\r\nPING\r\n',
    ),
    fc.string({ unit: 'binary', maxLength: 5 }),
  );
  let seen = 0;
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.nat(), (parts, cut) => {
      const bytes = Buffer.from(parts.join(''), 'latin1');
      const at = bytes.length === 0 ? 0 : cut % bytes.length;
      const [plain, quick] = [new Decoder(LIMITS), new Decoder(LIMITS)];
      for (const piece of [bytes.subarray(0, at), bytes.subarray(at)]) {
        plain.feed(Buffer.from(piece));
        quick.feed(Buffer.from(piece));
        for (;;) {
          let args: string[] | null;
          if (quick.seesGet()) {
            const { bytes: fed, from, length } = quick.keyOfGet;
            args = ['get', Buffer.from(fed.subarray(from, from + length)).toString('latin1')];
            quick.skipGet();
            seen++;
          } else args = quick.next();
          const wanted = plain.next();
          if (args?.length === 2 && args[0]!.toLowerCase() === 'get') args[0] = wanted![0]!;
          assert.deepEqual(args, wanted);
          if (args === null) break;
        }
        assert.equal(quick.error, plain.error);
        assert.equal(quick.bufferedBytes, plain.bufferedBytes);
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(seen > 100, `${seen} were`);
});

const REQUESTS: readonly [name: string, input: string, requests: string[][]][] = [
  ['one', encode('GET', 'k'), [['GET', 'k']]],
  [
    'two',
    encode('GET', 'k') + encode('SET', 'a', 'b'),
    [
      ['GET', 'k'],
      ['SET', 'a', 'b'],
    ],
  ],
  ['an empty argument', encode('ECHO', ''), [['ECHO', '']]],
  [
    'every byte',
    encode('ECHO', String.fromCharCode(...Array(256).keys())),
    [['ECHO', String.fromCharCode(...Array(256).keys())]],
  ],
  ['line ends inside an argument', encode('SET', 'a\r\nb', '\r\n'), [['SET', 'a\r\nb', '\r\n']]],
  ['empty requests ask for nothing', `*0\r\n*-1\r\n${encode('PING')}*-5\r\n`, [['PING']]],
  ['the two bytes after an argument are not looked at', '*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n', [['PING'], ['PING']]],
  ['inline', 'PING\r\n', [['PING']]],
  [
    'inline without carriage return',
    'GET foo\nGET bar\n',
    [
      ['GET', 'foo'],
      ['GET', 'bar'],
    ],
  ],
  ['inline with blanks', '  SET \t a   b \r\n', [['SET', 'a', 'b']]],
  ['empty lines', '\r\n\n  \r\nPING\r\n', [['PING']]],
  ['inline with double quotes', 'SET k "a b\\n\\x41\\"\\\\\\q"\r\n', [['SET', 'k', 'a b\nA"\\q']]],
  ['inline with single quotes', "SET k 'a \\n \\' b'\r\n", [['SET', 'k', "a \\n ' b"]]],
  ['an empty quoted argument', 'SET k ""\r\n', [['SET', 'k', '']]],
  ['a quote within a word', 'SET k a"b c"\r\n', [['SET', 'k', 'ab c']]],
  ['all escapes', 'ECHO "\\n\\r\\t\\b\\a\\xzz\\x4"\r\n', [['ECHO', '\n\r\t\b\x07xzzx4']]],
  ['inline and multibulk by turns', `PING\r\n${encode('PING')}PING\r\n`, [['PING'], ['PING'], ['PING']]],
  ['nothing', '', []],
  ['a partial request', '*2\r\n$3\r\nGET\r\n$5\r\nab', []],
];

for (const [name, input, requests] of REQUESTS) {
  test(`decoder: ${name}`, () => {
    assert.deepEqual(decodeEveryWay(input), { requests, error: null });
  });
}

const ERRORS: readonly [name: string, input: string, error: string][] = [
  ['a count that is no number', '*foo\r\n', 'invalid multibulk length'],
  ['a count with a blank', '* 1\r\n', 'invalid multibulk length'],
  ['a count with a leading zero', '*01\r\n', 'invalid multibulk length'],
  ['a count with a plus', '*+1\r\n', 'invalid multibulk length'],
  ['no count', '*\r\n', 'invalid multibulk length'],
  ['a count too high', '*3000000000\r\n', 'invalid multibulk length'],
  ['a count just too high', '*1048577\r\n', 'invalid multibulk length'],
  ['a count of 25 digits', '*1234567890123456789012345\r\n', 'invalid multibulk length'],
  ['no dollar', '*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n', "expected '$', got 'f'"],
  ['a star for a dollar', '*1\r\n*1\r\n', "expected '$', got '*'"],
  ['an empty line for a dollar', '*1\r\n\r\n', "expected '$', got '\r'"],
  ['a negative length', '*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$-10\r\n', 'invalid bulk length'],
  ['a length too high', '*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$2000000000\r\n', 'invalid bulk length'],
  ['a length that is no number', '*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$blabla\r\n', 'invalid bulk length'],
  ['unbalanced double quotes', 'set """test-key""" test-value\r\n', 'unbalanced quotes in request'],
  ['unterminated single quotes', "set 'a\r\n", 'unbalanced quotes in request'],
  ['text behind a closing quote', 'set "a"b c\r\n', 'unbalanced quotes in request'],
];

for (const [name, input, error] of ERRORS) {
  test(`decoder refuses ${name}`, () => {
    const outcome = decodeEveryWay(`${encode('PING')}${input}${encode('PING')}`);
    assert.deepEqual(outcome, { requests: [['PING']], error: `Protocol error: ${error}` });
  });
}

const TOO_LONG: readonly [name: string, mark: string, error: string][] = [
  ['an inline line', 'x', 'too big inline request'],
  ['an inline line that begins with NUL', '\0', 'too big inline request'],
  ['a count', '*', 'too big mbulk count string'],
  ['a length', '*1\r\n$', 'too big bulk count string'],
];

for (const [name, mark, error] of TOO_LONG) {
  test(`decoder refuses ${name} that does not end, at once and byte by byte, in linear time`, () => {
    const input = mark + 'A'.repeat(65_600);
    assert.deepEqual(decodeEveryWay(input), { requests: [], error: `Protocol error: ${error}` });
    assert.equal(decode(mark + 'A'.repeat(60_000)).error, null);
  });
}

test('decoder: tight limits before AUTH', () => {
  const before = (decoder: Decoder): void => {
    decoder.authenticated = false;
  };
  assert.deepEqual(decode(encode('AUTH', 'x'.repeat(16_384)), [], before).requests.length, 1);
  assert.equal(decode('*11\r\n', [], before).error, 'Protocol error: unauthenticated multibulk length');
  assert.equal(
    decode('*2\r\n$4\r\nAUTH\r\n$16385\r\n', [], before).error,
    'Protocol error: unauthenticated bulk length',
  );
  assert.equal(decode('*2\r\n$4\r\nAUTH\r\n$16385\r\n').error, null);
});

test('decoder bounds a request as a whole', () => {
  const part = 'x'.repeat(30 * 1024 * 1024);
  const outcome = decode(
    `*4\r\n$1\r\na\r\n$${part.length}\r\n${part}\r\n$${part.length}\r\n${part}\r\n$${part.length}\r\n`,
  );
  assert.equal(outcome.error, 'Protocol error: too big request');
  // Many empty arguments weigh as well: they are objects.
  const empty = decode(`*1000000\r\n${'$0\r\n\r\n'.repeat(1_000_000)}`);
  assert.equal(empty.requests[0]?.length, 1_000_000);
});

test('decoder: random requests, cut at random, come out whole', () => {
  const argument = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.integer({ min: 0, max: 200_000 }).map((length) => 'v'.repeat(length)),
  );
  const requests = fc.array(fc.array(argument, { minLength: 1, maxLength: 6 }), { maxLength: 12 });
  fc.assert(
    fc.property(requests, fc.array(fc.nat(), { maxLength: 20 }), (wanted, cuts) => {
      const input = wanted.map((args) => encode(...args)).join('');
      const places = [...new Set(cuts.map((cut) => cut % (input.length + 1)))].sort((a, b) => a - b);
      assert.deepEqual(decode(input, places), { requests: wanted, error: null });
    }),
    { numRuns: 150 },
  );
});

test('decoder: any bytes give requests or an error, the same however they are cut', () => {
  const piece = fc.oneof(
    fc.constantFrom('*', '$', '\r\n', '\n', '\r', '1', '2', '0', '-1', '"', "'", '\\x4', 'PING', ' ', '\0'),
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const outcome = decodeEveryWay(pieces.join(''));
      for (const args of outcome.requests) assert.ok(args.length > 0);
    }),
    { numRuns: 2000 },
  );
});

test('decoder: a large argument in small pieces is taken in linear time and space', () => {
  const value = 'x'.repeat(16 * 1024 * 1024);
  const input = encode('SET', 'k', value) + encode('GET', 'k');
  const cuts = Array.from({ length: Math.floor(input.length / 4096) }, (_, index) => (index + 1) * 4096);
  const start = performance.now();
  const { requests } = decode(input, cuts);
  assert.equal(requests[0]?.[2] === value, true);
  assert.deepEqual(requests[1], ['GET', 'k']);
  // Quadratic work would be 4096 × 8 MiB of copying: many seconds.
  assert.ok(performance.now() - start < 2000);
});

test('decoder: what is paused keeps its place', () => {
  const decoder = new Decoder(LIMITS);
  decoder.feed(Buffer.from(encode('A') + encode('B') + encode('C').slice(0, 5), 'latin1'));
  assert.deepEqual(decoder.next(), ['A']);
  decoder.feed(Buffer.from(encode('C').slice(5) + encode('D'), 'latin1'));
  assert.deepEqual(decoder.next(), ['B']);
  assert.deepEqual(decoder.next(), ['C']);
  assert.deepEqual(decoder.next(), ['D']);
  assert.equal(decoder.next(), null);
  assert.equal(decoder.bufferedBytes, 0);
});

test('decoder: large arguments become blocks, wherever they are and however they are cut up', () => {
  const [below, at, above] = [BLOCK_BYTES_MIN - 1, BLOCK_BYTES_MIN, BLOCK_BYTES_MIN + 1].map((length) =>
    Buffer.alloc(length, 'abc\r\n$5*').toString('latin1'),
  ) as [string, string, string];
  const wanted = [
    ['SET', 'k', below],
    ['SET', 'k', at],
    ['MSET', 'a', above, 'b', 'small', 'c', at],
    [above, 'x'],
    ['GET', 'k'],
  ];
  const input = wanted.map((args) => encode(...args)).join('');
  for (const step of [65_536, 65_535, 1_000_003, 1_048_589, input.length]) {
    const cuts = Array.from({ length: Math.ceil(input.length / step) - 1 }, (_, index) => (index + 1) * step);
    const { requests, error } = decode(input, cuts);
    assert.equal(error, null);
    assert.equal(requests.length, wanted.length);
    for (const [index, args] of wanted.entries()) {
      assert.ok(
        args.every((arg, place) => requests[index]![place] === arg),
        `request ${index} in pieces of ${step}`,
      );
    }
  }
});

test('decoder: only large arguments are blocks, and only of the request given last', () => {
  const decoder = new Decoder(LIMITS, 2);
  const large = 'x'.repeat(BLOCK_BYTES_MIN);
  decoder.feed(
    Buffer.from(encode('SET', 'k', large) + encode('SET', 'k', large.slice(1)) + encode('GET', 'k'), 'latin1'),
  );
  const args = decoder.next()!;
  assert.deepEqual([...decoder.blocks!.keys()], [2]);
  assert.equal(decoder.blocks!.get(2)!.text() === large, true);
  assert.match(args[2]!, /^x{128}\.\.\. \(1048448 more bytes\)$/);
  assert.equal(decoder.lastRequestBytes >= large.length, true);
  assert.equal(decoder.next()![2] === large.slice(1), true);
  assert.equal(decoder.blocks, null);
  decoder.next();
  assert.equal(decoder.blocks, null);
  assert.equal(decoder.bufferedBytes, 0);
});

test('decoder: memory for a large argument is taken once a part of it has come', () => {
  const decoder = new Decoder(LIMITS, 2);
  decoder.feed(Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${LIMITS.bulkBytes}\r\n`));
  assert.equal(decoder.next(), null);
  decoder.feed(Buffer.alloc(BLOCK_BYTES_MIN - 1, 'x'));
  assert.equal(decoder.next(), null);
  assert.ok(decoder.bufferedBytes < 1.1 * BLOCK_BYTES_MIN);
  decoder.feed(Buffer.alloc(1, 'x'));
  assert.equal(decoder.next(), null);
  // Its own and two copies.
  assert.ok(decoder.bufferedBytes >= 3 * BLOCK_BYTES_MIN);
});
