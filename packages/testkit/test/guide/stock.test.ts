import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestCluster } from '@quintet/testkit';

test('a node dies under fifty sales: each is booked once', { timeout: 60_000 }, async (t) => {
  const kit = await TestCluster.startFor(t, { refuseLeaks: true });
  const stock = kit.record(); // a Store like kit.cluster, every call written down
  await stock.put('apples', 100);

  const fault = kit.kill(kit.primaryOf('apples'));
  const left = await Promise.all(Array.from({ length: 50 }, () => stock.increment('apples', -1)));

  assert.equal(new Set(left).size, 50);
  assert.equal(await stock.get('apples'), 50);
  await kit.event('promoted', { since: fault, where: ({ shard }) => shard === kit.shardOf('apples') });
  await kit.restored(fault);
  kit.assertLinearizable();
});

test('one fault after the other, chosen by a seed', { timeout: 60_000 }, async (t) => {
  const kit = await TestCluster.startFor(t, { hangLimitMs: 300 });
  const stock = kit.record();

  const faults = kit.hurt({ seed: 42, faults: 6 });
  let sold = 0;
  while (!faults.ended) {
    await stock.increment('pears', -1);
    sold += 1;
  }
  await faults.done;

  assert.equal(await stock.get('pears'), -sold);
  kit.assertLinearizable();
});
