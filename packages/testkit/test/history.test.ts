/**
 * The recorder: positions, outcomes, expiry windows, and the text form a history is saved in.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatHistory, History, parseHistory } from '../src/history.ts';
import { Prng } from '../src/prng.ts';
import { recordHonestly } from './support/honest-store.ts';
import { wildMix } from './support/workloads.ts';

test('positions are strictly ordered, though the clock stands still or goes back', () => {
  const readings = [5, 5, 3, 9];
  const history = new History({ clock: () => readings.shift() ?? 0 });
  const first = history.invoke(1, 'k', { kind: 'get' });
  const second = history.invoke(2, 'k', { kind: 'get' });
  first.ok({ value: null });
  second.ok({ value: null });
  const positions = history.records().map(({ invokedAt, returnedAt }) => [invokedAt, returnedAt]);
  assert.deepEqual(positions, [
    [5, 7],
    [6, 9],
  ]);
});

test('the default clock measures time in nanoseconds', async () => {
  const history = new History();
  const call = history.invoke(1, 'k', { kind: 'get' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  call.ok({ value: null });
  const [record] = history.records();
  assert.ok(record !== undefined && record.returnedAt - record.invokedAt > 15_000_000);
});

test('calls end ok, not applied, unknown, or not at all', () => {
  const history = new History({ clock: () => 0 });
  history.invoke(1, 'k', { kind: 'put', value: 'a' }, { at: 10 }).ok({ applied: true }, 20);
  history.invoke(1, 'k', { kind: 'put', value: 'b' }, { at: 30 }).notApplied(40);
  history.invoke(1, 'k', { kind: 'put', value: 'c' }, { at: 50 }).unknown();
  history.invoke(2, 'k', { kind: 'put', value: 'd' }, { at: 60 });
  assert.equal(history.size, 4);
  const seen = history.records().map(({ outcome, invokedAt, returnedAt }) => [outcome.kind, invokedAt, returnedAt]);
  assert.deepEqual(seen, [
    ['ok', 10, 20],
    ['not-applied', 30, 40],
    ['unknown', 50, Number.POSITIVE_INFINITY],
    ['unknown', 60, Number.POSITIVE_INFINITY],
  ]);
});

test('a call settles once', () => {
  const history = new History({ clock: () => 0 });
  const call = history.invoke(7, 'k', { kind: 'get' });
  call.unknown();
  assert.throws(() => call.ok({ value: 'late' }), /get of client 7 settled twice/);
});

test('a time to live becomes a window from when the call began and ended', () => {
  const history = new History({ clock: () => 0, expirySlack: 3 });
  const known = history.invoke(1, 'k', { kind: 'put', value: 'a' }, { at: 100, timeToLive: 1000 });
  const unknown = history.invoke(2, 'k', { kind: 'put', value: 'b' }, { at: 110, timeToLive: 1000 });
  known.ok({ applied: true }, 150);
  unknown.unknown();
  const windows = history.records().map(({ operation }) => 'expiry' in operation && operation.expiry);
  assert.deepEqual(windows, [
    { notBefore: 1097, notAfter: 1153 },
    { notBefore: 1107, notAfter: Number.POSITIVE_INFINITY },
  ]);
});

test('a record that could not be checked is refused', () => {
  const history = new History({ clock: () => 0 });
  assert.throws(() => history.invoke(1, 'k', { kind: 'get' }, { at: 1 }).ok({}, 2), /must say: value/);
  assert.throws(() => history.invoke(1, 'k', { kind: 'get' }, { at: 5 }).ok({ value: null }, 4), /before returnedAt/);
});

test('a history survives being written and read', () => {
  const records = recordHonestly(new Prng('text'), {
    clients: 4,
    operations: 300,
    draw: wildMix,
    unknown: 0.1,
    notApplied: 0.1,
    versions: 0.5,
  });
  const history = History.fromJsonLines(formatHistory(records));
  assert.deepEqual(history.records(), records);
  assert.deepEqual(parseHistory(history.toJsonLines()), records);
});

test('a malformed line is named', () => {
  const good = formatHistory(
    recordHonestly(new Prng(1), { clients: 1, operations: 1, draw: wildMix, unknown: 0, versions: 0 }),
  );
  assert.throws(() => parseHistory(`${good}\n{"key":1}\n`), /line 3 is not a record: \{"key":1\}/);
});
