/** Placement: never two copies of a shard on one node, and evening out ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bestPlace,
  firstPlacement,
  loads,
  nextMove,
  nextSwap,
  type PlacedShard,
  worstMember,
} from '../../../src/core/master/placement/placement.ts';
import { type NodeId, nodeId } from '../../../src/core/protocol/ids.ts';

interface Picture {
  nodes: NodeId[];
  shards: PlacedShard[];
}

/** A cluster in any state: chains of one length or several, on any of its nodes. */
const picture: fc.Arbitrary<Picture> = fc.integer({ min: 1, max: 7 }).chain((count) => {
  const nodes = Array.from({ length: count }, (_, index) => nodeId(index + 1, 1));
  const chain = fc.subarray(nodes, { minLength: 1, maxLength: Math.min(count, 4) });
  const shards = fc.array(chain, { maxLength: 12 });
  return shards.map((chains) => ({ nodes, shards: chains.map((one, shard) => ({ shard, chain: one })) }));
});

const squares = (counts: Iterable<number>): number => [...counts].reduce((sum, count) => sum + count * count, 0);
const replaced = (shards: readonly PlacedShard[], shard: number, chain: readonly NodeId[]): PlacedShard[] =>
  shards.map((one) => (one.shard === shard ? { shard, chain } : one));

function primaries(shards: readonly PlacedShard[]): Map<NodeId, number> {
  const count = new Map<NodeId, number>();
  for (const { chain } of shards) count.set(chain[0]!, (count.get(chain[0]!) ?? 0) + 1);
  return count;
}

test('L1: the first chains have as many different nodes as asked for, and primaries are spread evenly', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(40), fc.nat(7), (count, shards, more) => {
      const nodes = Array.from({ length: count }, (_, index) => nodeId(index + 1, 1));
      const copies = 1 + (more % count);
      const chains = firstPlacement(nodes, shards, copies);
      assert.equal(chains.length, shards);
      for (const chain of chains) assert.equal(new Set(chain).size, copies);
      const heads = nodes.map((node) => chains.filter(([head]) => head === node).length);
      assert.ok(Math.max(...heads) - Math.min(...heads) <= 1, `${heads}`);
    }),
  );
});

test('the best place has none of the shard, and no place without is emptier', () => {
  fc.assert(
    fc.property(picture, ({ nodes, shards }) => {
      const load = loads(nodes, shards);
      for (const shard of shards) {
        const free = nodes.filter((node) => !shard.chain.includes(node));
        const best = bestPlace(shard, nodes, load);
        if (best === undefined) assert.deepEqual(free, []);
        else assert.ok(free.includes(best) && free.every((node) => load.get(node)! >= load.get(best)!));
      }
    }),
  );
});

test('L1, L2: every move goes where none of the shard is and makes loads more even, so that moving ends', () => {
  fc.assert(
    fc.property(picture, ({ nodes, shards }) => {
      let placed: readonly PlacedShard[] = shards;
      for (let move = nextMove(nodes, placed); move !== undefined; move = nextMove(nodes, placed)) {
        const { shard, to } = move;
        const before = squares(loads(nodes, placed).values());
        const longer = [...placed[shard]!.chain, to];
        assert.equal(new Set(longer).size, longer.length);
        // As repair.ts does once the copy has joined: the fullest member is given up.
        const load = loads(nodes, replaced(placed, shard, longer));
        const worst = worstMember({ shard, chain: longer }, load);
        placed = replaced(
          placed,
          shard,
          longer.filter((node) => node !== worst),
        );
        assert.ok(squares(loads(nodes, placed).values()) < before, 'less uneven than before');
      }
    }),
  );
});

test('L2: every swap keeps the members and makes primaries more even, so that swapping ends', () => {
  fc.assert(
    fc.property(picture, ({ nodes, shards }) => {
      let placed: readonly PlacedShard[] = shards;
      for (let swap = nextSwap(nodes, placed); swap !== undefined; swap = nextSwap(nodes, placed)) {
        const { shard, chain } = swap;
        assert.deepEqual([...chain].sort(), [...placed[shard]!.chain].sort());
        const before = squares(primaries(placed).values());
        placed = replaced(placed, shard, chain);
        assert.ok(squares(primaries(placed).values()) < before, 'less uneven than before');
      }
    }),
  );
});

test('two nodes that differ by one are even', () => {
  const [a, b] = [nodeId(1, 1), nodeId(2, 1)];
  const shards = [{ shard: 0, chain: [a] }];
  assert.equal(nextMove([a, b], shards), undefined);
  assert.equal(nextSwap([a, b], [{ shard: 0, chain: [a, b] }]), undefined);
});
