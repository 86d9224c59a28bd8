import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { connect, request } from './support/fake-transport.ts';

test('session: replies keep the order of requests, whatever order operations finish in', async () => {
  const { feed, quiet, transport, executor } = connect();
  executor.delivery = 'by-hand';
  feed(request('SET', 'a', '1') + request('PING') + request('GET', 'a') + request('ECHO', 'x') + request('GET', 'b'));
  executor.deliverOne(2);
  await quiet();
  assert.equal(transport.written, '');
  executor.deliverOne(1);
  await quiet();
  assert.equal(transport.written, '');
  executor.deliverOne(0);
  await quiet();
  assert.equal(transport.written, '+OK\r\n+PONG\r\n$1\r\n1\r\n$1\r\nx\r\n$-1\r\n');
  assert.equal(transport.writes, 1);
});

test('session: a deep pipeline with answers in any order, cut anywhere', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(6), { minLength: 1, maxLength: 400 }),
      fc.integer({ min: 1, max: 500 }),
      async (kinds, cut) => {
        const { feed, quiet, transport, executor } = connect({ limits: { pendingOperations: 16 } });
        executor.delivery = 'shuffled';
        const counts = new Map<number, number>();
        let input = '';
        let wanted = '';
        for (const kind of kinds) {
          if (kind === 6) {
            input += request('ECHO', 'e');
            wanted += '$1\r\ne\r\n';
            continue;
          }
          const count = (counts.get(kind) ?? 0) + 1;
          counts.set(kind, count);
          input += request('INCR', `k${kind}`);
          wanted += `:${count}\r\n`;
        }
        for (let at = 0; at < input.length; at += cut) feed(input.slice(at, at + cut));
        await quiet();
        assert.equal(transport.written, wanted);
        assert.ok(executor.mostInFlight <= 16);
        assert.equal(transport.paused, false);
      },
    ),
    { numRuns: 40 },
  );
});

test('session: values known at once are replied in their order, as those that are not', async () => {
  const parts = [
    ...['a', 'b', 'none', 'long', 'empty'].map((key) => request('GET', key)),
    ...[request('get', 'a'), request('ECHO', 'e'), request('SET', 'b', 'x'.repeat(77)), 'GET a\r\n'],
    ...[request('MULTI') + request('GET', 'a') + request('EXEC'), request('CLIENT', 'REPLY', 'SKIP'), request('GET')],
  ];
  let shown = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(parts.length - 1), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 2000 }),
      async (drawn, cut) => {
        const written: string[] = [];
        for (const knows of [false, true]) {
          const { feed, quiet, transport, executor } = connect();
          feed(request('SET', 'a', 'A') + request('SET', 'long', 'l'.repeat(3000)) + request('SET', 'empty', ''));
          await quiet();
          executor.knows = knows;
          const input = drawn.map((at) => parts[at]!).join('');
          for (let at = 0; at < input.length; at += cut) feed(input.slice(at, at + cut));
          await quiet();
          written.push(transport.written);
          shown += executor.shown;
        }
        assert.equal(written[1], written[0]);
      },
    ),
    { numRuns: 60 },
  );
  assert.ok(shown > 0, `${shown} were`);
});

test('session: what counts commands, or has a say in them, counts those that are known at once too', async () => {
  const { ask, feed, quiet, transport, executor, context } = connect({ password: 'secret' });
  executor.knows = true;
  assert.match(await ask('GET', 'k'), /^-NOAUTH/);
  await ask('AUTH', 'secret');
  await ask('SET', 'k', 'value');
  await ask('CONFIG', 'RESETSTAT');
  assert.equal(await ask('GET', 'k'), '$5\r\nvalue\r\n');
  assert.equal(executor.shown, 1);
  assert.match(await ask('INFO', 'commandstats'), /cmdstat_get:calls=1,/);
  assert.match(await ask('CLIENT', 'LIST'), /cmd=client/);
  assert.equal(context.counters.commands, 3);
  await ask('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
  await ask('GET', 'k');
  assert.match(await ask('SLOWLOG', 'GET', '1'), /GET\r\n\$1\r\nk\r\n/i);
  await ask('CONFIG', 'SET', 'slowlog-log-slower-than', '10000');
  feed(request('CLIENT', 'REPLY', 'OFF') + request('GET', 'k') + request('CLIENT', 'REPLY', 'ON'));
  transport.written = '';
  await quiet();
  assert.equal(transport.written, '+OK\r\n');
  assert.equal(executor.shown, 1);
});

test('session: what cannot be replied to as bytes is not shown, and so is not counted as read', async () => {
  const { ask, feed, quiet, transport, executor } = connect();
  await ask('SET', 'k', 'value');
  await ask('SET', 'long', 'l'.repeat(1025));
  executor.knows = true;
  await ask('GET', 'long');
  assert.equal(executor.shown, 0);
  transport.writes = 0;
  feed(`${request('GET', 'k')}${request('PING')}`.repeat(50));
  await quiet();
  // Bytes, then text in a few turns, as reads are begun bit by bit: not a write for each.
  assert.equal(executor.shown, 1);
  assert.ok(transport.writes < 10, `${transport.writes} writes`);
  assert.ok(transport.written.endsWith('$5\r\nvalue\r\n+PONG\r\n'.repeat(50)));
});

test('session: one write per turn however many replies', async (t) => {
  // On a busy machine they could take more than one client's share of a turn.
  t.mock.method(performance, 'now', () => 1);
  const { feed, quiet, transport } = connect();
  feed(request('PING').repeat(1000));
  await quiet();
  assert.equal(transport.written, '+PONG\r\n'.repeat(1000));
  assert.equal(transport.writes, 1);
});

test('session: one client does not take up a turn', async (t) => {
  const { feed, quiet, transport } = connect();
  let now = 0;
  // Each look at the clock finds that a millisecond has passed.
  t.mock.method(performance, 'now', () => now++);
  feed(request('PING').repeat(1000));
  assert.equal(transport.paused, true, 'the rest waits for the next turn, and what comes behind it unread');
  await quiet();
  assert.equal(transport.written, '+PONG\r\n'.repeat(1000));
  assert.ok(transport.writes > 5, `${transport.writes} writes`);
  assert.equal(transport.paused, false);
});

test('session: stops reading while too many operations are pending, and goes on', async () => {
  const { feed, quiet, transport, executor } = connect({ limits: { pendingOperations: 10 } });
  executor.delivery = 'by-hand';
  feed(request('INCR', 'a').repeat(35));
  assert.equal(transport.paused, true);
  assert.equal(executor.inFlight, 10);
  for (let round = 0; round < 10; round++) {
    executor.deliver();
    await quiet();
  }
  assert.equal(transport.paused, false);
  assert.equal(transport.written, Array.from({ length: 35 }, (_, n) => `:${n + 1}\r\n`).join(''));
  assert.equal(executor.mostInFlight, 10);
});

test('session: stops reading while too many bytes are pending', () => {
  const { feed, transport, executor } = connect({ limits: { pendingBytes: 10_000 } });
  executor.delivery = 'by-hand';
  feed(request('SET', 'a', 'x'.repeat(4000)).repeat(5));
  assert.equal(executor.inFlight, 3);
  assert.equal(transport.paused, true);
});

test('session: lets a pipeline of large reads in bit by bit', async () => {
  const { ask, feed, quiet, transport, executor } = connect({ limits: { outputSoftBytes: 400_000 } });
  await ask('SET', 'a', 'x'.repeat(100_000));
  await ask('GET', 'a');
  executor.mostInFlight = 0;
  transport.written = '';
  feed(request('GET', 'a').repeat(50));
  await quiet();
  assert.equal(transport.written.length, 50 * (100_000 + '$100000\r\n\r\n'.length));
  assert.ok(executor.mostInFlight <= 5);
});

test('session: a client that sends all before it reads is read on, up to a limit', async () => {
  const { feed, quiet, transport, session } = connect({ limits: { outputSoftBytes: 1000, requestBytes: 4000 } });
  transport.stuck = true;
  feed(request('ECHO', 'x'.repeat(600)).repeat(2));
  await quiet();
  feed(request('PING'));
  await quiet();
  assert.equal(transport.paused, false);
  assert.ok(!transport.written.includes('PONG'));
  feed(request('ECHO', 'y'.repeat(500)).repeat(8));
  await quiet();
  assert.equal(transport.paused, true);
  assert.ok(!transport.written.includes('PONG'));
  for (let drains = 0; drains < 10; drains++) {
    transport.unsentBytes = 0;
    session.onDrain();
    await quiet();
  }
  assert.equal(transport.paused, false);
  assert.match(transport.written, /\+PONG\r\n(?:\$500\r\ny{500}\r\n){8}$/);
});

test('session: keys and values that are too long are refused in their turn', async () => {
  const { ask, executor } = connect();
  const long = 'x'.repeat(65_537);
  assert.equal(await ask('GET', long), '-ERR key exceeds maximum allowed size\r\n');
  assert.equal(await ask('MSET', 'a', '1', long, '2'), '-ERR key exceeds maximum allowed size\r\n');
  const value = 'x'.repeat(executor.limits.maxValueBytes + 1);
  assert.match(await ask('SET', 'a', value), /^-ERR string exceeds maximum allowed size/);
  assert.match(await ask('QUINTET', 'PUT', 'a', value), /^-ERR string exceeds maximum allowed size/);
  assert.equal(await ask('GET', 'a'), '$-1\r\n', 'MSET is all or nothing');
});

test('session: answers that come after the client is gone are dropped', async () => {
  const { feed, quiet, session, transport, executor, bugs } = connect();
  executor.delivery = 'by-hand';
  feed(request('GET', 'a') + request('MGET', 'a', 'b') + request('KEYS', '*'));
  session.onClosed();
  executor.deliver();
  executor.deliver();
  await quiet();
  assert.equal(transport.written, '');
  assert.deepEqual(bugs, []);
});

test('session: a protocol error is told after the replies before it, and ends the connection', async () => {
  const { feed, quiet, transport, executor } = connect();
  executor.delivery = 'by-hand';
  feed(`${request('GET', 'a')}*1\r\nfoo\r\n${request('PING')}`);
  await quiet();
  assert.equal(transport.ended, false);
  executor.deliver();
  await quiet();
  assert.equal(transport.written, "$-1\r\n-ERR Protocol error: expected '$', got 'f'\r\n");
  assert.equal(transport.ended, true);
});

test('session: QUIT ends after the replies before it; what follows is not run', async () => {
  const { feed, quiet, transport, executor } = connect();
  feed(request('SET', 'a', '1') + request('QUIT') + request('SET', 'a', '2'));
  await quiet();
  assert.equal(transport.written, '+OK\r\n+OK\r\n');
  assert.equal(transport.ended, true);
  assert.equal(executor.submitted.length, 1);
});

test('session: a client that ends its side gets all its answers first', async () => {
  const { feed, quiet, transport, session } = connect({ limits: { pendingOperations: 2 } });
  feed(request('INCR', 'a').repeat(5));
  session.onEnd();
  await quiet();
  assert.equal(transport.written, ':1\r\n:2\r\n:3\r\n:4\r\n:5\r\n');
  assert.equal(transport.ended, true);
});

test('session: of a client whose command waits a little is read on, so that its end is seen', async () => {
  const { feed, quiet, transport, session } = connect();
  session.hold();
  feed(request('PING'));
  await quiet();
  assert.equal(transport.paused, false);
  feed(request('ECHO', 'x'.repeat(300_000)));
  await quiet();
  assert.equal(transport.paused, true);
  session.release();
  assert.equal(transport.paused, false);
});

test('session: replies before HELLO 3 stay RESP2', async () => {
  const { feed, quiet, transport, executor } = connect();
  executor.delivery = 'by-hand';
  feed(request('GET', 'a') + request('HELLO', '3') + request('GET', 'a'));
  executor.deliver();
  await quiet();
  assert.ok(transport.written.startsWith('$-1\r\n%7\r\n'));
  assert.ok(transport.written.endsWith('_\r\n'));
});

test('session: a command over many keys goes in windows and keeps later commands behind it', async () => {
  const { feed, quiet, transport, executor } = connect();
  const keys = Array.from({ length: 5000 }, (_, index) => `k${index}`);
  feed(request('MSET', ...keys.flatMap((key) => [key, 'v'])) + request('SET', 'k4999', 'w') + request('MGET', ...keys));
  await quiet();
  // The last of one command may overlap with the first of the next.
  assert.ok(executor.mostInFlight <= 2 * 1024 + 1);
  assert.equal(transport.written, `+OK\r\n+OK\r\n*5000\r\n${'$1\r\nv\r\n'.repeat(4999)}$1\r\nw\r\n`);
});

test('session: errors of the engine, early and late, take their turn', async () => {
  const { feed, quiet, transport, executor } = connect();
  executor.failNext = { code: 'BUSY', synchronously: true };
  feed(request('SET', 'a', '1'));
  executor.failNext = { code: 'SHARD_LOST', synchronously: false };
  feed(request('GET', 'a'));
  executor.failNext = { code: 'OUT_OF_MEMORY', synchronously: true };
  feed(request('MSET', 'a', '1', 'b', '2') + request('PING'));
  await quiet();
  const lines = transport.written.split('\r\n');
  assert.equal(lines[0], '-BUSY too many operations are waiting, try again');
  assert.equal(lines[1], '-CLUSTERDOWN every copy of the shard is gone');
  assert.equal(lines[2], "-OOM command not allowed when used memory > 'maxmemory'.");
  assert.equal(lines[3], '+PONG');
});

test('session: an EXEC there is no memory for has done nothing, and says so as Redis does', async () => {
  const { feed, quiet, transport, executor } = connect();
  feed(request('MULTI') + request('SET', 'a', '1') + request('GET', 'b'));
  await quiet();
  executor.failNext = { code: 'OUT_OF_MEMORY', synchronously: false };
  feed(request('EXEC') + request('PING'));
  await quiet();
  const lines = transport.written.split('\r\n').slice(3);
  const reason = "OOM command not allowed when used memory > 'maxmemory'.";
  assert.deepEqual(lines, [`-EXECABORT Transaction discarded because of: ${reason}`, '+PONG', '']);
});

test('session: nothing runs before AUTH, and a wrong password takes its time', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { ask, quiet, transport, session } = connect({ password: 'secret' });
  const askLate = async (...args: string[]): Promise<string> => {
    assert.equal(await ask(...args), '');
    t.mock.timers.tick(100);
    await quiet();
    return transport.written;
  };
  assert.equal(await ask('GET', 'a'), '-NOAUTH Authentication required.\r\n');
  assert.equal(await ask('PING'), '-NOAUTH Authentication required.\r\n');
  assert.match(await ask('HELLO', '3'), /^-NOAUTH HELLO must be called/);
  assert.match(await askLate('AUTH', 'wrong'), /^-WRONGPASS /);
  assert.match(await askLate('AUTH', 'root', 'secret'), /^-WRONGPASS /);
  assert.match(await askLate('HELLO', '3', 'AUTH', 'default', 'wrong'), /^-WRONGPASS /);
  assert.equal(await ask('AUTH', 'secret'), '+OK\r\n');
  assert.equal(await ask('PING'), '+PONG\r\n');
  assert.equal(await ask('RESET'), '+RESET\r\n');
  assert.equal(await ask('PING'), '-NOAUTH Authentication required.\r\n');
  assert.match(await ask('HELLO', '3', 'AUTH', 'default', 'secret', 'SETNAME', 'me'), /^%7\r\n/);
  assert.equal(await ask('CLIENT', 'GETNAME'), '$2\r\nme\r\n');
  for (let guess = 0; guess < 17; guess++) await askLate('AUTH', 'guess');
  assert.equal(transport.ended, true, 'twenty wrong ones are enough');
  session.onClosed();
});

test('session: the largest clients go first when all together hold too much', async () => {
  const { session, feed, quiet, context, transport } = connect({ limits: { clientsBytes: 10_000 } });
  feed('*2\r\n$4\r\nECHO\r\n$20000\r\n'.padEnd(9_000, 'x'));
  await quiet();
  context.shedClients();
  assert.equal(transport.destroyed, false);
  feed('x'.repeat(5_000));
  context.shedClients();
  assert.equal(transport.destroyed, true);
  assert.equal(context.counters.evictedClients, 1);
  assert.equal(session.isClosed, true);
});

test('session: what concerns whole shards keeps its place among the commands of its connection', () => {
  for (const args of [['DBSIZE'], ['FLUSHALL'], ['KEYS', '*'], ['SCAN', '0'], ['RANDOMKEY']]) {
    const { feed, executor } = connect();
    executor.delivery = 'by-hand';
    feed(request(...args) + request('SET', 'a', '1'));
    assert.equal(executor.submitted.filter(({ verb }) => verb === 'put').length, 0, args[0]);
    while (executor.inFlight > 0) executor.deliver();
    assert.equal(executor.submitted.filter(({ verb }) => verb === 'put').length, 1, args[0]);
  }
});

test('session: CLIENT PAUSE holds writes back, UNPAUSE lets them go, in order', async () => {
  const { ask, feed, quiet, session, context, transport } = connect();
  assert.equal(await ask('CLIENT', 'PAUSE', '100000', 'WRITE'), '+OK\r\n');
  assert.equal(await ask('GET', 'a'), '$-1\r\n');
  transport.written = '';
  feed(request('SET', 'a', '1') + request('GET', 'a') + request('INCR', 'a'));
  await quiet();
  assert.equal(transport.written, '');
  context.pause.end();
  await quiet();
  assert.equal(transport.written, '+OK\r\n$1\r\n1\r\n:2\r\n');
  session.onClosed();
});

test('session: CLIENT REPLY keeps replies back, not the work', async () => {
  const { ask, executor } = connect();
  assert.equal(await ask('CLIENT', 'REPLY', 'OFF'), '');
  assert.equal(await ask('SET', 'a', '1'), '');
  assert.equal(await ask('GET', 'a'), '');
  assert.equal(await ask('CLIENT', 'REPLY', 'ON'), '+OK\r\n');
  assert.equal(await ask('CLIENT', 'REPLY', 'SKIP'), '');
  assert.equal(await ask('SET', 'a', '2'), '');
  assert.equal(await ask('GET', 'a'), '$1\r\n2\r\n');
  assert.equal(executor.submitted.length, 4);
});

test('session: an HTTP request behind an inline line drops the connection', async () => {
  for (const line of ['POST / x\r\n', 'Host: localhost\r\n']) {
    const { feed, quiet, transport, executor } = connect();
    feed(`PING\r\n${line}SET a 1\r\n`);
    await quiet();
    assert.equal(transport.destroyed, true);
    assert.equal(executor.submitted.length, 0);
  }
});

test('session: a bug in a handler closes the connection and is reported', async () => {
  const { feed, quiet, transport, executor, bugs } = connect();
  executor.submit = () => {
    throw new Error('a bug');
  };
  feed(request('GET', 'a'));
  await quiet();
  assert.equal(bugs.length, 1);
  assert.equal(transport.destroyed, true);
});

test('session: a key as large as a block is refused like any that is too large, and nothing is stored under another', async () => {
  const { ask, executor } = connect();
  const key = 'k'.repeat(1024 * 1024);
  for (const words of [
    ['SET', key, 'v'],
    ['SETNX', key, 'v'],
    ['GETSET', key, 'v'],
    ['SETEX', key, '10', 'v'],
    ['GET', key],
  ]) {
    assert.equal(await ask(...words), '-ERR key exceeds maximum allowed size\r\n', words[0]);
  }
  assert.deepEqual(executor.submitted, []);
});
