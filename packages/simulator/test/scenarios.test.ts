/** The text scenarios give the traces written down. `pnpm simulate --rewrite` writes them down again; review the diff. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { playFolder } from '../src/index.ts';

for (const { name, expected, actual } of playFolder(fileURLToPath(new URL('scenarios/', import.meta.url)))) {
  test(name, () => {
    assert.equal(actual, expected);
    assert.ok(!actual.includes('VIOLATION'), 'no property is violated');
  });
}
