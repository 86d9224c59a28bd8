/** The order in which a watcher hears what was told at one time: transactions together, each key in its own order. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inBatches } from '../../src/client/watch/change-order.ts';
import type { Change } from '../../src/core/data/change.ts';
import { readChange, writeChange } from '../../src/executor/handle/port-change.ts';
import type { WireElement } from '../../src/runtime/wire/wire.ts';
import { Cursor } from '../../src/runtime/wire/wire-cursor.ts';

/** `0:5` is version 5 of shard 0; `0:5/2` the same of transaction 2. */
function change(text: string): Change {
  const [place, transaction = 0] = text.split('/');
  const [shard, version] = place!.split(':').map(Number);
  return {
    type: 'put',
    key: text,
    value: '',
    kind: 0,
    expiresAt: 0,
    version: version!,
    shard: shard!,
    previous: null,
    transaction: Number(transaction),
  };
}

function told(text: string): string {
  const batches = inBatches(text.split(' ').map(change));
  return batches.map(({ changes, whole }) => changes.map(({ key }) => key).join('+') + (whole ? '' : '…')).join(' ');
}

describe('inBatches', () => {
  it('leaves single changes as they are', () => {
    assert.equal(told('0:1 0:2 3:1'), '0:1 0:2 3:1');
  });

  it('keeps a transaction together over shards, behind what came before it in any of them', () => {
    assert.equal(told('0:1 0:2/7 0:3 1:8 1:9/7 1:10'), '0:1 1:8 0:2/7+1:9/7 1:10 0:3');
    assert.equal(told('0:2/7 0:2/7 0:3/8 1:1/7 1:2/8 2:1/8'), '0:2/7+0:2/7+1:1/7 0:3/8+1:2/8+2:1/8');
  });

  it('two transactions that stand crosswise: each shard keeps its order, and it is told when both are out', () => {
    assert.equal(told('0:1/7 0:2/8 1:1/8 1:2/7 1:3'), '0:1/7… 0:2/8+1:1/8… 1:2/7 1:3');
  });

  it('keeps the order of each shard, whatever it is told, and loses nothing', () => {
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let round = 0; round < 300; round++) {
      const all = Array.from({ length: 3 }, (_, shard) =>
        Array.from({ length: random(6) }, (_, at) => {
          const transaction = random(4);
          return change(`${shard}:${at + 1}${transaction === 0 ? '' : `/${transaction}`}`);
        }),
      ).flat();
      const batches = inBatches(all);
      const out = batches.flatMap(({ changes }) => changes);
      assert.equal(out.length, all.length);
      for (const shard of [0, 1, 2]) {
        const inOrder = (changes: readonly Change[]) =>
          changes.filter((one) => one.shard === shard).map(({ key }) => key);
        assert.deepStrictEqual(inOrder(out), inOrder(all));
      }
      assert.ok(batches.at(-1)?.whole ?? true, 'in the end nothing is in pieces');
    }
  });
});

describe('changes on the wire', () => {
  it('come out as they went in', () => {
    const plain = change('3:9/4');
    const all: Change[] = [
      plain,
      { ...plain, type: 'delete', previous: { kind: 3, value: '5' } },
      { ...plain, type: 'clear', key: '', transaction: 0 },
      { ...plain, type: 'evict', kind: 2, expiresAt: 5.5, value: '\xff' },
      { ...plain, type: 'expire', previous: { kind: 0, value: '' } },
    ];
    const elements: WireElement[] = [];
    for (const one of all) writeChange(elements, one);
    const cursor = new Cursor(elements, 0);
    assert.deepStrictEqual(
      all.map(() => readChange(cursor)),
      all,
    );
    assert.equal(cursor.at, elements.length);
  });
});
