/** Strings combined bit by bit: what comes out, and what is looked at for it. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import fc from 'fast-check';
import { type BitOperator, bitWork, combined, inverted, longestOf } from '../src/text/bit-operation.ts';

const OPERATORS: readonly BitOperator[] = ['AND', 'OR', 'XOR'];

/** Byte by byte, as the manual says. */
function plainly(operator: BitOperator, values: readonly string[], length: number): string {
  const bytes = Array.from({ length }, (_, at) => {
    const column = values.map((value) => (at < value.length ? value.charCodeAt(at) : 0));
    if (operator === 'AND') return column.reduce((one, other) => one & other);
    if (operator === 'OR') return column.reduce((one, other) => one | other);
    return column.reduce((one, other) => one ^ other);
  });
  return Buffer.from(bytes).toString('latin1');
}

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString('latin1'));

test('bit operation: as byte by byte', () => {
  fc.assert(
    fc.property(fc.constantFrom(...OPERATORS), fc.array(bytes, { minLength: 1, maxLength: 6 }), (operator, values) => {
      const length = longestOf(values);
      assert.equal(combined(operator, values, length), plainly(operator, values, length));
    }),
  );
  fc.assert(fc.property(bytes, (value) => assert.equal(inverted(inverted(value)), value)));
  assert.equal(inverted('\x00\xf0\xff'), '\xff\x0f\x00');
});

test('bit operation: over the edges of pieces, and with a length that no value has', () => {
  const long = 'ab\xffcd'.repeat(30_000);
  const short = '\x0f'.repeat(65_537);
  for (const operator of OPERATORS) {
    const values = [long, short, `${short}\x01`];
    assert.equal(combined(operator, values, long.length), plainly(operator, values, long.length));
    assert.equal(combined(operator, [...values].reverse(), long.length), plainly(operator, values, long.length));
  }
  assert.equal(combined('XOR', [], 3), '\0\0\0');
});

test('bit operation: nothing is looked at beyond the ends of values, and that is what bitWork says', () => {
  const big = 'x'.repeat(200_000);
  const values = [big, ...Array.from({ length: 100 }, () => ''), 'ab', big];
  for (const operator of OPERATORS) {
    for (const some of [values, [big, big, 'abc']]) {
      const write = mock.method(Buffer.prototype, 'write');
      combined(operator, some, big.length);
      let looked = 0;
      for (const call of write.mock.calls) looked += (call.arguments[0] as string).length;
      write.mock.restore();
      assert.equal(looked, bitWork(operator, some));
      assert.ok(looked <= 400_003);
    }
  }
  assert.equal(bitWork('AND', values), 0);
});
