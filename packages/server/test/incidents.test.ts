import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Incidents } from '../src/listen/incidents.ts';
import { connect, request } from './support/fake-transport.ts';
import { RecordedLog } from './support/recorded-log.ts';

test('incidents: of one kind five are told in ten seconds, the others counted', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const log = new RecordedLog();
  const incidents = new Incidents(log, null);
  for (let guess = 0; guess < 100; guess++) incidents.loginRefused('resp', `10.0.0.${guess}:1`);
  assert.equal(log.told.length, 5);
  incidents.cutOff('resp', '10.0.0.1:1', 'idle');
  assert.equal(log.told.length, 6, 'another kind is told');
  t.mock.timers.tick(10_000);
  assert.deepEqual(log.named('login-refused').at(-1)!.fields, { more: 95, withinMs: 10_000 });
  incidents.loginRefused('resp', '10.0.0.1:1');
  assert.deepEqual(log.told.at(-1)!.fields, { protocol: 'resp', address: '10.0.0.1:1' });
  t.mock.timers.tick(10_000);
  assert.equal(log.told.length, 8, 'nothing more to tell of a window with one');
});

test('incidents: a bug goes to its listener, or to the log', () => {
  const log = new RecordedLog();
  const bugs: unknown[] = [];
  new Incidents(log, (thrown) => bugs.push(thrown)).bug('one');
  assert.deepEqual([bugs, log.told], [['one'], []]);
  const bug = new Error('two');
  new Incidents(log, null).bug(bug);
  assert.deepEqual(log.told, [{ level: 'error', event: 'server-bug', fields: { err: bug } }]);
});

test('incidents: a wrong password and who is cut off are told with the reason', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const log = new RecordedLog();
  const { feed, quiet, session } = connect({ log, password: 'secret' });
  feed(request('AUTH', 'guess'));
  await quiet();
  const { level, fields } = log.named('login-refused')[0]!;
  assert.deepEqual([level, fields], ['warn', { protocol: 'resp', address: '127.0.0.1:50000' }]);
  session.cutOff('client-memory');
  session.cutOff('idle');
  assert.deepEqual(
    log.named('client-cut-off').map((told) => [told.level, told.fields.reason, told.fields.client]),
    [['warn', 'client-memory', session.id]],
    'once',
  );
});
