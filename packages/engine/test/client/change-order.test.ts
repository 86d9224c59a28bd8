/** How a watcher takes what was told at one time: transaction by transaction. And changes on the port of a handle. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inBatches } from '../../src/client/watch/watch-buffer.ts';
import type { Change } from '../../src/core/data/change.ts';
import { readChange, writeChange } from '../../src/executor/handle/port-change.ts';
import { written } from '../core/codec/decoded.ts';

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

  it('takes the changes of a transaction as one', () => {
    assert.equal(told('0:1 0:2/7 1:9/7 0:3/8 1:10'), '0:1 0:2/7+1:9/7 0:3/8 1:10');
  });

  it('says of a transaction in pieces when the last of them is out', () => {
    assert.equal(told('0:1/7 0:2/8 1:1/8 1:2/7 1:3'), '0:1/7… 0:2/8+1:1/8… 1:2/7 1:3');
    assert.equal(told('0:1/7 0:2 1:1/8 1:2/7 2:1/8'), '0:1/7… 0:2… 1:1/8… 1:2/7… 2:1/8');
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
    const from = written((out) => {
      for (const one of all) writeChange(out, one);
    });
    assert.deepStrictEqual(
      all.map(() => readChange(from)),
      all,
    );
    assert.equal(from.at, from.end);
  });
});
