/** Many-key calls: a bounded window, no item lost, nothing left under way. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TypedStore } from '../../src/client/typed/typed-store.ts';
import { FakeExecutor } from '../contract/fake-executor.ts';
import { rejects } from '../contract/subject.ts';

function* entries(count: number, value: unknown = 'v'): Generator<[string, unknown]> {
  for (let i = 0; i < count; i++) yield [`k${i}`, value];
}

describe('many-key calls', () => {
  it('keep no more than a window under way, however long the iterable', async () => {
    const executor = new FakeExecutor();
    await new TypedStore(executor).putMany(entries(20_000));
    assert.equal(executor.submitted.length, 20_000);
    assert.ok(executor.pendingMost <= 1024, `${executor.pendingMost}`);
  });

  it('bound the bytes under way as well', async () => {
    const executor = new FakeExecutor();
    await new TypedStore(executor).putMany(entries(40, 'x'.repeat(1024 * 1024)));
    assert.ok(executor.pendingMost <= 5, `${executor.pendingMost}`);
  });

  it('send a value larger than the window all the same', async () => {
    const executor = new FakeExecutor();
    await new TypedStore(executor).putMany(entries(3, 'x'.repeat(8 * 1024 * 1024)));
    assert.equal(executor.submitted.length, 3);
  });

  it('submit in the order of the items', async () => {
    const executor = new FakeExecutor();
    await new TypedStore(executor).putMany(entries(3000));
    assert.deepStrictEqual(
      executor.submitted.map(({ key }) => key),
      [...entries(3000)].map(([key]) => key),
    );
  });

  it('take items only as there is room', async () => {
    const executor = new FakeExecutor();
    const release = executor.stall();
    let taken = 0;
    const items = function* () {
      for (const entry of entries(5000)) {
        taken++;
        yield entry;
      }
    };
    const done = new TypedStore(executor).putMany(items());
    assert.ok(taken <= 1024, `${taken}`);
    release();
    await done;
    assert.equal(taken, 5000);
  });

  it('refusals inside of submit neither recurse nor hang', async () => {
    const executor = new FakeExecutor();
    executor.refuseWith = 'BUSY';
    await rejects(new TypedStore(executor).putMany(entries(50_000)), 'BUSY');
    assert.equal(executor.submitted.length, 50_000);
  });

  it('stop taking items when the cluster closes', async () => {
    const executor = new FakeExecutor();
    executor.stall();
    let returned = false;
    const items = function* () {
      try {
        yield* entries(1_000_000);
      } finally {
        returned = true;
      }
    };
    const done = new TypedStore(executor).putMany(items());
    executor.failAll();
    executor.failAll();
    await rejects(done, 'CLOSED_IN_FLIGHT');
    assert.ok(returned && executor.submitted.length <= 2048);
  });

  it('an abort gives up the window and closes the iterable', async () => {
    const executor = new FakeExecutor();
    executor.stall();
    let returned = false;
    const items = function* () {
      try {
        for (const [key] of entries(1_000_000)) yield key;
      } finally {
        returned = true;
      }
    };
    const controller = new AbortController();
    const done = new TypedStore(executor).getMany(items(), { signal: controller.signal });
    controller.abort('stop');
    assert.equal((await rejects(done, 'ABORTED')).cause, 'stop');
    assert.ok(returned);
    assert.ok(executor.pending.every(({ settled }) => settled === 1));
  });

  it('an error of unknown outcome is told before others', async () => {
    const executor = new FakeExecutor();
    executor.stall();
    const done = new TypedStore(executor).putMany([
      ['a', undefined],
      ['b', 1],
    ]);
    executor.failAll();
    await rejects(done, 'CLOSED_IN_FLIGHT');
  });
});
