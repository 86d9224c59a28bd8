/** CopyState: records are applied once, in order, without gap; only what the master accepted is forgotten. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeId } from '../../../src/core/protocol/ids.ts';
import { contents, newContext, newState, OTHER, putEffect, record } from './fixture.ts';

const newCopy = () => newState(newContext());

test('C1, C2: a gap in seqs or in request numbers is a bug; the primary’s own records have no number', () => {
  const state = newCopy();
  state.apply(record(1, 1), true);
  assert.throws(() => state.apply(record(3, 2), true), /C1/);
  assert.throws(() => state.apply(record(2, 3), true), /C2/);
  state.apply(record(2, 0), true);
  state.apply(record(3, 2), true);
  assert.deepEqual([state.lastSeq, state.lastRequest], [3, 2]);
});

test('C3: an entry’s version is the seq that wrote it, a new deadline’s too', () => {
  const state = newCopy();
  state.apply(record(1, 1, putEffect('a')), true);
  state.apply(record(2, 2, { type: 'many', effects: [{ type: 'deadline', key: 'a', expiresAt: 5000 }] }), true);
  assert.deepEqual(contents(state), ['a=v@2']);
  assert.equal(state.data.head('a')!.expiresAt, 5000);
});

test('removals are counted by their cause, and clear leaves nothing', () => {
  const state = newCopy();
  for (const [at, key] of ['a', 'b', 'c', 'd'].entries()) state.apply(record(at + 1, at + 1, putEffect(key)), true);
  for (const [at, cause] of (['delete', 'expire', 'evict'] as const).entries()) {
    state.apply(record(at + 5, 0, { type: 'remove', key: 'abc'[at]!, cause }), true);
  }
  assert.deepEqual([state.expired, state.evicted, contents(state)], [1, 1, ['d=v@4']]);
  state.apply(record(8, 5, { type: 'clear' }), true);
  assert.deepEqual(contents(state), []);
});

test('what is removed is there, unless the copy is in mid-stream', () => {
  const effect = { type: 'remove', key: 'none', cause: 'delete' } as const;
  assert.throws(() => newCopy().apply(record(1, 1, effect), true), /C1/);
  newCopy().apply(record(1, 1, effect), false);
});

test('a patch leaves the rest of the entry; where there is none it is nothing in mid-stream, and else a bug', () => {
  const patch = { type: 'patch', key: 'a', offset: 1, bytes: 'xy', kind: 0 } as const;
  assert.throws(() => newCopy().apply(record(1, 1, patch), true), /C1/);
  const state = newCopy();
  state.apply(record(1, 1, patch), false);
  assert.deepEqual(contents(state), []);
  state.apply(record(2, 2, putEffect('a')), false);
  state.apply(record(3, 3, patch), false);
  assert.deepEqual(contents(state), ['a=vxy@3']);
});

test('the window keeps what is not accepted, and the committed seq never goes back', () => {
  const state = newCopy();
  for (let seq = 1; seq <= 4; seq++) state.apply(record(seq, seq), true);
  state.commit(2);
  state.commit(1);
  assert.deepEqual([state.committedSeq, state.window.toArray().map(({ seq }) => seq)], [2, [3, 4]]);
});

test('a stream’s source is taken over: position, request number and window', () => {
  const state = newCopy();
  state.resume({ lastSeq: 9, lastRequest: 5, committedSeq: 8, window: [record(9, 5)] });
  state.apply(record(10, 6), false);
  assert.deepEqual([state.committedSeq, state.lastSeq, state.window.length], [8, 10, 2]);
});

test('discarding leaves the configuration and no data; beginning anew leaves no entries', () => {
  const state = newCopy();
  state.apply(record(1, 1), true);
  state.discard();
  assert.deepEqual([state.dataIfAny, state.lastSeq, state.window.length, state.epoch], [null, 0, 0, 3]);
  assert.throws(() => state.data, /has data/);
  state.begin({ seq: 40, request: 7 });
  assert.deepEqual([contents(state), state.lastSeq, state.lastRequest, state.committedSeq], [[], 40, 7, 40]);
});

test('its place in the chain', () => {
  const state = newCopy();
  assert.equal(state.position, 0);
  state.configure({ epoch: 4, chain: [OTHER, nodeId(1, 1)], learner: 0, since: 0 });
  assert.equal(state.position, 1);
  state.configure({ epoch: 5, chain: [OTHER], learner: 0, since: 0 });
  assert.equal(state.position, -1);
});
