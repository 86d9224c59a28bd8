/** StreamSource: a snapshot in slices, between the records that are written meanwhile, no faster than it is taken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamSource } from '../../../src/core/node/catch-up/stream-source.ts';
import type { NodeSettings } from '../../../src/core/protocol/settings.ts';
import { newContext, newState, OTHER, record } from './fixture.ts';

/** A source of `entries` entries, with all its messages. */
function sourceOf(entries: number, settings: Partial<NodeSettings>) {
  const context = newContext(settings);
  const state = newState(context);
  for (let seq = 1; seq <= entries; seq++) state.apply(record(seq, seq), true);
  state.commit(entries - 1);
  const source = new StreamSource(context, state);
  const types = () => context.sent.map(({ message }) => message.type.slice('stream-'.length));
  return { context, state, source, types };
}

test('it begins with the position and the window, to the learner', () => {
  const { context } = sourceOf(3, {});
  const [first] = context.sent;
  assert.equal(first!.to, OTHER);
  const window = [record(3, 3)];
  const position = { lastSeq: 3, lastRequest: 3, committedSeq: 2 };
  assert.deepEqual(first!.message, { type: 'stream-begin', shard: 7, since: 3, ...position, window });
});

test('S2: the slices bring every entry once, and the end comes after the last of them', () => {
  const { context, state, source, types } = sourceOf(10, { sliceEntries: 3, slicesAhead: 4 });
  while (source.ready) {
    source.sendSlice(state);
    source.onAck(source.since);
  }
  assert.deepEqual(types(), ['begin', 'slice', 'slice', 'slice', 'slice', 'end']);
  const keys = context.sent.flatMap(({ message }) =>
    message.type === 'stream-slice' ? message.entries.filter((_, at) => at % 5 === 0) : [],
  );
  assert.deepEqual([...keys].sort(), Array.from({ length: 10 }, (_, at) => `k${at + 1}`).sort());
});

test('an empty copy is one empty slice and the end', () => {
  const { source, state, types } = sourceOf(0, {});
  assert.equal(source.ready, true);
  source.sendSlice(state);
  assert.deepEqual([types(), source.ready], [['begin', 'slice', 'end'], false]);
});

test('S1: what a slice shows is no older than the record sent before it', () => {
  const { source, state, context } = sourceOf(1, {});
  const written = record(2, 2);
  state.apply(written, true);
  source.sendRecord(written, 1);
  source.sendSlice(state);
  const slice = context.sent.at(-2)!.message;
  assert.ok(slice.type === 'stream-slice' && slice.entries.includes('k2'));
});

test('S3: the first slices go one by one; after some, as many as allowed are ahead of the acknowledgements', () => {
  const { source, state } = sourceOf(200, { sliceEntries: 1, slicesAhead: 2 });
  const sendable = (): number => {
    let count = 0;
    for (; source.ready; count++) source.sendSlice(state);
    return count;
  };
  assert.equal(sendable(), 1);
  for (let acks = 1; acks < 16; acks++) {
    source.onAck(source.since);
    assert.equal(sendable(), 1, `one after ${acks} acknowledgements`);
  }
  source.onAck(source.since);
  assert.equal(sendable(), 2, 'two from then on');
  for (let acks = 0; acks < 100; acks++) {
    source.onAck(source.since);
    assert.equal(sendable(), 1);
  }
});

test('an acknowledgement of another stream means nothing', () => {
  const { source, state } = sourceOf(5, { sliceEntries: 1 });
  source.sendSlice(state);
  source.onAck(2);
  assert.equal(source.ready, false);
});
