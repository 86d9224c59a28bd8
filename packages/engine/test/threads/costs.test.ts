/** Counts of a fixed workload, which no machine and no load changes much: what makes them grow makes every put dearer. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./fixtures/costs-child.ts', import.meta.url));
const FLAGS = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256', '--conditions=source'];

interface Cost {
  readonly posts: number;
  readonly heapBytes: number;
}

test('a put costs the calling thread no more posts and bytes of heap than it did', () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [...FLAGS, '--import', 'tsx', CHILD], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const { one, fifty, thousand } = JSON.parse(stdout) as Record<'one' | 'fifty' | 'thousand', Cost>;
  // Each put of one caller is a batch of its own, and the next one carries its commit index.
  assert.ok(one.posts < 1.25, `${one.posts} posts a put of one caller`);
  assert.ok(fifty.posts < 0.4, `${fifty.posts} posts a put of 50 callers`);
  assert.ok(thousand.posts < 0.03, `${thousand.posts} posts a put of 1,000 callers`);
  assert.ok(thousand.heapBytes < 1_800, `${thousand.heapBytes} bytes a put of 1,000 callers`);
});
