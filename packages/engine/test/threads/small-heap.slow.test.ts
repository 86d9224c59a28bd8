/** Values that are longer than the heap of the thread that asks for them: they are outside of it, and the process lives. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const FIXTURE = fileURLToPath(new URL('./fixtures/small-heap.mjs', import.meta.url));

test('a handle in a thread with a small heap answers long values', { timeout: 120_000 }, async () => {
  const child = spawn(process.execPath, ['--conditions=source', FIXTURE], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => {
    said = (said + text).slice(-4000);
  });
  const [code, signal] = await once(child, 'close');
  assert.equal(code, 0, `ended with ${code ?? signal}: ${said}`);
});
