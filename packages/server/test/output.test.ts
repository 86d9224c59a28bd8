/** What a client may leave unread: of what it asked for as much as it likes, if it reads at all; of what is pushed, not much. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { plainResult, Status } from '@quintet/engine/internal';
import { DEFAULT_LIMITS } from '../src/listen/limits.ts';
import { OutputGuard } from '../src/listen/output-guard.ts';
import { Session } from '../src/session/session.ts';
import { connect, FakeTransport, request } from './support/fake-transport.ts';

const MIB = 1024 * 1024;

test('output: a pipeline of large reads is held back while its client reads slowly, and never cut off', async () => {
  const limits = { outputSoftBytes: MIB / 2, outputHardBytes: 2 * MIB };
  const { ask, feed, quiet, transport, executor, session } = connect({ limits });
  await ask('SET', 'a', 'v'.repeat(MIB));
  transport.written = '';
  transport.stuck = true;
  executor.mostInFlight = 0;
  feed(request('GET', 'a').repeat(20));
  let received = 0;
  for (let turn = 0; received < 20 * (MIB + '$1048576\r\n\r\n'.length) && turn < 1000; turn++) {
    await quiet();
    assert.equal(transport.destroyed, false, `cut off after ${received} bytes`);
    assert.ok(session.heldBytes <= 3 * MIB, `${session.heldBytes} held`);
    const taken = Math.min(transport.unsentBytes, 300_000);
    transport.unsentBytes -= taken;
    received += taken;
    session.onDrain();
  }
  assert.equal(transport.written.length, 20 * (MIB + '$1048576\r\n\r\n'.length));
  assert.ok(executor.mostInFlight <= 2, `${executor.mostInFlight} at once`);
});

test('output: a new connection begins few reads at once, whatever it pipelines; writes as many as ever', async () => {
  const { feed, executor } = connect();
  executor.delivery = 'by-hand';
  feed(request('GET', 'a').repeat(100));
  assert.equal(executor.inFlight, 8, 'of 8 MB, a megabyte each');
  const writing = connect();
  writing.executor.delivery = 'by-hand';
  writing.feed(request('SET', 'a', '1').repeat(100));
  // On a busy machine they take more than one turn (request-reader.ts, RR3).
  await writing.quiet();
  assert.equal(writing.executor.inFlight, 100);
});

test('output: small values let the rest of a first MGET on in the turn after', async () => {
  const { feed, quiet, transport, executor } = connect();
  executor.delivery = 'by-hand';
  feed(request('MGET', ...Array.from({ length: 500 }, (_, index) => `k${index}`)));
  let rounds = 0;
  for (; executor.inFlight > 0; rounds++) executor.deliver();
  await quiet();
  assert.equal(transport.written, `*500\r\n${'$-1\r\n'.repeat(500)}`);
  assert.ok(rounds <= 2, `${rounds} rounds`);
});

/** In steps: a timer set in a timer's callback counts from the end of the step. */
function pass(t: TestContext, ms: number): void {
  for (let at = 0; at < ms; at += 250) t.mock.timers.tick(250);
}

interface FakeOutput {
  bytes: number;
  taken: number;
}

function guarded(limits: Partial<typeof DEFAULT_LIMITS>): {
  guard: OutputGuard;
  output: FakeOutput;
  ends: () => number;
} {
  const output = { bytes: 0, taken: 0 };
  let ends = 0;
  const guard = new OutputGuard(
    { ...DEFAULT_LIMITS, ...limits },
    () => output,
    () => ends++,
  );
  return { guard, output, ends: () => ends };
}

test('output: who takes a little now and then is a reader; who takes nothing for outputStallMs is not', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { guard, output, ends } = guarded({ outputSoftBytes: 1000, outputStallMs: 4000 });
  output.bytes = 1_000_000_000;
  guard.check(output.bytes, false);
  for (let second = 0; second < 100; second += 3) {
    pass(t, 3000);
    output.taken++;
  }
  assert.equal(ends(), 0);
  pass(t, 5000);
  assert.equal(ends(), 1);
});

test('output: little that waits, or what was taken in time, is no stall', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { guard, output, ends } = guarded({ outputSoftBytes: 1000, outputStallMs: 4000 });
  output.bytes = 499;
  guard.check(499, false);
  pass(t, 20_000);
  output.bytes = 900;
  guard.check(900, false);
  pass(t, 3000);
  output.bytes = 0;
  pass(t, 20_000);
  assert.equal(ends(), 0);
  output.bytes = 900;
  guard.check(900, false);
  pass(t, 3000);
  assert.equal(ends(), 0, 'it begins anew');
  pass(t, 1000);
  assert.equal(ends(), 1);
});

test('output: a session whose client stops reading is cut off, with the bytes the kernel took as a sign of life', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { feed, quiet, transport, context } = connect({ limits: { outputSoftBytes: 4000, outputStallMs: 1000 } });
  transport.stuck = true;
  feed(request('ECHO', 'x'.repeat(5000)));
  await quiet();
  for (let look = 0; look < 20; look++) {
    transport.stuckBytes = 5000 - look;
    pass(t, 250);
  }
  assert.equal(transport.destroyed, false);
  pass(t, 1000);
  assert.equal(transport.destroyed, true);
  assert.equal(context.counters.outputLimitDisconnections, 1);
});

for (const [name, times, grace] of [
  ['at once far above the hard limit', 5, 0],
  ['after ten seconds above it', 2, 10_001],
] as const) {
  test(`output: a subscriber that is pushed more than it takes is cut off ${name}`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { ask, context } = connect({ limits: { outputHardBytes: 4000 } });
    const transport = new FakeTransport();
    const session = new Session(context, transport);
    session.onData(Buffer.from(request('SUBSCRIBE', 'c')));
    transport.stuck = true;
    for (let count = 0; count < times; count++) await ask('PUBLISH', 'c', 'm'.repeat(3900));
    if (grace > 0) {
      assert.equal(transport.destroyed, false);
      t.mock.timers.tick(grace);
    }
    assert.equal(transport.destroyed, true);
  });
}

const TOO_LONG = '-ERR the reply is longer than 3000 bytes, the limit max-reply (limits.replyBytes)\r\n';

test('output: a reply that is too long is refused, and the refusal names the limit', async () => {
  const { ask, session } = connect({ limits: { replyBytes: 3000 } });
  await ask('MSET', 'a', 'v'.repeat(2000), 'b', 'v'.repeat(2000));
  assert.equal(await ask('MGET', 'a', 'b'), TOO_LONG);
  assert.equal(session.heldBytes, 0, 'what was gathered is forgotten');
  assert.ok((await ask('MGET', 'a', 'none')).startsWith('*2\r\n$2000'));
  assert.equal(session.heldBytes, 0);
  await ask('MSET', ...Array.from({ length: 20 }, (_, index) => [`${'k'.repeat(200)}${index}`, '']).flat());
  assert.equal(await ask('KEYS', 'k*'), TOO_LONG);
  assert.match(await ask('CONFIG', 'GET', 'max-reply'), /\r\n3000\r\n/);
});

test('output: MGET asks for as many values as there is room for, and what it has counts as memory', async () => {
  const { feed, quiet, executor, session, transport } = connect();
  const keys = Array.from({ length: 200 }, (_, index) => `k${index}`);
  feed(request('MSET', ...keys.flatMap((key) => [key, 'v'.repeat(1000)])));
  await quiet();
  executor.delivery = 'by-hand';
  transport.written = '';
  feed(request('MGET', ...keys) + request('SET', 'k199', 'later'));
  assert.equal(executor.inFlight, 16, 'of 8 MB, half a megabyte each: the reply to MSET was short');
  executor.deliver();
  assert.ok(session.heldBytes >= 16_000, `${session.heldBytes} held`);
  assert.ok(executor.inFlight > 16, 'they were short');
  while (executor.inFlight > 0) executor.deliver();
  await quiet();
  assert.ok(transport.written.startsWith('*200\r\n'));
  assert.ok(transport.written.endsWith(`${'v'.repeat(1000)}\r\n+OK\r\n`), 'the write came after the read');
  assert.ok(session.heldBytes < 100, `${session.heldBytes} held`);
});

test('output: commands of an EXEC whose replies come to too much are refused one by one', async () => {
  const { feed, quiet, transport, context } = connect({ limits: { replyBytes: 3000 } });
  let published = 0;
  context.pubsub.publish = () => ++published;
  const echo = request('ECHO', 'x'.repeat(500));
  feed(request('MULTI') + echo.repeat(10) + request('PUBLISH', 'c', 'm'));
  await quiet();
  transport.written = '';
  transport.stuck = true;
  feed(request('EXEC') + request('PING'));
  await quiet();
  assert.equal(transport.destroyed, false);
  assert.ok(transport.written.startsWith('*11\r\n$500'));
  assert.equal(transport.written.split(TOO_LONG).length - 1, 5, 'four echoes and PUBLISH');
  assert.ok(transport.written.endsWith(`${TOO_LONG}+PONG\r\n`));
  assert.equal(published, 0);
});

test('output: a MULTI that reads more than the engine holds at once is told of that limit, not of a string', async () => {
  const { feed, quiet, executor, transport } = connect();
  const submit = executor.submit.bind(executor);
  executor.submit = (operation, sink) => {
    if (operation.verb !== 'transaction') return submit(operation, sink);
    setImmediate(() => sink.onResult(plainResult(Status.valueTooLarge, 0)));
    return {};
  };
  feed(request('MULTI') + request('GET', 'a') + request('EXEC'));
  await quiet();
  assert.match(
    transport.written,
    /-ERR the values that the transaction reads come to more than 33554432 bytes, which no/,
  );
});
