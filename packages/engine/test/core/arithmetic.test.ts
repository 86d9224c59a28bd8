/** Numbers as decimal text: what counts as one, and how two are added. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addFloat, addInteger, floatText } from '../../src/core/data/arithmetic.ts';
import { Status } from '../../src/core/data/result.ts';

const [MIN, MAX] = [-(2n ** 63n), 2n ** 63n - 1n];

test('any two 64-bit integers are added exactly, and a sum of more bits is an overflow', () => {
  const int64 = fc.bigInt({ min: MIN, max: MAX });
  fc.assert(
    fc.property(int64, int64, (a, b) => {
      const sum = a + b;
      assert.equal(addInteger(`${a}`, `${b}`, false), sum < MIN || sum > MAX ? Status.overflow : `${sum}`);
    }),
  );
});

test('where it must be safe, a sum that a double does not tell from its neighbours is an overflow', () => {
  const max = Number.MAX_SAFE_INTEGER;
  assert.equal(addInteger(`${max - 1}`, '1', true), `${max}`);
  assert.equal(addInteger(`${max}`, '1', true), Status.overflow);
  assert.equal(addInteger(`${-max}`, '-1', true), Status.overflow);
  assert.equal(addInteger(`${max}`, '1', false), '9007199254740992');
});

test('integers are what Redis takes for one', () => {
  for (const text of ['', ' 1', '1 ', '+1', '01', '-0', '1.0', '1e3', '0x1', '9223372036854775808', '1'.repeat(30)]) {
    assert.equal(addInteger(text, '1', false), Status.notANumber, `${text} is none`);
  }
  for (const [text, sum] of [
    ['0', '1'],
    ['-1', '0'],
    ['-9223372036854775808', '-9223372036854775807'],
  ] as const) {
    assert.equal(addInteger(text, '1', false), sum);
  }
});

test('decimals are added as decimals', () => {
  assert.equal(addFloat('0.1', 0.2), '0.3');
  assert.equal(addFloat('10.50', 0.1), '10.6');
  assert.equal(addFloat('-0.1', 0.1), '0');
  assert.equal(addFloat('5.0e3', 200), '5200');
  assert.equal(addFloat('0', 1e-7), '0.0000001');
  assert.equal(addFloat('1', -2.5e-9), '0.9999999975');
  const cents = fc.integer({ min: -1_000_000, max: 1_000_000 });
  fc.assert(
    fc.property(cents, cents, (a, b) => {
      assert.equal(Number(addFloat((a / 100).toFixed(2), b / 100)), (a + b) / 100);
    }),
  );
});

test('what is no number is refused, and what no double holds is an overflow', () => {
  for (const text of ['', 'a', '1 ', '1e', '.', 'inf', 'NaN', `1${'0'.repeat(600)}`]) {
    assert.equal(addFloat(text, 1), Status.notANumber, `${text} is none`);
  }
  assert.equal(addFloat('1.7e308', 1.7e308), Status.overflow);
});

test('the text of a double has no exponent and reads back as the same double', () => {
  assert.equal(floatText(1e21), '1000000000000000000000');
  assert.equal(floatText(1.5e-7), '0.00000015');
  assert.equal(floatText(-0), '0');
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = floatText(value);
      assert.match(text, /^-?[0-9]+(\.[0-9]+)?$/);
      assert.equal(Number(text), value === 0 ? 0 : value);
    }),
  );
});
