/** What one client asks for must not keep the others waiting. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterStatus } from '@quintet/engine';
import { Session } from '../src/session/session.ts';
import { type Connection, connect, FakeTransport, request } from './support/fake-transport.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Another client of the same server. */
function second({ context }: Connection): { session: Session; transport: FakeTransport } {
  const transport = new FakeTransport();
  return { session: new Session(context, transport), transport };
}

const LONG = 'ab'.repeat(2000);
const OTHER = 'ba'.repeat(2000);

for (const multi of [false, true]) {
  test(`fairness: a pipeline of LCS${multi ? ' in a MULTI' : ''} is done in slices`, { timeout: 60_000 }, async () => {
    const connection = connect();
    const { ask, feed, transport } = connection;
    await ask('MSET', 'one', LONG, 'other', OTHER);
    transport.written = '';
    const many = request('LCS', 'one', 'other', 'LEN').repeat(8);
    feed(multi ? request('MULTI') + many + request('EXEC') : many);
    const bystander = second(connection);
    for (let round = 0; round < 5; round++) {
      bystander.transport.written = '';
      bystander.session.onData(Buffer.from('PING\r\n'));
      while (bystander.transport.written === '') await turn();
      assert.ok(!transport.written.endsWith(':3999\r\n'.repeat(8)), 'it was served in between');
    }
    while (!transport.written.endsWith(':3999\r\n'.repeat(8))) await turn();
  });
}

test('fairness: an LCS whose client has gone is not finished', async () => {
  const { ask, feed, session, context } = connect();
  await ask('MSET', 'one', LONG, 'other', OTHER);
  let steps = 0;
  const add = context.slowWork.add.bind(context.slowWork);
  context.slowWork.add = (owner, work, onDone) => {
    const counted = (function* () {
      for (;;) {
        const { done, value } = work.next();
        steps++;
        if (done === true) return value;
        yield;
      }
    })();
    add(owner, counted, onDone);
  };
  feed(request('LCS', 'one', 'other'));
  while (steps === 0) await turn();
  session.onClosed();
  const before = steps;
  for (let count = 0; count < 20; count++) await turn();
  assert.equal(steps, before);
});

test('fairness: a hundred WAITs look at the status once a tick', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const connection = connect();
  const { context } = connection;
  let asked = 0;
  let inSync = 1;
  const base = context.cluster.status();
  context.cluster.status = () => {
    asked++;
    return { ...base, shards: [{ inSync }, { inSync: 2 }] } as unknown as ClusterStatus;
  };
  const clients = Array.from({ length: 100 }, () => second(connection));
  for (const { session } of clients) session.onData(Buffer.from(request('WAIT', '1', '0') + request('PING'), 'latin1'));
  const begun = asked;
  t.mock.timers.tick(5);
  assert.equal(asked, begun + 1);
  inSync = 3;
  t.mock.timers.tick(5);
  await turn();
  await turn();
  assert.deepEqual(new Set(clients.map(({ transport }) => transport.written)), new Set([':1\r\n+PONG\r\n']));
  t.mock.timers.tick(50);
  assert.equal(asked, begun + 2, 'nobody waits, nobody asks');
});
