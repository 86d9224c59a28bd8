/** ClusterOptions: what is refused, and what the rest becomes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkMemoryLimit, checkOptions } from '../../src/client/cluster/check-options.ts';
import { DEFAULT_MASTER_SETTINGS } from '../../src/core/protocol/settings.ts';
import { type ClusterOptions, KvError } from '../../src/index.ts';
import { throws } from '../contract/subject.ts';

const MIB = 1024 * 1024;

/** What is refused, and what the text must say. */
const REFUSED: [options: unknown, says: RegExp][] = [
  [{ nodes: 0 }, /nodes must be a whole number from 1 to 255, got 0/],
  [{ nodes: 256 }, /nodes.*got 256/],
  [{ nodes: 2.5 }, /nodes.*got 2\.5/],
  [{ nodes: '5' }, /nodes.*got "5"/],
  [{ nodes: Number.NaN }, /nodes.*got NaN/],
  [{ nodes: null }, /nodes.*got null/],
  [{ nodes: 5n }, /nodes.*got 5n/],
  [{ shards: 0 }, /shards.*from 1 to 16384/],
  [{ shards: 16_385 }, /shards/],
  [{ replicas: 5 }, /replicas must be less than nodes, got 5 of 5/],
  [{ nodes: 3, replicas: 3 }, /got 3 of 3/],
  [{ nodes: 1 }, /say replicas: 0/],
  [{ replicas: -1 }, /replicas/],
  [{ maxMemory: -1 }, /maxMemory/],
  [{ maxMemory: 1000 }, /maxMemory must be 0 \(unlimited\) or at least 1048576/],
  [{ maxMemory: '1gb' }, /maxMemory.*"1gb"/],
  [{ eviction: 'lru', maxMemory: 1 << 24 }, /eviction must be noeviction or allkeys-lru, got "lru"/],
  [{ eviction: 'allkeys-lru' }, /needs maxMemory/],
  [{ maxKeyBytes: 65_537 }, /maxKeyBytes/],
  [{ maxKeyBytes: 0 }, /maxKeyBytes/],
  [{ maxValueBytes: 512 * MIB }, /maxValueBytes.*535822336/],
  [{ maxWaitingOperations: 0 }, /maxWaitingOperations/],
  [{ maxWaitingBytes: 0.5 }, /maxWaitingBytes/],
  [{ hangLimitMs: 5 }, /hangLimitMs/],
  [{ nodeHeapMb: 1 }, /nodeHeapMb/],
  [{ hashSeed: -1 }, /hashSeed/],
  [{ hashSeed: 2 ** 32 }, /hashSeed/],
  [{ chaos: 'yes' }, /chaos must be true or false/],
  [{ replica: 1 }, /there is no option replica, did you mean replicas\?/],
  [{ shard: 4 }, /did you mean shards\?/],
  [{ maxmemory: 4 }, /did you mean maxMemory\?/],
  [{ colour: 1 }, /there is no option colour; known are nodes, /],
  [5, /options must be an object, got 5/],
  [null, /options must be an object, got null/],
];

describe('checkMemoryLimit', () => {
  const present = { maxMemoryBytes: 64 * MIB, eviction: 'noeviction' } as const;
  const cluster = { shards: 10, maxValueBytes: MIB };

  it('takes a part for a change of that part, with the credit that suits', () => {
    const { maxMemoryBytes } = present;
    const changed = checkMemoryLimit({ eviction: 'allkeys-lru' }, present, cluster);
    // So many as fit of values of 1 MiB: one.
    const credit = { creditBytes: maxMemoryBytes / 64, blockCreditBytes: maxMemoryBytes / 64 };
    assert.deepStrictEqual(changed, { maxMemoryBytes, eviction: 'allkeys-lru', ...credit });
    assert.equal(checkMemoryLimit({ maxMemory: undefined } as object, present, cluster).maxMemoryBytes, maxMemoryBytes);
    const { creditBytes, blockCreditBytes } = DEFAULT_MASTER_SETTINGS;
    assert.deepStrictEqual(checkMemoryLimit({ maxMemory: 0 }, present, cluster), {
      ...present,
      maxMemoryBytes: 0,
      creditBytes,
      blockCreditBytes,
    });
  });

  it('takes a limit that nothing fits in, and eviction without a limit', () => {
    assert.equal(checkMemoryLimit({ maxMemory: 1 }, present, cluster).maxMemoryBytes, 1);
    assert.equal(checkMemoryLimit({ maxMemory: 0, eviction: 'allkeys-lru' }, present, cluster).eviction, 'allkeys-lru');
  });

  const refused: readonly [limit: unknown, says: RegExp][] = [
    [{ maxMemory: -1 }, /maxMemory must be .* from 0 /],
    [{ maxMemory: 1.5 }, /maxMemory/],
    [{ maxMemory: '1gb' }, /maxMemory.*"1gb"/],
    [{ maxMemory: null }, /maxMemory.*null/],
    [{ eviction: 'lru' }, /eviction must be noeviction or allkeys-lru, got "lru"/],
    [{ eviction: null }, /eviction/],
    [{ maxmemory: 1 }, /did you mean maxMemory\?/],
    [{ nodes: 1 }, /there is no option nodes/],
    [1, /options must be an object, got 1/],
  ];
  for (const [limit, says] of refused) {
    it(`refuses ${JSON.stringify(limit)}`, () => {
      const isSaid = (error: unknown) =>
        error instanceof KvError && error.code === 'INVALID_OPTION' && says.test(error.message);
      assert.throws(() => checkMemoryLimit(limit as object, present, cluster), isSaid);
    });
  }
});

describe('checkOptions', () => {
  for (const [options, says] of REFUSED) {
    const shown = typeof options === 'object' && options !== null ? Object.entries(options).join(' ') : String(options);
    it(`refuses ${shown}`, () => {
      assert.match(throws(() => checkOptions(options as ClusterOptions), 'INVALID_OPTION').message, says);
    });
  }

  it('gives every setting a value', () => {
    const settings = checkOptions();
    const { nodes, shards, replicas } = settings.master;
    assert.deepStrictEqual([nodes, shards, replicas], [5, 10, 1]);
    assert.deepStrictEqual(settings.limits, { maxKeyBytes: 65_536, maxValueBytes: 16 * 1024 * 1024 });
    assert.deepStrictEqual([settings.master.hangLimitMs, settings.chaos], [500, false]);
    const { hashSeed } = settings.node;
    assert.deepStrictEqual(settings.master, { ...DEFAULT_MASTER_SETTINGS, hashSeed });
  });

  it('takes undefined for not given', () => {
    assert.equal(checkOptions({ nodes: undefined, eviction: undefined } as object).master.nodes, 5);
  });

  it('hands each option to who needs it', () => {
    const settings = checkOptions({
      nodes: 3,
      shards: 16_384,
      replicas: 2,
      maxMemory: 64 * 1024 * 1024,
      eviction: 'allkeys-lru',
      maxKeyBytes: 100,
      maxValueBytes: 200,
      maxWaitingOperations: 10,
      maxWaitingBytes: 1000,
      hangLimitMs: 1000,
      nodeHeapMb: 64,
      hashSeed: 7,
      chaos: true,
    });
    const { master, node, limits } = settings;
    assert.deepStrictEqual([master.nodes, master.shards, master.replicas], [3, 16_384, 2]);
    assert.deepStrictEqual([master.waitingOperations, master.waitingBytes], [10, 1000]);
    assert.deepStrictEqual([node.maxMemoryBytes, node.eviction, node.hashSeed], [64 * 1024 * 1024, 'allkeys-lru', 7]);
    assert.deepStrictEqual([node.maxValueBytes, limits.maxValueBytes, limits.maxKeyBytes], [200, 200, 100]);
    assert.deepStrictEqual([settings.master.hangLimitMs, settings.chaos], [1000, true]);
  });

  it('lets less be under way when nodes are small', () => {
    assert.equal(checkOptions({ maxMemory: 64 * 1024 * 1024 }).master.creditBytes, 1024 * 1024);
    assert.equal(checkOptions({ maxMemory: 2 ** 40 }).master.creditBytes, DEFAULT_MASTER_SETTINGS.creditBytes);
  });

  it('lets no more of blocks be under way than a small node has room for', () => {
    const underWay = (maxMemory: number, maxValueBytes: number): number => {
      const { creditBytes, blockCreditBytes } = checkOptions({ maxMemory, maxValueBytes }).master;
      const blocks = Math.max(1, Math.floor(creditBytes / Math.min(maxValueBytes, blockCreditBytes)));
      return blocks * maxValueBytes;
    };
    assert.equal(underWay(0, 16 * MIB), 4 * 16 * MIB);
    assert.equal(underWay(8192 * MIB, 16 * MIB), 4 * 16 * MIB);
    assert.equal(underWay(2048 * MIB, 16 * MIB), 2 * 16 * MIB);
    for (const maxMemory of [64, 128, 256, 1024])
      assert.equal(underWay(maxMemory * MIB, 16 * MIB), 16 * MIB, 'one fits');
    assert.equal(underWay(64 * MIB, MIB), MIB);
  });

  it('gives nodes a heap for what they are told and for values on their way besides', () => {
    const forValues = (maxValueBytes: number): number =>
      checkOptions({ maxValueBytes, nodeHeapMb: 32 }).nodeHeapMb - 32;
    // 10 x 8 of credit, three copies of 64, six values.
    assert.equal(forValues(16 * MIB), 80 + 3 * 64 + 6 * 16);
    assert.equal(forValues(511 * MIB), 80 + 3 * 2 * 511 + 6 * 511);
    assert.equal(checkOptions().nodeHeapMb, 128 + forValues(16 * MIB));
  });

  it('shares what may be under way among many shards: one node may be the primary of all', () => {
    const { creditBytes } = DEFAULT_MASTER_SETTINGS;
    assert.equal(checkOptions({ shards: 16 }).master.creditBytes, creditBytes);
    assert.equal(checkOptions({ shards: 128 }).master.creditBytes, MIB);
    assert.equal(checkOptions({ shards: 16_384 }).master.creditBytes, 16 * 1024);
  });

  it('draws another hash seed for each cluster', () => {
    assert.notEqual(checkOptions().node.hashSeed, checkOptions().node.hashSeed);
  });
});
