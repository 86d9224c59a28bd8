/** The lines of changes that wait for transactions: what is let go, when, together and in order; at what cost; up to what size. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../src/core/data/change.ts';
import { WatchLines } from '../../src/core/master/watch/watch-lines.ts';
import { seeded } from './seeded.ts';

function change(shard: number, version: number): Change {
  const entry = { key: `${shard}:${version}`, value: '', kind: 0, expiresAt: 0, previous: null } as const;
  return { type: 'put', ...entry, shard, version, transaction: 0 };
}

const textOf = (changes: readonly Change[]): string => changes.map(({ key }) => key).join(' ');

/** Lines with a transaction by any name: `add` gives what may be told at once, `done` what a transaction lets go. */
class Subject {
  readonly lines: WatchLines;
  readonly versions: number[];
  private readonly transactions = new Map<string, object>();

  constructor(shards: number) {
    this.lines = new WatchLines(shards);
    this.versions = Array.from({ length: shards }, () => 0);
  }

  add(shard: number, transaction: string | null): string {
    this.versions[shard]! += 1;
    const changes = [change(shard, this.versions[shard]!)];
    const group = transaction === null ? null : this.lines.groupOf(this.named(transaction));
    return this.lines.passes(shard, changes, group) ? textOf(changes) : '';
  }

  done(transaction: string): string {
    return textOf(this.lines.groupDone(this.named(transaction)));
  }

  private named(name: string): object {
    const found = this.transactions.get(name) ?? {};
    this.transactions.set(name, found);
    return found;
  }
}

interface Item {
  readonly text: string;
  readonly group: string | null;
}

/** The rule by itself, looked at anew every time: how WatchLines began, and what it must still be. */
class Model {
  readonly lines: Item[][];
  private readonly finished = new Set<string>();
  private readonly versions: number[];

  constructor(shards: number) {
    this.lines = Array.from({ length: shards }, () => []);
    this.versions = Array.from({ length: shards }, () => 0);
  }

  add(shard: number, group: string | null): Item[][] {
    this.versions[shard]! += 1;
    this.lines[shard]!.push({ text: `${shard}:${this.versions[shard]}`, group });
    return group === null ? this.letGo() : [];
  }

  done(group: string): Item[][] {
    this.finished.add(group);
    return this.letGo();
  }

  private letGo(): Item[][] {
    const ready = this.lines.map((line) => {
      const end = line.findIndex(({ group }) => group !== null && !this.finished.has(group));
      return end < 0 ? line.length : end;
    });
    for (let cut = true; cut; ) {
      cut = false;
      const behind = new Set(this.lines.flatMap((line, shard) => line.slice(ready[shard]).map(({ group }) => group)));
      for (const [shard, line] of this.lines.entries()) {
        const end = line.findIndex(({ group }) => group !== null && behind.has(group));
        if (end < 0 || end >= ready[shard]!) continue;
        ready[shard] = end;
        cut = true;
      }
    }
    return this.lines.map((line, shard) => line.splice(0, ready[shard]));
  }
}

/** Whether what was told is what the lines let go: each in its order, and transactions in one piece, if they can be. */
function isRight(told: string, lines: readonly Item[][]): void {
  const texts = told === '' ? [] : told.split(' ');
  const groups = new Map(lines.flat().map(({ text, group }) => [text, group ?? text]));
  assert.equal(texts.length, groups.size);
  for (const line of lines) {
    const inOrder = texts.filter((text) => line.some((item) => item.text === text));
    assert.deepEqual(
      inOrder,
      line.map(({ text }) => text),
    );
  }
  if (standCrosswise(lines)) return;
  const pieces = texts.map((text) => groups.get(text)).filter((group, at, all) => group !== all[at - 1]);
  assert.equal(pieces.length, new Set(pieces).size, `in one piece: ${told}`);
}

/** No order has every transaction in one piece: what is first in all its lines is taken off until nothing is. */
function standCrosswise(lines: readonly Item[][]): boolean {
  const left = lines.map((line) => line.map(({ text, group }) => group ?? text));
  for (;;) {
    const first = left.find(([name]) => name !== undefined && left.every((line) => line.indexOf(name) <= 0))?.[0];
    if (first === undefined) return left.some((line) => line.length > 0);
    for (const line of left) if (line[0] === first) line.shift();
  }
}

test('changes wait behind a transaction in their own shard, and go in order with it', () => {
  const subject = new Subject(3);
  assert.equal(subject.add(0, null), '0:1');
  assert.equal(subject.add(0, 't'), '');
  assert.equal(subject.add(0, null), '', 'waits behind t');
  assert.equal(subject.add(2, null), '2:1', 'another shard does not');
  assert.equal(subject.add(1, 't'), '');
  assert.equal(subject.done('t'), '0:2 1:1 0:3', 't in one piece');
  assert.equal(subject.add(0, null), '0:4');
  assert.equal(subject.lines.heldBytes, 0);
});

test('a transaction that is done waits for one that stands before any of its parts', () => {
  const subject = new Subject(3);
  for (const [shard, transaction] of [
    [0, 'first'],
    [0, 'second'],
    [1, 'second'],
    [1, null],
    [2, 'first'],
  ] as const) {
    subject.add(shard, transaction);
  }
  assert.equal(subject.done('second'), '');
  assert.equal(subject.done('first'), '0:1 2:1 0:2 1:1 1:2', 'each in one piece');
});

test('two that stand crosswise are let go together, one of them in pieces', () => {
  const subject = new Subject(2);
  for (const [shard, transaction] of [
    [0, 'a'],
    [1, 'b'],
    [0, 'b'],
    [1, 'a'],
  ] as const) {
    subject.add(shard, transaction);
  }
  assert.equal(subject.done('a'), '');
  assert.equal(subject.done('b'), '0:1 0:2 1:1 1:2', 'each shard in its order');
});

test('1000 seeds: as the rule says, whatever the order', () => {
  let together = 0;
  let crosswise = 0;
  for (let seed = 1; seed <= 1000; seed++) {
    const random = seeded(seed);
    const shards = 2 + random(4);
    const subject = new Subject(shards);
    const model = new Model(shards);
    /** Transactions not done, with the shards their parts are still to come from. */
    const open = new Map<string, number[]>();
    for (let step = 0; step < 120; step++) {
      const dice = random(10);
      const [name, left] = [...open][random(Math.max(1, open.size))] ?? [];
      if (dice < 2)
        open.set(
          `t${step}`,
          Array.from({ length: shards }, (_, shard) => shard).filter(() => random(2) > 0),
        );
      else if (dice < 5 || name === undefined) {
        const shard = random(shards);
        isRight(subject.add(shard, null), model.add(shard, null));
      } else if (left!.length > 0) {
        const [shard] = left!.splice(random(left!.length), 1);
        isRight(subject.add(shard!, name), model.add(shard!, name));
      } else {
        open.delete(name);
        const expected = model.done(name);
        isRight(subject.done(name), expected);
        if (expected.flat().length > 5) together += 1;
        if (standCrosswise(expected)) crosswise += 1;
      }
    }
    const held = model.lines.flat().length;
    assert.equal(subject.lines.heldBytes > 0, held > 0, `seed ${seed}`);
  }
  assert.ok(crosswise > 20 && crosswise < together / 2, `${crosswise} of ${together}: some stood crosswise`);
  assert.ok(together > 500, `${together}: much was held at a time`);
});

test('what waits costs the same however much it is', { timeout: 30_000 }, () => {
  // Looking at all of it for each change, or for each transaction that ends meanwhile, would take hours.
  const shards = 10;
  const subject = new Subject(shards);
  for (let shard = 0; shard < 5; shard++) subject.add(shard, 'stuck');
  for (let turn = 0; turn < 50_000; turn++) {
    const behind = turn % 5;
    const beside = 5 + (turn % 5);
    for (let change = 0; change < 4; change++) subject.add(behind, null);
    subject.add(behind, `behind ${turn}`);
    subject.add((behind + 1) % 5, `behind ${turn}`);
    assert.equal(subject.done(`behind ${turn}`), '');
    subject.add(beside, `beside ${turn}`);
    subject.add(beside === 9 ? 5 : beside + 1, `beside ${turn}`);
    assert.notEqual(subject.done(`beside ${turn}`), '');
  }
  assert.equal(subject.done('stuck').split(' ').length, 5 + 50_000 * 6);
});

test('dropped: the last version of each shard that held anything; later parts stand alone', () => {
  const subject = new Subject(3);
  subject.add(0, 't');
  subject.add(0, null);
  subject.add(1, 't');
  assert.deepEqual(
    [...subject.lines.drop()],
    [
      [0, 2],
      [1, 1],
    ],
  );
  assert.equal(subject.lines.heldBytes, 0);
  assert.equal(subject.add(0, null), '0:3');
  assert.equal(subject.add(2, 't'), '');
  assert.equal(subject.add(2, null), '');
  assert.equal(subject.done('t'), '2:1 2:2');
});

test('a transaction of very many changes waits and is let go like any other', () => {
  const lines = new WatchLines(2);
  const transaction = {};
  const many = Array.from({ length: 200_000 }, () => change(0, 2));
  assert.equal(lines.passes(0, [change(0, 1)], lines.groupOf(transaction)), false);
  assert.equal(lines.passes(0, many, null), false);
  assert.equal(lines.groupDone(transaction).length, many.length + 1);
  assert.equal(lines.heldBytes, 0);
});
