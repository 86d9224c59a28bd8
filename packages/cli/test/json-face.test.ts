import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TypedValue } from '../src/server/commands.ts';
import {
  entryToJson,
  type JsonValue,
  keyFromJson,
  keyToJson,
  valueFromJson,
  valueToJson,
} from '../src/values/json-face.ts';
import { legibleJson, packStructured, readStructured } from '../src/values/structured.ts';

function throughJson(value: TypedValue): TypedValue {
  const face = JSON.parse(JSON.stringify(valueToJson(value))) as JsonValue;
  return valueFromJson(face.value, face.encoding, face.kind);
}

function unpack(bytes: Uint8Array): unknown {
  return readStructured(bytes)!.value;
}

function shown({ kind, bytes }: TypedValue): string {
  return `${kind} ${bytes.toString('hex')}`;
}

test('every kind goes through JSON and comes back byte for byte', () => {
  const values: TypedValue[] = [
    { kind: 'text', bytes: Buffer.from('Bogotá "x"\n') },
    { kind: 'text', bytes: Buffer.alloc(0) },
    { kind: 'text', bytes: Buffer.from([0xff, 0xe9]) },
    { kind: 'bytes', bytes: Buffer.from([0, 255, 10, 200]) },
    { kind: 'bytes', bytes: Buffer.from('plain') },
    { kind: 'number', bytes: Buffer.from('17') },
    { kind: 'number', bytes: Buffer.from('0.1') },
    { kind: 'number', bytes: Buffer.from('9007199254740993') },
    { kind: 'structured', bytes: packStructured({ a: [1, null, true, 'x'], b: {} }) },
    { kind: 'structured', bytes: packStructured('text') },
    { kind: 'structured', bytes: packStructured(5) },
  ];
  for (const value of values) assert.equal(shown(throughJson(value)), shown(value));
});

test('what JSON cannot say goes as msgpack', () => {
  const packed = packStructured({ when: new Date(0), big: 2n ** 70n, raw: Buffer.from('x'), map: new Map([[1, 2]]) });
  const face = valueToJson({ kind: 'structured', bytes: packed });
  assert.equal(face.encoding, 'msgpack');
  assert.equal(throughJson({ kind: 'structured', bytes: packed }).bytes.toString('hex'), packed.toString('hex'));
});

test('text that is no UTF-8 goes as base64, never mangled', () => {
  const face = valueToJson({ kind: 'text', bytes: Buffer.from([0xff]) });
  assert.deepEqual(face, { value: '/w==', encoding: 'base64', kind: 'text' });
});

test('a number too large for JSON to say is no number that can be incremented', () => {
  for (const text of ['1e999', '-1e999']) {
    const { kind, bytes } = valueFromJson(JSON.parse(text), undefined);
    assert.equal(kind, 'structured');
    assert.equal(unpack(bytes), Number(text));
  }
});

test('keys too', () => {
  assert.deepEqual(keyToJson(Buffer.from('ñ')), { key: 'ñ' });
  const face = keyToJson(Buffer.from([0xff, 0]));
  assert.deepEqual(face, { key: '/wA=', keyEncoding: 'base64' });
  assert.deepEqual(keyFromJson(face.key, face.keyEncoding), Buffer.from([0xff, 0]));
});

test('an entry tells version and deadline, and none it has not', () => {
  const entry = { kind: 'text', bytes: Buffer.from('v'), version: 3, expiresAt: 0 } as const;
  assert.deepEqual(entryToJson(Buffer.from('k'), entry), { key: 'k', value: 'v', kind: 'text', version: 3 });
  assert.equal(entryToJson(Buffer.from('k'), { ...entry, expiresAt: 99 }).expiresAt, 99);
});

test('records that are wrong say why', () => {
  const rows: [unknown, unknown, RegExp][] = [
    [undefined, undefined, /no "value"/],
    ['x', 'rot13', /unknown encoding "rot13"/],
    [5, 'base64', /must be a string/],
    ['***', 'base64', /broken base64/],
    [JSON.parse('{"__proto__":1}'), undefined, /__proto__/],
  ];
  for (const [value, encoding, message] of rows) assert.throws(() => valueFromJson(value, encoding), message);
  assert.throws(() => valueFromJson({ a: '\ud800' }, undefined), /lone surrogate/);
  let deep: unknown = 1;
  for (let i = 0; i < 600; i += 1) deep = [deep];
  assert.throws(() => valueFromJson(deep, undefined), /500 levels/);
  assert.throws(() => keyFromJson(undefined, undefined), /no "key"/);
  assert.throws(() => keyFromJson('a', 'hex'), /unknown keyEncoding/);
});

test('structured values are legible, whatever they hold', () => {
  const value = unpack(packStructured({ d: new Date(0), n: 2n ** 70n, b: Buffer.from('hi'), m: new Map([['k', 1]]) }));
  assert.equal(
    legibleJson(value),
    '{"d":"1970-01-01T00:00:00.000Z","n":"1180591620717411303424","b":"aGk=","m":{"k":1}}',
  );
});

test('a zero below zero stays one', () => {
  const value = valueFromJson(JSON.parse('{"n":-0}'), undefined);
  assert.ok(Object.is((unpack(value.bytes) as { n: number }).n, -0));
  assert.ok(Object.is(unpack(valueFromJson(-0, undefined).bytes), -0));
});

test('a structured value that cannot be read costs nothing but itself: it is bytes', () => {
  for (const hex of ['d6690000000191d67000000001', `${'91'.repeat(4_000)}c0`]) {
    const bytes = Buffer.from(hex, 'hex');
    const face = valueToJson({ kind: 'structured', bytes });
    assert.deepEqual(face, { value: bytes.toString('base64'), encoding: 'base64', kind: 'bytes' });
    assert.deepEqual(valueFromJson(bytes.toString('base64'), 'msgpack', 'structured'), { kind: 'bytes', bytes });
  }
});

test('what only looks like a Buffer in JSON is an object, and costs what it is', () => {
  const value = { type: 'Buffer', data: { length: 300_000_000 } };
  const before = process.memoryUsage().arrayBuffers;
  assert.equal(legibleJson(unpack(packStructured(value))), JSON.stringify(value));
  assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000);
});

test('legible, whatever strangers put there', () => {
  const rows: [unknown, string][] = [
    [new Map<unknown, unknown>([[{ toString: 1 }, 2]]), '[[{"toString":1},2]]'],
    [new Map([['__proto__', 1]]), '{"__proto__":1}'],
    [{ toJSON: 1 }, '{"toJSON":1}'],
    [new Map([[1n, new Set([/x/g])]]), '{"1":["/x/g"]}'],
    [[new Float64Array([1.5]), new Date(Number.NaN), new ArrayBuffer(1)], '[[1.5],null,"AA=="]'],
    [-(2n ** 1025n), `"-0x2${'0'.repeat(256)}"`],
  ];
  for (const [value, json] of rows) assert.equal(legibleJson(unpack(packStructured(value))), json);
  let keys: unknown = new Map([['k', 1]]);
  for (let level = 0; level < 200; level++) keys = new Map([[keys, level]]);
  assert.ok(legibleJson(unpack(packStructured(keys))).length < 10_000);
});
