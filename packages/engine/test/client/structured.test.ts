/**
 * Structured values are standard msgpack, and bytes of strangers are read within bounds: what is none of ours is bytes, and
 * nothing but the bytes that are there costs memory or depth.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect as inspectValue, promisify } from 'node:util';
import { decode, type ExtData, encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { OBJECTS_MAX } from '../../src/client/codec/msgpack-forms.ts';
import { packStructured, readStructured, structuredJson, unpackStructured } from '../../src/client/codec/structured.ts';
import { decodeValue } from '../../src/client/codec/values.ts';
import { ValueKind } from '../../src/core/data/operation.ts';
import { bytesToOneByte, oneByteToBytes } from '../../src/runtime/memory/one-byte.ts';

const run = promisify(execFile);
const pack = (value: unknown): Uint8Array => oneByteToBytes(packStructured(value));
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

const name = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => text !== '__proto__');
const anything = fc.anything({
  key: name,
  values: [
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0, 0xffffffff, 0x100000000, -0x80000000, -0x80000001),
    fc.bigInt(),
    fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }),
    // Node 20 says that two invalid dates differ.
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.constantFrom(/a+/gu, new Date(8.64e15), new Date(-1), new ArrayBuffer(3), new DataView(new ArrayBuffer(2))),
  ],
  withMap: true,
  withSet: true,
  withTypedArray: true,
  maxDepth: 4,
});
const storable = anything.filter((value) => value !== undefined);
/** What another msgpack has as it is. */
const plain = fc.jsonValue({ depthSize: 'medium', stringUnit: 'grapheme' }).filter((value) => {
  return !JSON.stringify(value).includes('"__proto__"');
});

describe('structured values', () => {
  it('come back as they were, whatever they hold', () => {
    const property = fc.property(storable, (value) => assert.deepStrictEqual(unpackStructured(pack(value)), value));
    fc.assert(property, { numRuns: 2000 });
  });

  it('an invalid date comes back as one', () => {
    const [date] = unpackStructured(pack([new Date(Number.NaN)])) as [Date];
    assert.ok(date instanceof Date && Number.isNaN(date.getTime()));
  });

  it('what JSON can say, another msgpack reads and writes as it is', () => {
    fc.assert(
      fc.property(plain, (value) => {
        // -0 and 0 are one to JSON.
        const sent: unknown = JSON.parse(JSON.stringify(value));
        assert.deepStrictEqual(decode(pack(sent)), sent);
        assert.deepStrictEqual(readStructured(encode(sent)), { value: sent, isJson: true });
        assert.equal(structuredJson(pack(sent)), JSON.stringify(sent));
      }),
      { numRuns: 1000 },
    );
  });

  it('what JSON cannot say is msgpack to others too, with the extension types that are documented', () => {
    fc.assert(
      fc.property(storable, (value) => {
        // Throws for bytes that are no msgpack; keys of Maps stand inside of extensions.
        decode(pack(value), { useBigInt64: true });
      }),
    );
    const when = new Date(1_700_000_000_123);
    assert.deepEqual(decode(pack({ when, ids: [2n ** 53n, 2n ** 63n] }), { useBigInt64: true }), {
      when,
      ids: [2n ** 53n, 2n ** 63n],
    });
    const held = (value: unknown): ExtData => (decode(pack([value])) as ExtData[])[0]!;
    assert.deepEqual(decode(held(new Set(['a', 1])).data as Uint8Array), ['a', 1]);
    assert.deepEqual(decode(held(new Map([['a', 1]])).data as Uint8Array), { a: 1 });
    assert.deepEqual(decode(held(/x/gi).data as Uint8Array), ['x', 'gi']);
    const types = [undefined, new Set(), new Map(), 2n ** 64n, new Float32Array(1), /x/].map(
      (value) => held(value).type,
    );
    assert.deepEqual(types, [1, 2, 3, 4, 5, 6]);
  });

  it('JSON is given only where it is exact', () => {
    for (const value of [new Date(0), 1n, -0, Number.NaN, [undefined], new Map(), new Set(), new Uint8Array(1)]) {
      assert.equal(structuredJson(pack({ value })), undefined);
    }
    assert.equal(structuredJson(pack({ a: [1, 'é', null, true, {}] })), '{"a":[1,"é",null,true,{}]}');
    assert.equal(structuredJson(hex('c1')), undefined);
    const isExact = fc.property(storable, (value) => {
      const json = structuredJson(pack(value));
      if (json !== undefined) assert.deepStrictEqual(JSON.parse(json), value);
    });
    fc.assert(isExact, { numRuns: 1000 });
  });

  it('maps of others, with keys that are no text, read as Map', () => {
    assert.deepStrictEqual(
      readStructured(hex('82 a1 61 01 02 03'))?.value,
      new Map<unknown, unknown>([
        ['a', 1],
        [2, 3],
      ]),
    );
  });

  it('a getter that packs another value meanwhile disturbs nothing', () => {
    const value = {
      get a() {
        return packStructured({ inner: 'x'.repeat(100) }).length;
      },
      b: 'y',
    };
    assert.deepStrictEqual(unpackStructured(pack(value)), { a: 109, b: 'y' });
  });

  it('more objects than can be read are refused', () => {
    const many = Array.from({ length: OBJECTS_MAX }, () => []);
    assert.throws(() => packStructured(many), { code: 'INVALID_VALUE', message: /more than 1000000 objects/ });
    many.pop();
    assert.equal((unpackStructured(pack(many)) as unknown[]).length, OBJECTS_MAX - 1);
  });
});

const HOSTILE: Readonly<Record<string, Uint8Array>> = {
  'an array that contains itself': hex('d66900000001 91 d67000000001'),
  '4,000 nested arrays': hex(`${'91'.repeat(4_000)}c0`),
  '501 nested arrays': hex(`${'91'.repeat(501)}c0`),
  'Sets nested as extensions': nestedSets(100_000),
  'an array of four billion': hex('ddffffffff'),
  'arrays that say they are as long as the rest': hex('dd00004000'.repeat(10_000)),
  'a map of four billion': hex('dfffffffff'),
  'bytes that are not there': hex('c6ffffffff00'),
  'text that is not there': hex('dbffffffff00'),
  'text that is no UTF-8': hex('a1ff'),
  __proto__: hex('81a95f5f70726f746f5f5f80'),
  'private records': hex('d4724091a16101'),
  'an extension of another length': hex('c703 02 90 9090'),
  'a Map that is an array': hex('d40390'),
  'a half of an element': hex('d5050400'),
  'a time beyond time': hex('c70cff 00000000 7fffffffffffffff'),
  'nothing at all': hex(''),
  'two values': hex('0101'),
};

/** ext 32 around ext 32 …: each with a head of six bytes. */
function nestedSets(levels: number): Uint8Array {
  const bytes = Buffer.alloc(levels * 6 + 1, 0xc0);
  for (let level = 0; level < levels; level++) {
    bytes[level * 6] = 0xc9;
    bytes.writeUInt32BE((levels - level - 1) * 6 + 1, level * 6 + 1);
    bytes[level * 6 + 5] = 2;
  }
  return Uint8Array.from(bytes);
}

/** How many values, characters and bytes there are in what was read. */
function weight(value: unknown): number {
  if (typeof value === 'string') return value.length || 1;
  if (typeof value !== 'object' || value === null) return 1;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength || 1;
  if (value instanceof Date || value instanceof RegExp) return 1;
  const held =
    value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.entries(value).flat();
  // The indexes of arrays are no bytes.
  const inner = Array.isArray(value) ? value : held;
  return inner.reduce<number>((total, item) => total + weight(item), 1);
}

const inspect = (value: unknown) =>
  inspectValue(value, { depth: null, maxArrayLength: null, maxStringLength: null, sorted: true });

function checkRead(bytes: Uint8Array): void {
  const before = Uint8Array.from(bytes);
  const read = readStructured(bytes);
  assert.deepStrictEqual(bytes, before);
  if (read === undefined) return;
  assert.ok(weight(read.value) <= bytes.length, 'no more than there are bytes');
  JSON.stringify(structuredJson(bytes) ?? null);
  // What can be read can be stored again, and is the same then (by its text: Node 20 calls invalid dates unequal).
  if (read.value !== undefined) assert.deepEqual(inspect(unpackStructured(pack(read.value))), inspect(read.value));
}

describe('bytes of strangers', () => {
  for (const [what, bytes] of Object.entries(HOSTILE)) {
    it(`${what}: bytes`, () => {
      assert.equal(readStructured(bytes), undefined);
      assert.deepStrictEqual(decodeValue(bytesToOneByte(bytes), ValueKind.structured), bytes);
    });
  }

  it('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), checkRead), { numRuns: 10_000 });
  });

  it('msgpack, mutated', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'insert', 'remove', 'repeat'));
    const mutated = fc.tuple(storable, fc.array(change, { minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(mutated, ([value, changes]) => checkRead(Uint8Array.from(changes.reduce(mutate, [...pack(value)])))),
      { numRuns: 5_000 },
    );
  });

  it('a megabyte of the forms that weigh most fits a small heap', async () => {
    const file = fileURLToPath(new URL('./structured-memory.ts', import.meta.url));
    const { stdout } = await run(process.execPath, ['--max-old-space-size=256', '--import', 'tsx', file]);
    assert.equal(stdout, 'read 8');
  });
});

function mutate(bytes: number[], [place, byte, how]: [number, number, string]): number[] {
  const at = place % (bytes.length + 1);
  if (how === 'set') bytes.splice(at, 1, byte);
  else if (how === 'insert') bytes.splice(at, 0, byte);
  else if (how === 'remove') bytes.splice(at, 1 + (byte % 4));
  else bytes.splice(at, 0, ...bytes.slice(at, at + 1 + (byte % 16)));
  return bytes;
}
