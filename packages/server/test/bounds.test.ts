/** Few bytes of a request must not make much work, or a long reply. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session } from '../src/session/session.ts';
import { connect, FakeTransport, request } from './support/fake-transport.ts';
import { RecordedLog } from './support/recorded-log.ts';

const TOO_LONG = '-ERR a pattern has at most 4096 bytes\r\n';
const TOO_COSTLY = '-ERR matching takes too long, use a simpler pattern\r\n';

test('bounds: the length of a pattern', async () => {
  const { ask, session } = connect();
  const pattern = 'x'.repeat(4097);
  assert.equal(await ask('KEYS', pattern), TOO_LONG);
  assert.equal(await ask('SCAN', '0', 'MATCH', pattern), TOO_LONG);
  assert.equal(await ask('PSUBSCRIBE', 'x', pattern), TOO_LONG);
  assert.equal(session.modes?.subscriptions ?? 0, 0, 'all or none');
  assert.equal(await ask('PUBSUB', 'CHANNELS', pattern), TOO_LONG);
  assert.equal(await ask('CONFIG', 'GET', pattern), TOO_LONG);
  assert.equal(await ask('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', pattern), TOO_LONG);
  assert.equal(await ask('KEYS', 'x'.repeat(4096)), '*0\r\n');
});

const LONG = 'a'.repeat(60_000);
/** Compared with LONG at every place, nearly to its end. */
const COSTLY = `*${'a'.repeat(4000)}b`;

test('bounds: what matching takes, for KEYS and SCAN', async () => {
  const { ask } = connect();
  await ask('SET', LONG, '1');
  assert.equal(await ask('KEYS', COSTLY), TOO_COSTLY);
  assert.equal(await ask('SCAN', '0', 'MATCH', COSTLY, 'COUNT', '1000'), TOO_COSTLY);
  assert.equal(await ask('PING'), '+PONG\r\n', 'the walk has let go of the session');
  assert.match(await ask('KEYS', 'a*'), /^\*1\r\n/);
});

test('bounds: patterns that take too long cost their own client, not who publishes or listens', async () => {
  const log = new RecordedLog();
  const { ask, context } = connect({ log });
  const client = (...requests: string[][]): FakeTransport => {
    const transport = new FakeTransport();
    new Session(context, transport).onData(Buffer.from(requests.map((words) => request(...words)).join(''), 'latin1'));
    return transport;
  };
  const costly = client(['PSUBSCRIBE', COSTLY], ['SUBSCRIBE', LONG]);
  const cheap = client(['PSUBSCRIBE', 'a*']);
  const exact = client(['SUBSCRIBE', LONG]);
  assert.equal(await ask('PUBLISH', LONG, 'm'), ':3\r\n', 'two by name, one by its pattern');
  assert.ok(exact.written.includes('$7\r\nmessage\r\n'));
  assert.ok(cheap.written.includes('$8\r\npmessage\r\n'));
  assert.deepEqual([costly.destroyed, cheap.destroyed, exact.destroyed], [true, false, false]);
  assert.equal(log.named('client-cut-off')[0]!.fields.reason, 'costly-patterns');
  assert.equal(await ask('PUBLISH', LONG, 'm'), ':2\r\n');
  const again = client(['PSUBSCRIBE', `*${COSTLY}`]);
  await ask('CONFIG', 'SET', 'notify-keyspace-events', 'KEA');
  await ask('SET', LONG, '1', 'EX', '100');
  assert.equal(await ask('PERSIST', LONG), ':1\r\n', 'the command is not concerned');
  assert.equal(again.destroyed, true);
});

test('bounds: a transaction has so many steps and bytes', async () => {
  const { ask, executor, feed, quiet, transport } = connect({
    limits: { transactionSteps: 10, transactionBytes: 1000 },
  });
  const refused = '-ERR the transaction has too many keys or bytes\r\n';
  const pairs = (count: number): string[] => Array.from({ length: count }, (_, index) => [`k${index}`, 'v']).flat();
  assert.equal(await ask('MSET', ...pairs(10)), '+OK\r\n');
  assert.equal(await ask('MSET', ...pairs(11)), refused);
  assert.equal(await ask('DEL', ...pairs(6)), refused);
  assert.equal(await ask('MSETNX', ...pairs(11)), refused);
  assert.equal(await ask('MSET', 'a', 'x'.repeat(998), 'b', ''), '+OK\r\n');
  assert.equal(await ask('MSET', 'a', 'x'.repeat(998), 'b', '1'), refused);
  const submitted = executor.submitted.length;
  feed(request('MULTI') + request('SET', 'a', '1').repeat(11));
  await quiet();
  transport.written = '';
  assert.equal(await ask('EXEC'), refused);
  assert.equal(executor.submitted.length, submitted, 'nothing got to the engine');
  assert.equal(await ask('PING'), '+PONG\r\n');
});

test('bounds: names in COMMAND and CLIENT, and the name of a client', async () => {
  const { ask, session } = connect();
  const many = Array.from({ length: 1025 }, () => 'get');
  for (const word of ['INFO', 'DOCS']) assert.equal(await ask('COMMAND', word, ...many), '-ERR at most 1024 names\r\n');
  assert.match(await ask('COMMAND', 'INFO', ...many.slice(1)), /^\*1024\r\n/);
  assert.equal(await ask('CONFIG', 'GET', ...many), '-ERR at most 256 patterns\r\n');
  const twice = await ask('CLIENT', 'LIST', 'ID', String(session.id), String(session.id));
  assert.equal(twice.match(/id=/g)?.length, 1);
  assert.match(await ask('CLIENT', 'SETNAME', 'n'.repeat(1025)), /^-ERR Client names cannot have more than 1024 bytes/);
  assert.match(await ask('CLIENT', 'SETINFO', 'LIB-NAME', 'n'.repeat(1025)), /^-ERR lib-name cannot/);
  assert.match(await ask('HELLO', '3', 'SETNAME', 'n'.repeat(1025)), /^-ERR Client names cannot/);
  assert.equal(await ask('CLIENT', 'SETNAME', 'n'.repeat(1024)), '+OK\r\n');
});

test('bounds: a tag in If-None-Match among very many blanks', async () => {
  const { startServer } = await import('../src/index.ts');
  const { fakeCluster } = await import('./support/fake-cluster.ts');
  const server = await startServer(fakeCluster(), { port: 0 });
  await fetch(`http://${server.address}/v1/keys/a`, { method: 'PUT', body: 'x' });
  const blanks = ' '.repeat(15_000);
  const begin = performance.now();
  for (let round = 0; round < 10; round++) {
    const headers = { 'if-none-match': `"x"${blanks}"y"` };
    assert.equal((await fetch(`http://${server.address}/v1/keys/a`, { headers })).status, 200);
  }
  assert.ok(performance.now() - begin < 1000, 'a quadratic expression takes seconds');
  await server.close();
});
