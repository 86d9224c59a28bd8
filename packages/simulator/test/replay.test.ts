/** A failed run is written down, shrunk, and fails in the same way when it is fed back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawOptions, formatLog, investigate, parseLog, replay, replayWith, runSeed } from '../src/index.ts';

const PLANTED = 'acknowledged-before-the-replica-has-it';
const EVENTS_MAX = 25;

test('a failure shrinks to a short log that fails the same way, and only with the bug', () => {
  const found = investigate('1', { commit: 'test', planted: PLANTED, trials: 2000, ms: 20_000 });
  assert.ok(found !== null);
  assert.ok(
    found.events.length < found.eventsBefore && found.events.length <= EVENTS_MAX,
    `${found.events.length} events are left`,
  );
  const { header, events } = parseLog(found.log);
  assert.equal(header.planted, PLANTED);
  const again = replayWith(header.options, events, PLANTED).report;
  assert.deepEqual(again.failure, found.failure);
  assert.equal(replayWith(header.options, events, null).report.failure, null);
});

test('a log replays to the trace it was recorded from', () => {
  const options = drawOptions('5');
  const { report, events } = runSeed('5');
  const log = formatLog({ commit: 'test', seed: '5', planted: null, failure: null, options }, events);
  const parsed = parseLog(log);
  assert.equal(replay(parsed.header.options, parsed.events).report.traceHash, report.traceHash);
});
