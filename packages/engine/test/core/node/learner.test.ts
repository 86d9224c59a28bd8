/** Learner: begin, slices and records, end; then it says how far it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Learner, type StreamMessage } from '../../../src/core/node/catch-up/learner.ts';
import { MASTER } from '../../../src/core/protocol/ids.ts';
import { contents, newContext, newState, OTHER, putEffect, record } from './fixture.ts';

const STREAM = { shard: 7, since: 3 } as const;
const END = { ...STREAM, type: 'stream-end' } as const;
const begin = (lastSeq: number, window = [record(lastSeq, 5)]) =>
  ({ ...STREAM, type: 'stream-begin', lastSeq, lastRequest: 5, committedSeq: lastSeq - 1, window }) as const;
const slice = (...keys: string[]) =>
  ({
    ...STREAM,
    type: 'stream-slice',
    entries: keys.flatMap((key) => [key, 'old', 0, 1, 0]),
    marks: keys.map(() => 0),
  }) as const;
const streamed = (seq: number, request: number, effect = putEffect(`k${seq}`), committedSeq = 0) =>
  ({ ...STREAM, type: 'stream-record', record: record(seq, request, effect), committedSeq }) as const;

function learn(...messages: StreamMessage[]) {
  const context = newContext();
  const state = newState(context);
  const learner = new Learner(state, context);
  for (const message of messages) learner.onStream(OTHER, message);
  learner.endTurn();
  const progress = context.sent.filter(({ message }) => message.type === 'progress');
  return { context, state, learner, progress };
}

test('it begins empty, takes over position and window, and becomes what was streamed', () => {
  const { state, learner } = learn(begin(9), slice('a', 'b'), streamed(10, 6), slice('c'), END);
  assert.equal(learner.stage, 'ended');
  assert.deepEqual(contents(state), ['a=old@1', 'b=old@1', 'c=old@1', 'k10=v@10']);
  assert.deepEqual([state.lastSeq, state.lastRequest, state.window.length], [10, 6, 2]);
});

test('every slice is acknowledged to its source', () => {
  const { context } = learn(begin(9), slice('a'), slice('b'));
  const acks = context.sent.filter(({ message }) => message.type === 'stream-ack');
  assert.deepEqual(
    acks,
    [0, 1].map(() => ({ to: OTHER, message: { type: 'stream-ack', ...STREAM } })),
  );
});

test('the master hears of progress when the stream has ended, once a turn, then after every record', () => {
  assert.deepEqual(learn(begin(9), slice('a'), streamed(10, 6)).progress, [], 'not before the end');
  const { progress, learner, context } = learn(begin(9), END, streamed(10, 6));
  const says = (seq: number) => ({ to: MASTER, message: { type: 'progress', ...STREAM, seq } });
  assert.deepEqual(progress, [says(10)]);
  learner.endTurn();
  learner.onStream(OTHER, streamed(11, 7));
  learner.endTurn();
  assert.deepEqual(
    context.sent.filter(({ message }) => message.type === 'progress'),
    [says(10), says(11)],
  );
});

test('a record it has already is passed over, and may still say what is committed', () => {
  const { state } = learn(begin(9), streamed(9, 5, putEffect('again'), 9));
  assert.deepEqual([state.lastSeq, contents(state), state.window.length], [9, [], 0]);
});

test('a record may remove what no slice has brought yet, but not after the end', () => {
  const removal = { type: 'remove', key: 'late', cause: 'delete' } as const;
  learn(begin(9), streamed(10, 6, removal), END);
  assert.throws(() => learn(begin(9), END, streamed(10, 6, removal)), /C1/);
});

test('what comes at the wrong stage is a bug', () => {
  assert.throws(() => learn(slice('a')), /between begin and end/);
  assert.throws(() => learn(streamed(1, 1)), /follow the begin/);
  assert.throws(() => learn(END), /ends once/);
  assert.throws(() => learn(begin(9), begin(9)), /begins once/);
  assert.throws(() => learn(begin(9), END, slice('a')), /between begin and end/);
  assert.throws(() => learn(begin(9), END, END), /ends once/);
});
