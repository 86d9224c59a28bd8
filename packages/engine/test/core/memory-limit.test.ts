/** The memory limit changes while the cluster runs: who works by it, from when on, and what becomes of what is held. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_VERSION, type Operation, type PutOperation } from '../../src/core/data/operation.ts';
import { Status } from '../../src/core/data/result.ts';
import type { MemoryLimitChange } from '../../src/core/protocol/machines.ts';
import { DEFAULT_MASTER_SETTINGS, type MasterSettings } from '../../src/core/protocol/settings.ts';
import { type Answered, VirtualCluster } from './virtual-cluster.ts';

const { creditBytes } = DEFAULT_MASTER_SETTINGS;
const MIB = 1024 * 1024;

function limit(maxMemoryBytes: number, eviction: 'noeviction' | 'allkeys-lru' = 'noeviction'): MemoryLimitChange {
  const credit = maxMemoryBytes === 0 ? creditBytes : maxMemoryBytes / 64;
  return { maxMemoryBytes, eviction, creditBytes: credit, blockCreditBytes: credit / 4 };
}

function put(key: string, length = 1000): PutOperation {
  const rest = { ifVersion: ANY_VERSION, ttl: 0, deadline: 0, previous: false };
  return { verb: 'put', key, value: 'v'.repeat(length), kind: 0, ...rest };
}

const get = (key: string): Operation => ({ verb: 'get', key });

/** Shards with two copies on three nodes, with so many entries of 1,000 bytes each. */
function filled(entries: number, shards = 1): VirtualCluster {
  const cluster = new VirtualCluster({ nodes: 3, shards, replicas: 1 });
  cluster.settle();
  for (let shard = 0; shard < shards; shard++) {
    for (let i = 0; i < entries; i++) cluster.submit(shard, put(`key-${i}`));
  }
  cluster.settle();
  return cluster;
}

/** The status of an operation's answer. */
function ask(cluster: VirtualCluster, operation: Operation): Status | undefined {
  const answered = cluster.submit(0, operation);
  cluster.settle();
  return answered.result?.status;
}

function change(cluster: VirtualCluster, to: MemoryLimitChange): void {
  const answered = cluster.setMemoryLimit(to);
  cluster.settle();
  assert.equal(answered.result?.status, Status.ok);
}

function reserved(cluster: VirtualCluster): number[] {
  return cluster.master.seats.live.map((id) => cluster.nodes.get(id)!.reservedBytes);
}

function keysLeft(cluster: VirtualCluster): number[] {
  return cluster.master.shards[0]!.chain.map((id) => cluster.nodes.get(id)!.inspect(0)!.state.data.size);
}

test('below what is used: what grows is refused, all else goes on; a higher limit lets writes go on', () => {
  const cluster = filled(200);
  change(cluster, limit(1));
  assert.equal(cluster.master.shards[0]!.refusesGrowth, true);
  assert.equal(ask(cluster, put('new')), Status.outOfMemory);
  assert.equal(ask(cluster, get('key-7')), Status.ok);
  assert.equal(ask(cluster, { verb: 'delete', key: 'key-7', ifVersion: ANY_VERSION, previous: false }), Status.ok);
  assert.deepEqual(keysLeft(cluster), [199, 199], 'nothing is evicted');
  change(cluster, limit(MIB));
  assert.equal(cluster.master.shards[0]!.refusesGrowth, false);
  assert.equal(ask(cluster, put('new')), Status.ok);
  change(cluster, limit(1));
  change(cluster, limit(0));
  assert.equal(cluster.master.shards[0]!.refusesGrowth, false);
  assert.equal(ask(cluster, put('newer')), Status.ok);
});

test('with eviction the nodes come down to the limit by themselves, and writes make room from then on', () => {
  const cluster = filled(2700, 9);
  const before = reserved(cluster);
  assert.ok(Math.min(...before) > 16 * MIB);
  change(cluster, limit(8 * MIB, 'allkeys-lru'));
  for (const bytes of reserved(cluster)) assert.ok(bytes <= 8 * MIB, `${bytes} of ${before}`);
  for (const bytes of reserved(cluster)) assert.ok(bytes > 4 * MIB, `no more is evicted than must be: ${bytes} left`);
  const copies = cluster.copies(0);
  assert.equal(copies[0], copies[1]);
  const answers = Array.from({ length: 4000 }, (_, i) => cluster.submit(i % 9, put(`later-${i}`)));
  cluster.settle();
  assert.ok(answers.every(({ result }) => result?.status === Status.ok));
  for (const bytes of reserved(cluster)) assert.ok(bytes <= 8 * MIB, `${bytes}`);
});

/** Three nodes; the shards of which the first holds replicas whose primaries are on the two others, and one of its own. */
function twoReplicasAndOwn(settings: Partial<MasterSettings> = {}) {
  const cluster = new VirtualCluster({ nodes: 3, shards: 6, replicas: 1, ...settings });
  cluster.settle();
  const { shards } = cluster.master;
  for (const { tail, primary, shard } of shards) {
    const other = shards.find((one) => one.tail === tail && one.primary !== primary);
    const own = shards.find((one) => one.primary === tail);
    if (other !== undefined && own !== undefined) return { cluster, replicas: [shard, other.shard], own: own.shard };
  }
  throw new Error('placement has changed');
}

function fill(cluster: VirtualCluster, shard: number, entries: number): void {
  for (let i = 0; i < entries; i++) cluster.submit(shard, put(`key-${i}`));
  cluster.settle();
}

function keysIn({ master, nodes }: VirtualCluster, shard: number): number {
  return nodes.get(master.shards[shard]!.primary)!.inspect(shard)!.state.data.size;
}

test('a node that holds too much of others comes down too, and of its own evicts no more than they do of theirs', () => {
  const { cluster, replicas, own } = twoReplicasAndOwn();
  for (const shard of replicas) fill(cluster, shard, 4000);
  fill(cluster, own, 400);
  const before = Math.max(...reserved(cluster));
  const to = Math.floor(before * 0.7);
  assert.equal(reserved(cluster).filter((bytes) => bytes > to).length, 1, 'the others are below the limit');
  change(cluster, limit(to, 'allkeys-lru'));
  for (const bytes of reserved(cluster)) assert.ok(bytes <= to, `${bytes} of ${before}`);
  for (const shard of replicas) assert.ok(keysIn(cluster, shard) > 2000 && keysIn(cluster, shard) < 3200);
  assert.ok(keysIn(cluster, own) > 200, `${keysIn(cluster, own)} of 400`);
  const answered = cluster.submit(own, put('new'));
  cluster.settle();
  assert.equal(answered.result?.status, Status.ok);
});

test('nodes that are given the copies of one that is gone come down to the limit they always had', () => {
  const cluster = new VirtualCluster(
    { nodes: 3, shards: 6, replicas: 1, eviction: 'allkeys-lru', maxMemoryBytes: 8 * MIB, crashLoopDeaths: 2 },
    { eviction: 'allkeys-lru', maxMemoryBytes: 8 * MIB },
  );
  cluster.settle();
  for (let shard = 0; shard < 6; shard++) fill(cluster, shard, 1700);
  for (let death = 0; death < 2; death++) {
    cluster.kill(cluster.master.seats.live[2]!, () => 0);
    if (death === 0) cluster.settle();
  }
  assert.equal(cluster.master.seats.live.length, 2);
  for (let second = 0; second < 3; second++) {
    cluster.settle();
    cluster.now += 1000;
  }
  for (const bytes of reserved(cluster)) assert.ok(bytes <= 8 * MIB, `${bytes}`);
  const answers = Array.from({ length: 600 }, (_, i) => cluster.submit(i % 6, put(`later-${i}`)));
  cluster.settle();
  assert.ok(answers.every(({ result }) => result?.status === Status.ok));
});

for (const [what, after] of [
  ['a limit that is lifted', limit(0, 'allkeys-lru')],
  ['a policy that forbids it', limit(2 * MIB, 'noeviction')],
] as const) {
  test(`${what} before all was evicted ends the evicting`, () => {
    const { cluster, replicas, own } = twoReplicasAndOwn();
    for (const shard of [...replicas, own]) fill(cluster, shard, 2000);
    cluster.setMemoryLimit(limit(2 * MIB, 'allkeys-lru'));
    for (let round = 0; round < 4; round++) {
      for (const link of cluster.busy()) while (link.queue.length > 0) cluster.deliver(link);
    }
    cluster.setMemoryLimit(after);
    cluster.settle();
    for (const shard of [...replicas, own]) assert.equal(keysIn(cluster, shard), 2000);
  });
}

test('a limit that nothing fits in empties the cluster where eviction is allowed', () => {
  const cluster = filled(200);
  change(cluster, limit(1, 'allkeys-lru'));
  assert.deepEqual(keysLeft(cluster), [0, 0]);
  assert.equal(ask(cluster, put('new')), Status.outOfMemory);
});

test('eviction allowed later brings the nodes down to a limit they are beyond', () => {
  const cluster = filled(2700, 9);
  change(cluster, limit(8 * MIB));
  assert.equal(ask(cluster, put('new')), Status.outOfMemory);
  const answered = cluster.setMemoryLimit(limit(8 * MIB, 'allkeys-lru'));
  assert.equal(ask(cluster, put('new')), Status.ok, 'at once, while the nodes come down');
  assert.equal(answered.result?.status, Status.ok);
  for (const bytes of reserved(cluster)) assert.ok(bytes <= 8 * MIB, `${bytes}`);
});

test('what is submitted after the change is judged by it, before any node has said so', () => {
  const cluster = filled(1);
  const answered: Answered[] = [cluster.submit(0, put('a')), cluster.setMemoryLimit({ ...limit(1), creditBytes })];
  answered.push(cluster.submit(0, put('b')), cluster.setMemoryLimit(limit(0)), cluster.submit(0, put('c')));
  cluster.settle();
  assert.deepEqual(
    answered.map(({ result }) => result?.status),
    [Status.ok, Status.ok, Status.outOfMemory, Status.ok, Status.ok],
  );
});

test('a node that starts later works by the limit in force, whether it joins by a death or was late', () => {
  const cluster = new VirtualCluster({ nodes: 3, shards: 1, replicas: 1 });
  cluster.boot(cluster.spawning[0]!);
  change(cluster, limit(1));
  assert.equal(ask(cluster, put('new')), Status.outOfMemory);
  for (let life = 0; life < 4; life++) {
    cluster.kill(cluster.master.shards[0]!.primary, () => 0);
    cluster.settle();
    assert.equal(ask(cluster, put('new')), Status.outOfMemory, `after death ${life + 1}`);
  }
});

test('the change is answered when all who live work by it, and by no death later', () => {
  const cluster = filled(1);
  const answered = cluster.setMemoryLimit(limit(MIB));
  const deliverTo = (node: number): void => {
    for (const link of cluster.busy()) if (link.to === node) while (link.queue.length > 0) cluster.deliver(link);
  };
  const [first, second, third] = cluster.master.seats.live as [number, number, number];
  for (const node of [first, second]) deliverTo(node);
  deliverTo(0);
  const isAnswered = () => answered.result !== null;
  assert.equal(isAnswered(), false, 'one has not heard yet');
  cluster.kill(third, () => 0);
  assert.equal(isAnswered(), true);
  cluster.settle();
});

test('what a node said of an earlier limit means nothing', () => {
  const cluster = filled(200);
  const [node] = cluster.master.shards[0]!.chain;
  change(cluster, limit(8 * MIB));
  const usage = { type: 'usage', revision: 0, reservedBytes: MIB, full: true, excess: 0 } as const;
  cluster.master.receive(node!, usage, cluster.now);
  assert.equal(cluster.master.shards[0]!.pressure, false);
});

test('a primary that expires by itself hears what is committed: its window does not grow without end', () => {
  const cluster = new VirtualCluster({ nodes: 2, shards: 1, replicas: 1, committedEvery: 100 });
  cluster.settle();
  for (let i = 0; i < 10_000; i++) cluster.submit(0, { ...put(`key-${i}`, 10), ttl: 60_000 });
  cluster.settle();
  let longest = 0;
  cluster.now += 61_000;
  for (let round = 0; round < 500; round++) {
    cluster.master.tick(cluster.now++, []);
    for (const link of cluster.busy()) while (link.queue.length > 0) cluster.deliver(link);
    cluster.work();
    for (const id of cluster.master.shards[0]!.chain) {
      longest = Math.max(longest, cluster.nodes.get(id)!.inspect(0)!.state.window.length);
    }
  }
  assert.deepEqual(keysLeft(cluster), [0, 0]);
  assert.ok(longest < 3000, `${longest} records`);
});

test('a cluster that closes answers who waits for a change', () => {
  const cluster = filled(1);
  const waits = cluster.setMemoryLimit(limit(MIB));
  cluster.master.close();
  const late = cluster.setMemoryLimit(limit(0));
  assert.deepEqual([waits.code, late.code], ['CLOSED', 'CLOSED']);
});

test('credit follows the limit: what is under way stays, and more goes when there is room again', () => {
  const cluster = filled(1);
  const answered = [cluster.submit(0, put('a')), cluster.submit(0, put('b'))];
  cluster.setMemoryLimit({ ...limit(0), creditBytes: 1100 });
  for (let i = 0; i < 4; i++) answered.push(cluster.submit(0, put(`more-${i}`)));
  const { queue } = cluster.master.shards[0]!;
  assert.deepEqual(queue.counts, { inFlight: 2, waiting: 4 });
  cluster.setMemoryLimit(limit(0));
  assert.deepEqual(queue.counts, { inFlight: 6, waiting: 0 });
  cluster.setMemoryLimit({ ...limit(0), creditBytes: 1 });
  cluster.settle();
  assert.ok(answered.every(({ result }) => result?.status === Status.ok));
  assert.equal(ask(cluster, put('last')), Status.ok, 'one always fits');
});
