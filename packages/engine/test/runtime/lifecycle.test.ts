/** The runtime's own life: starting, failing to start, closing, breaking, and what keeps the process alive. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { KvError } from '../../src/core/protocol/errors.ts';
import { RelayCluster } from './fixtures/relay-cluster.ts';

const SCRIPT = new URL('./fixtures/script.ts', import.meta.url).pathname;

/** Runs a script as a process; killed (code null) if it does not end by itself. */
function run(name: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const args = ['--conditions=source', '--import', 'tsx', SCRIPT, name];
    const child = execFile(process.execPath, args, { timeout: 20_000 }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

test('a process that forgets close() ends by itself', async () => {
  assert.deepEqual(await run('forgets'), { code: 0, stdout: 'done\n', stderr: '' });
});

test('a call under way keeps the process alive', async () => {
  assert.deepEqual(await run('awaits'), { code: 0, stdout: 'answered\n', stderr: '' });
});

test('a start keeps the process alive', async () => {
  assert.deepEqual(await run('starts'), { code: 0, stdout: 'ready\n', stderr: '' });
});

test('a hold keeps the process alive until it is released', async () => {
  assert.deepEqual(await run('holds'), { code: 0, stdout: 'released\n', stderr: '' });
});

test('close() does not wait for a hung node', async () => {
  assert.deepEqual(await run('hangs'), { code: 0, stdout: 'closed\n', stderr: '' });
});

test('a broken master nobody listens for ends the process', async () => {
  const { code, stderr } = await run('breaks');
  assert.equal(code, 1);
  assert.match(stderr, /the master breaks/);
});

test('a broken master: calls fail, the listener hears why, the runtime closes', async () => {
  const cluster = await RelayCluster.start({ nodes: 2 });
  const heard = new Promise<Error>((resolve) => cluster.runtime.onFatal(resolve));
  cluster.runtime.faults.slow(1, 100);
  const underWay = assert.rejects(cluster.put(0), /CLOSED_IN_FLIGHT/);
  const breaking = assert.rejects(cluster.call(0, { verb: 'clear', key: '' }), /CLOSED_IN_FLIGHT/);
  await Promise.all([underWay, breaking]);
  assert.equal((await heard).message, 'the master breaks');
  await assert.rejects(cluster.put(0), /CLOSED/);
  await cluster.runtime.close();
});

test('close() ends every thread, fails what is under way, and may be called again', async () => {
  const threads: Promise<unknown>[] = [];
  const watch = (worker: import('node:worker_threads').Worker): void => {
    threads.push(once(worker, 'exit'));
  };
  process.on('worker', watch);
  const cluster = await RelayCluster.start({ nodes: 2 });
  cluster.runtime.faults.slow(1, 100);
  const underWay = assert.rejects(cluster.put(0), /CLOSED_IN_FLIGHT/);
  const closed = cluster.runtime.close();
  assert.equal(cluster.runtime.close(), closed);
  await Promise.all([underWay, closed]);
  assert.equal(threads.length, 2);
  await Promise.all(threads);
  assert.equal(cluster.runtime.faults.kill(1), false);
  assert.deepEqual(cluster.runtime.nodeStats(), [undefined, undefined]);
  process.off('worker', watch);
});

test('nodes that cannot start: ready rejects with START_FAILED and says why', async () => {
  const nodeModule = new URL('./fixtures/broken-node.ts', import.meta.url).href;
  const cluster = new RelayCluster({ nodes: 2, nodeModule });
  await assert.rejects(cluster.runtime.ready, (error: unknown) => {
    assert.ok(error instanceof KvError);
    assert.equal(error.code, 'START_FAILED');
    assert.match(error.message, /this module does not load/);
    assert.ok(error.cause instanceof Error);
    return true;
  });
  assert.ok(cluster.deaths().every(({ reason }) => reason === 'failed-to-start'));
  await cluster.runtime.close();
});

test('a file that is missing fails the start for good: not retryable, with its cause', async () => {
  const nodeModule = new URL('./fixtures/no-such-node.ts', import.meta.url).href;
  const cluster = new RelayCluster({ nodes: 2, nodeModule });
  await assert.rejects(cluster.runtime.ready, (error: unknown) => {
    assert.ok(error instanceof KvError && error.cause instanceof Error);
    assert.deepEqual([error.code, error.retryable], ['START_FAILED', false]);
    assert.equal('code' in error.cause && error.cause.code, 'ERR_MODULE_NOT_FOUND');
    return true;
  });
  await cluster.runtime.close();
});

test('a node that is not ready in time has failed to start', async () => {
  const cluster = new RelayCluster({ nodes: 1, startLimitMs: 1 });
  const { reason, detail } = await cluster.next('node-down');
  assert.deepEqual([reason, detail], ['failed-to-start', 'n1#1 was not ready within 1 ms']);
  await assert.rejects(cluster.runtime.ready, /START_FAILED|could not be started/);
  await cluster.runtime.close();
});

test('close() while it starts', async () => {
  const cluster = new RelayCluster({ nodes: 3 });
  const failed = assert.rejects(cluster.runtime.ready, /closed while it started/);
  await cluster.runtime.close();
  await failed;
});
