import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isWithinBounds } from '../src/http/json-bounds.ts';

const within = (json: string): boolean => isWithinBounds(Buffer.from(json));

test('levels and objects are counted before JSON is parsed', () => {
  assert.ok(within(`${'['.repeat(500)}${']'.repeat(500)}`));
  assert.ok(!within(`${'['.repeat(501)}${']'.repeat(501)}`));
  assert.ok(!within('['.repeat(501)));
  assert.ok(!within('{"a":'.repeat(501)));
  assert.ok(within(`[${'[],'.repeat(999_999)}]`));
  assert.ok(!within(`[${'[],'.repeat(1_000_000)}]`));
});

test('what stands in strings does not count', () => {
  for (const text of [
    '['.repeat(600),
    `\\"${'{'.repeat(600)}`,
    `${'\\'.repeat(3)}${'['.repeat(600)}`,
    '"['.repeat(600),
  ]) {
    assert.ok(within(JSON.stringify({ [text]: [text] })));
    assert.ok(!within(`${JSON.stringify(text)}${'['.repeat(501)}`));
  }
  // A document is within the bounds whatever its strings are.
  fc.assert(fc.property(fc.jsonValue(), (value) => within(JSON.stringify(value))));
});
