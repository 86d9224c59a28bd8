/** ThreadTime: of this thread, where the system tells; else nothing is known. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { currentThread, waitedMs } from '../../src/runtime/threads/thread-time.ts';

test('a thread that computes waits no less than before, and its number is that of a thread of this process', (t) => {
  if (!existsSync('/proc/thread-self/schedstat')) return t.skip('the system does not tell');
  const thread = currentThread();
  assert.ok(existsSync(`/proc/self/task/${thread}`));
  const before = waitedMs(thread);
  assert.ok(before >= 0);
  assert.ok(waitedMs(thread) >= before);
});

test('of a thread that is not known, or is gone, nothing is known', () => {
  assert.ok(Number.isNaN(waitedMs(0)));
  assert.ok(Number.isNaN(waitedMs(2 ** 30)));
});
