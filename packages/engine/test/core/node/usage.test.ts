/** Usage: the master hears of memory when it matters, after every change of the limit, and while a node shrinks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Usage } from '../../../src/core/node/memory/usage.ts';
import { MASTER } from '../../../src/core/protocol/ids.ts';
import { newContext } from './fixture.ts';

const LIMIT = 3200;

function subject(maxMemoryBytes: number) {
  const context = newContext({ maxMemoryBytes });
  const usage = new Usage(context);
  /** At the end of a turn with so much reserved: bytes to evict here, and what the master is told. */
  const turn = (reserved: number) => {
    context.budget.reserved = reserved;
    const excess = usage.endTurn();
    return { excess, told: context.sent.splice(0).map(({ to, message }) => ({ to, ...message })) };
  };
  return { context, usage, turn };
}

const told = (reservedBytes: number, full: boolean, more: { revision?: number; excess?: number } = {}) => [
  { to: MASTER, type: 'usage', revision: 0, reservedBytes, full, excess: 0, ...more },
];

test('without a limit nothing is said, but that a new limit is known', () => {
  const { usage, turn } = subject(0);
  assert.deepEqual(turn(1e9).told, []);
  usage.onLimit(1);
  assert.deepEqual(turn(1e9).told, told(1e9, false, { revision: 1 }));
  assert.deepEqual(turn(2e9).told, []);
});

test('a 32nd of the limit is news, less is not', () => {
  const { turn } = subject(LIMIT);
  assert.deepEqual(turn(99).told, []);
  assert.deepEqual(turn(100).told, told(100, false));
  assert.deepEqual(turn(199).told, []);
  assert.deepEqual(turn(200).told, told(200, false));
  assert.deepEqual(turn(100).told, told(100, false), 'less held is news as well');
});

test('to become full, or not to be any more, is news, however little changed', () => {
  const { turn } = subject(LIMIT);
  assert.deepEqual(turn(3000).told, told(3000, false), 'the soft limit is 15 sixteenths');
  assert.deepEqual(turn(3001).told, told(3001, true));
  assert.deepEqual(turn(3000).told, told(3000, false));
});

test('a node that shrinks asks once for what it is over, again when it has not become smaller for a while', () => {
  const { context, turn } = subject(LIMIT);
  context.shrinking = true;
  assert.equal(turn(5000).excess, 2000);
  context.time += 199;
  assert.equal(turn(5000).excess, 0, 'what was asked for takes its time');
  context.time += 1;
  assert.deepEqual(turn(5000), { excess: 2000, told: told(5000, true, { excess: 2000 }) });
  context.time += 150;
  assert.equal(turn(4000).excess, 0, 'it became smaller');
  context.time += 199;
  assert.equal(turn(4000).excess, 0);
  context.time += 1;
  assert.equal(turn(4000).excess, 1000);
});

test('a new limit begins the asking anew', () => {
  const { context, usage, turn } = subject(LIMIT);
  context.shrinking = true;
  assert.equal(turn(5000).excess, 2000);
  usage.onLimit(1);
  assert.deepEqual(turn(5000), { excess: 2000, told: told(5000, true, { revision: 1, excess: 2000 }) });
});
