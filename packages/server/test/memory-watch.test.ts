/** MemoryWatch and shedding: who looks after memory, and that nobody does while there is nothing to look at. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryWatch } from '../src/state/memory-watch.ts';
import type { ServerContext } from '../src/state/server-context.ts';
import { connect, request } from './support/fake-transport.ts';

const MB = 1024 * 1024;

/** A watch over nodes that hold what `hold` says. */
function watched() {
  let bytes = 0;
  let releases = 0;
  const counters = { commands: 0, inputBytes: 0 };
  const cluster = { memoryBytes: () => bytes, releaseMemory: () => releases++ };
  const watch = new MemoryWatch({ cluster, counters } as unknown as ServerContext);
  const look = (held: number, commands = 0, inputBytes = commands * 30) => {
    bytes = held;
    counters.commands += commands;
    counters.inputBytes += inputBytes;
    watch.look();
    return releases;
  };
  return { watch, look };
}

test('memory is given back twice after much was removed, when little is asked', () => {
  const { look } = watched();
  assert.equal(look(600 * MB, 5000), 0);
  assert.equal(look(590 * MB), 0, 'too little to bother');
  assert.equal(look(0, 5000), 0, 'too busy');
  assert.equal(look(0, 50, 500_000), 0, 'too busy: few commands of many keys');
  assert.equal(look(0, 10), 1);
  assert.equal(look(0, 5000), 1, 'too busy');
  assert.equal(look(0), 2);
  assert.equal(look(0), 2, 'twice is enough');
  assert.equal(look(20 * MB), 2);
  assert.equal(look(0), 3);
});

test('the peak is kept between two looks at it', () => {
  const { watch, look } = watched();
  look(300 * MB);
  look(MB);
  assert.equal(watch.used(), MB);
  assert.equal(watch.peak, 300 * MB);
});

test('shedding: looks while a client holds something, and rests when none does', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { context, feed, quiet, transport } = connect({ limits: { clientsBytes: 10_000 } });
  let looks = 0;
  const shed = context.shedClients.bind(context);
  context.shedClients = () => {
    looks++;
    shed();
  };
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) t.mock.timers.tick(100);
    return looks;
  };
  assert.equal(pass(1000), 0, 'nobody asked anything');
  feed(request('PING'));
  await quiet();
  assert.equal(pass(1000), 1, 'one look, which found nothing');
  feed('*2\r\n$4\r\nECHO\r\n$20000\r\n'.padEnd(9_000, 'x'));
  assert.equal(pass(1000), 11, 'half a request is held');
  feed('x'.repeat(5_000));
  pass(100);
  assert.equal(transport.destroyed, true);
  const atEnd = looks;
  assert.equal(pass(1000), atEnd);
});
