/** A bug of ours strikes one connection, and is reported; it never gets to the engine that brought the result. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PendingCall, Result, Sink } from '@quintet/engine/internal';
import { Session } from '../src/session/session.ts';
import { connect, FakeTransport, request } from './support/fake-transport.ts';

const NONE: PendingCall = {};

/** Throws at whoever looks at it. */
const POISON = {
  status: 0,
  get value(): never {
    throw new Error('planted');
  },
  get items(): never {
    throw new Error('planted');
  },
  get page(): never {
    throw new Error('planted');
  },
} as unknown as Result;

/** Commands of every way in which results become replies. */
const COMMANDS: readonly (readonly string[])[] = [
  ['GET', 'a'],
  ['MGET', 'a', 'b'],
  ['KEYS', '*'],
  ['RENAME', 'a', 'b'],
  ['DBSIZE'],
  ['DEL', 'a', 'b'],
];

for (const args of [...COMMANDS, ['EXEC']]) {
  test(`faults: a result that makes ${args[0]} throw`, async () => {
    const { feed, quiet, context, executor, bugs, transport } = connect();
    const thrown: unknown[] = [];
    const submit = (_shard: number, _operation: unknown, sink: Sink): PendingCall => {
      setImmediate(() => {
        try {
          sink.onResult(POISON);
        } catch (error) {
          thrown.push(error);
        }
      });
      return NONE;
    };
    executor.submitToShard = submit;
    const bystander = new Session(context, new FakeTransport());
    feed(args[0] === 'EXEC' ? request('MULTI') + request('SET', 'a', '1', 'GET') + request('EXEC') : request(...args));
    await quiet();
    assert.deepEqual(thrown, [], 'thrown at the engine');
    assert.ok(bugs.length >= 1);
    assert.match(String(bugs[0]), /planted/);
    assert.equal(transport.destroyed, true);
    assert.equal(bystander.isClosed, false);
  });
}

test('faults: a reply that cannot be written', async () => {
  const { feed, quiet, context, transport, bugs } = connect();
  const other = new FakeTransport();
  const bystander = new Session(context, other);
  transport.write = () => {
    throw new Error('planted');
  };
  feed(request('PING'));
  bystander.onData(Buffer.from('PING\r\n'));
  await quiet();
  assert.equal(bugs.length, 1);
  assert.equal(transport.destroyed, true);
  assert.equal(other.written, '+PONG\r\n', 'those behind it in the same turn are served');
});

test('faults: a change that cannot be published', async () => {
  const { ask, context, executor, bugs } = connect();
  type Sink = { onChanges(changes: readonly object[]): void };
  let sink: Sink | undefined;
  Object.assign(executor, {
    watch: (_filter: object, _from: null, given: Sink) => {
      sink = given;
      return { stop: () => {} };
    },
  });
  await ask('CONFIG', 'SET', 'notify-keyspace-events', 'KEA');
  await ask('SUBSCRIBE', '__keyspace@0__:a');
  context.pubsub.publish = () => {
    throw new Error('planted');
  };
  sink!.onChanges([{ type: 'put', key: 'a' }]);
  assert.equal(bugs.length, 1);
});
