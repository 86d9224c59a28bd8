/**
 * Heap: no option drawn and no load drawn ends the process, a node or a shard. Each load runs in a process of its own (an abort
 * is a failed test), with the hang limit every cluster has. HEAP_RUNS=100 HEAP_SEED=7 draws more of them.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ClusterOptions } from '../../src/index.ts';
import { seeded } from '../core/seeded.ts';
import { HEAP_CALLS, type HeapLoad } from './fixtures/heap-load.ts';

const MIB = 1024 * 1024;
const FIXTURE = fileURLToPath(new URL('./fixtures/heap-load.ts', import.meta.url));
const DRAWN = Number(process.env.HEAP_RUNS ?? 1);
const SEED = Number(process.env.HEAP_SEED ?? 5);

async function survives(load: HeapLoad): Promise<void> {
  const flags = ['--conditions=source', '--import', 'tsx'];
  const child = spawn(process.execPath, [...flags, FIXTURE, JSON.stringify(load)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said = (said + text).slice(-4000);
  });
  const [code, signal] = await once(child, 'close');
  assert.equal(code, 0, `${JSON.stringify(load)} ended with ${code ?? signal}: ${said}`);
}

const PLAIN: HeapLoad = { options: {}, bytes: 0, kind: 'two-byte', calls: [], atOnce: 6, watch: 'no', handle: false };

describe('heap', () => {
  test('the longest value fits the smallest heap', () =>
    survives({
      ...PLAIN,
      options: { nodes: 3, shards: 3, nodeHeapMb: 32, maxValueBytes: 64 * MIB },
      bytes: 60e6,
      atOnce: 1,
      calls: ['put'],
    }));

  test('six values of half the heap at once, appended to and replaced, told to watchers with what was there before', () =>
    survives({
      ...PLAIN,
      options: { nodes: 3, shards: 3, nodeHeapMb: 32 },
      bytes: 15.8e6,
      calls: ['append', 'getAndPut'],
      watch: 'previous',
    }));

  test('hundreds of appends of a byte to a large value', () =>
    survives({ ...PLAIN, options: { nodes: 2, nodeHeapMb: 32 }, bytes: 8e6, atOnce: 60, calls: ['append'] }));
});

function drawn(seed: number): HeapLoad {
  const random = seeded(seed);
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]!;
  const nodes = pick([1, 2, 3, 5]);
  const maxValueBytes = pick([4, 16, 16, 32, 64]) * MIB;
  const nodeHeapMb = pick([32, 32, 48, 64, 128]);
  const options: ClusterOptions = {
    nodes,
    shards: pick([1, 3, 10, 64]),
    replicas: random(Math.min(nodes, 3)),
    nodeHeapMb,
    maxValueBytes,
    ...pick<ClusterOptions>([
      {},
      {},
      { maxMemory: 256 * MIB },
      { maxMemory: 64 * MIB, eviction: 'allkeys-lru' },
      { maxMemory: 512 * MIB, eviction: 'allkeys-lru' },
    ]),
  };
  const bytes = Math.min(maxValueBytes - 4096, Math.floor((nodeHeapMb * MIB * pick([0.25, 0.5, 0.5, 1])) / 2) * 2);
  return {
    options,
    bytes,
    kind: pick(['latin', 'two-byte', 'two-byte', 'bytes', 'structured']),
    calls: Array.from({ length: 4 }, () => pick(HEAP_CALLS)),
    atOnce: pick([1, 6, 6, 12]),
    watch: pick(['no', 'plain', 'previous', 'previous']),
    handle: random(3) === 0,
  };
}

describe('heap, drawn', () => {
  for (let at = 0; at < DRAWN; at++) {
    const seed = SEED + at;
    test(`seed ${seed}`, { timeout: 300_000 }, () => survives(drawn(seed)));
  }
});
