import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterStatus, NodeStatus, ShardStatus } from '@quintet/engine';
import picocolors from 'picocolors';
import { renderStatus } from '../src/status/render.ts';

const node: NodeStatus = {
  node: 'n1',
  incarnation: 2,
  health: 'up',
  primaries: 2,
  replicas: 1,
  learners: 1,
  keys: 12_345,
  memoryBytes: 500 * 2 ** 20,
  maxMemory: 512 * 2 ** 20,
  memoryFull: false,
  loopDelayMs: { mean: 0.25, max: 3 },
  restarts: 1,
};

const shard: ShardStatus = {
  shard: 0,
  slots: [0, 1_638],
  health: 'degraded',
  chain: ['n1#2'],
  learner: 'n2#1',
  epoch: 7,
  committedSeq: 1_000,
  inSync: 1,
  wanted: 2,
  keys: 10,
  expiring: 3,
  bytes: 2_048,
};

function statusOf(shards: ShardStatus[], health: ClusterStatus['health']): ClusterStatus {
  const zero = { reads: 1, writes: 2, changes: 2, inFlight: 0, waiting: 0, nodeDeaths: 1, promotions: 2 };
  const counters = { ...zero, learnersJoined: 0, shardsLost: 0, expired: 0, evicted: 0 } as ClusterStatus['counters'];
  return {
    health,
    uptimeMs: 61_000,
    replicas: 1,
    nodes: [node, { ...node, node: 'n2', health: 'stopped' }],
    shards,
    readCache: { bytes: 0, maxBytes: 0, keys: 0, hits: 0 },
    counters,
  };
}

const plain = picocolors.createColors(false);

test('a degraded shard shows its chain, its learner and what it lacks', () => {
  const text = renderStatus(statusOf([shard], 'degraded'), plain);
  assert.match(
    text,
    /^● degraded {2}1 of 1 shards lack a copy\nup 1m 1s · 1 read · 2 writes · 1 node death · 2 promotions\n/,
  );
  assert.match(text, /\nn1 +up +#2 +2 +1 +1 +12,345 +500 MB of 512 MB +0\.3 \/ 3\.0 ms\n/);
  assert.match(text, /\nn2 +stopped /);
  assert.match(text, /\n0 +degraded +n1#2 \(n2#1 learning\) +1\/2 +0–1638 +7 +1,000 +10 +2 KB\n/);
});

test('a node without room is told in the headline and in its row', () => {
  const status = statusOf([{ ...shard, health: 'ok' }], 'full');
  status.nodes[1] = { ...node, node: 'n2', memoryFull: true };
  const text = renderStatus(status, plain);
  assert.match(text, /^● full {2}every shard has all its copies; no room in n2: writes that need some are refused\n/);
  assert.match(text, /\nn2 .* 500 MB of 512 MB, full /);
});

test('a lost shard says that nothing is left', () => {
  const text = renderStatus(
    statusOf([{ ...shard, health: 'lost', chain: [], learner: null, inSync: 0 }], 'lost'),
    plain,
  );
  assert.match(text, /● lost/);
  assert.match(text, /no copy left/);
});

test('colour changes nothing but colour', () => {
  const status = statusOf([shard], 'degraded');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
  const stripped = renderStatus(status, picocolors.createColors(true)).replaceAll(/\u001b\[\d+m/g, '');
  assert.equal(stripped.replaceAll(/ +$/gm, ''), renderStatus(status, plain));
});
