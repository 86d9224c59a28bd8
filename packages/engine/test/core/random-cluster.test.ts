/** Random deliveries, kills and lost queue tails on the real machines: promises hold, and after healing all is whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_VERSION, type Operation, ValueKind } from '../../src/core/data/operation.ts';
import { Status } from '../../src/core/data/result.ts';
import { seeded } from './seeded.ts';
import { type Answered, VirtualCluster } from './virtual-cluster.ts';

function put(key: string, value: string, ttl = 0): Operation {
  const [kind, ifVersion, deadline, previous] = [ValueKind.text, ANY_VERSION, 0, false];
  return { verb: 'put', key, value, kind, ifVersion, ttl, deadline, previous };
}

function run(seed: number): void {
  const random = seeded(seed);
  const replicas = 1 + random(3);
  const nodes = replicas + 1 + random(3);
  const shards = 1 + random(4);
  const slices = { sliceEntries: 1 + random(4), slicesAhead: 1 + random(3), expireEveryMs: 5 };
  const cluster = new VirtualCluster(
    { nodes, shards, replicas, creditOperations: 1 + random(40), filterSlots: 1 << random(7) },
    slices,
  );
  cluster.bootAll();
  const counters = new Map<string, Answered[]>();
  const lastPut = new Map<string, { value: string; answered: Answered }[]>();
  const reads: { answered: Answered; key: string; atLeast: number }[] = [];
  let down = 0;
  const steps = 400 + random(1200);
  for (let step = 0; step < steps; step++) {
    const dice = random(100);
    if (dice < 20) {
      const shard = random(shards);
      const key = `c${shard}:${random(3)}`;
      const list = counters.get(key) ?? [];
      counters.set(key, list);
      list.push(cluster.submit(shard, { verb: 'increment', key, by: '1' }));
    } else if (dice < 32) {
      const shard = random(shards);
      const key = `p${shard}:${random(6)}`;
      const list = lastPut.get(key) ?? [];
      lastPut.set(key, list);
      const value = `${seed}.${step}`;
      list.push({ value, answered: cluster.submit(shard, put(key, value)) });
    } else if (dice < 36) {
      const shard = random(shards);
      cluster.submit(shard, put(`t${shard}:${random(6)}`, 'x', 1 + random(30)));
    } else if (dice < 48) {
      const shard = random(shards);
      const key = `c${shard}:${random(3)}`;
      const list = counters.get(key) ?? [];
      const atLeast = list.length;
      reads.push({ key, atLeast, answered: cluster.submit(shard, { verb: 'get', key }) });
    } else if (dice < 50) {
      cluster.submit(random(shards), { verb: 'scan', key: '', cursor: 0, prefix: '', limit: 5, keysOnly: false });
    } else if (dice < 52) {
      // The schedule never takes a shard's last copy: a node dies only while every shard has another member.
      const live = cluster.master.seats.live;
      const victim = live[random(live.length)];
      const safe = cluster.master.shards.every(({ chain }) => chain.length > 1 || !chain.includes(victim!));
      if (victim !== undefined && safe) {
        down += 1;
        cluster.kill(victim, (length) => random(length + 1));
      }
    } else if (dice < 54 && cluster.spawning.length > 0) {
      cluster.boot(cluster.spawning[random(cluster.spawning.length)]!);
    } else if (dice < 60) {
      cluster.work();
    } else if (dice < 62) {
      cluster.now += random(20);
      if (cluster.master.nextDeadline() <= cluster.now) cluster.master.tick(cluster.now, []);
    } else {
      const busy = cluster.busy();
      const link = busy[random(busy.length)];
      for (let count = random(4); link !== undefined && count >= 0 && link.queue.length > 0; count--)
        cluster.deliver(link);
    }
  }
  cluster.settle();
  for (const [key, list] of counters) {
    const values = list.map(({ result }) => Number(result!.value));
    assert.deepEqual(
      values,
      list.map((_, index) => index + 1),
      `${key}: in order, exactly once`,
    );
  }
  for (const { answered, atLeast, key } of reads) {
    assert.equal(answered.code, null);
    const value = Number(answered.result!.value ?? '0');
    assert.equal(value, atLeast, `${key}: a read sees what was sent before it and nothing sent after`);
  }
  for (const [key, list] of lastPut) {
    const shard = Number(key.slice(1).split(':')[0]);
    const got = cluster.submit(shard, { verb: 'get', key });
    cluster.settle();
    assert.equal(got.result!.value, list.at(-1)!.value);
    for (const { answered } of list) assert.equal(answered.result!.status, Status.ok);
  }
  for (let shard = 0; shard < shards; shard++) {
    const copies = cluster.copies(shard);
    assert.equal(copies.length, replicas + 1, 'all copies are back');
    for (const copy of copies) assert.equal(copy, copies[0], 'copies are equal');
  }
  total.kills += down;
}

const total = { kills: 0 };

/** A few: the simulator's lane has a thousand with more faults, and seeds.test.ts 300. */
const SEEDS = 100;

test(`${SEEDS} seeds of kills at any step`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      run(seed);
    } catch (error) {
      console.error(`seed ${seed}`);
      throw error;
    }
  }
  assert.ok(total.kills > 150, `enough kills: ${total.kills}`);
});
