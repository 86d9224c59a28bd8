import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget, Ledger } from '../../src/core/store/budget.ts';
import { Directory } from '../../src/core/store/directory.ts';
import { HASH_MAX } from '../../src/core/store/hash.ts';
import { BufferMemory } from '../../src/runtime/memory/buffer-memory.ts';
import { chance } from './fixture.ts';

/** All (hash, location) in walking order, having checked that hashes ascend and segments are sound. */
function contents(directory: Directory): [number, number][] {
  const found: [number, number][] = [];
  for (let index = 0; index < directory.length; index = directory.next(index)) {
    const segment = directory.segmentAt(index);
    let count = 0;
    for (let at = 0; at < segment.slots.length; at += 2) {
      if (segment.slots[at + 1] === 0) continue;
      const hash = segment.slots[at]!;
      assert.ok(hash >= (found.at(-1)?.[0] ?? 0), 'hashes ascend');
      assert.equal(directory.segmentFor(hash), segment);
      found.push([hash, segment.slots[at + 1]!]);
      count++;
    }
    assert.equal(count, segment.count);
  }
  return found;
}

function setUp(): { directory: Directory; ledger: Ledger } {
  const ledger = new Ledger(new Budget());
  return { directory: new Directory(ledger, new BufferMemory()), ledger };
}

/** Fills, checks, empties, and checks that nothing is left but a first segment. */
function fillAndEmpty(hashes: readonly number[]): number {
  const { directory, ledger } = setUp();
  const empty = ledger.reserved;
  for (const [i, hash] of hashes.entries()) directory.insert(hash, i + 1);
  assert.equal(directory.countBytes(), ledger.reserved);
  const full = ledger.reserved;
  assert.equal(contents(directory).length, hashes.length);
  for (const [i, hash] of hashes.entries()) assert.ok(directory.holds(hash, i + 1));
  for (const [i, hash] of hashes.entries()) {
    directory.remove(hash, i + 1);
    assert.ok(!directory.holds(hash, i + 1));
  }
  assert.equal(contents(directory).length, 0);
  assert.equal(directory.countBytes(), ledger.reserved);
  assert.ok(ledger.reserved <= empty + 128, `${ledger.reserved} bytes are left of ${full}`);
  directory.release();
  assert.equal(ledger.reserved, 0);
  return full;
}

test('random hashes: at most 13 bytes per entry, all given back', () => {
  const random = chance(1);
  const hashes = Array.from({ length: 50_000 }, () => Math.floor(random() * (HASH_MAX + 1)));
  assert.ok(fillAndEmpty(hashes) / hashes.length < 13);
});

const unlucky: [string, (i: number, random: () => number) => number][] = [
  ['all equal', () => 77],
  ['all the greatest', () => HASH_MAX],
  ['all zero', () => 0],
  ['ascending', (i) => i],
  ['descending', (i) => HASH_MAX - i],
  ['a few values', (i) => (i % 3) * 1000],
  ['one in its own corner', (i) => (i === 0 ? HASH_MAX : i % 7)],
  ['low bits only', (_, random) => Math.floor(random() * 4096)],
];
for (const [name, hashAt] of unlucky) {
  test(`unlucky hashes degrade but do not break: ${name}`, () => {
    const random = chance(2);
    const hashes = Array.from({ length: 4000 }, (_, i) => hashAt(i, random));
    const bytes = fillAndEmpty(hashes);
    assert.ok(bytes / hashes.length < 40, `${bytes / hashes.length} bytes per entry`);
  });
}

test('a random history ends with what a list of pairs has', () => {
  const random = chance(3);
  const { directory, ledger } = setUp();
  const model = new Map<number, number>();
  let next = 1;
  for (let step = 0; step < 60_000; step++) {
    // Grows for a while, shrinks for a while; a third of the hashes fall into a narrow range.
    const growing = Math.floor(step / 15_000) % 2 === 0;
    if (random() < (growing ? 0.8 : 0.2)) {
      const hash = Math.floor(random() * (random() < 0.3 ? 5000 : HASH_MAX + 1));
      directory.insert(hash, next);
      model.set(next++, hash);
    } else if (model.size > 0) {
      const [location, hash] = model.entries().next().value!;
      model.delete(location);
      if (random() < 0.5) directory.remove(hash, location);
      else {
        directory.relocate(hash, location, next);
        model.set(next++, hash);
      }
    }
    if (step % 1000 === 0) assert.equal(directory.countBytes(), ledger.reserved);
  }
  const expected = [...model].map(([location, hash]) => `${hash} ${location}`).sort();
  assert.deepEqual(
    contents(directory)
      .map((pair) => pair.join(' '))
      .sort(),
    expected,
  );
});

test('one insert never costs more than was announced', () => {
  const random = chance(4);
  const { directory, ledger } = setUp();
  for (let i = 1; i <= 100_000; i++) {
    const announced = directory.insertCost();
    const before = ledger.reserved;
    directory.insert(Math.floor(random() * (HASH_MAX + 1)), i);
    assert.ok(ledger.reserved - before <= announced);
  }
});

test('a segment of equal hashes grows and never splits in vain', () => {
  const { directory } = setUp();
  for (let i = 1; i <= 3000; i++) directory.insert(99, i);
  assert.equal(directory.length, 1);
});
