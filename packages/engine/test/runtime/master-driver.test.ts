/** MasterDriver without threads: outputs in order and outside of the machine's calls, turns, and what happens if it throws. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { decodeBatch } from '../../src/core/codec/decoder.ts';
import { BatchEncoder } from '../../src/core/codec/encoder.ts';
import { plainPut } from '../../src/core/codec/operations.ts';
import { Reader } from '../../src/core/codec/reader.ts';
import type { Batch } from '../../src/core/codec/writer.ts';
import { plainResult, type Result, Status } from '../../src/core/data/result.ts';
import type { Heartbeat } from '../../src/core/protocol/heartbeat.ts';
import type { MasterCall, MasterMachine, MasterWatch } from '../../src/core/protocol/machines.ts';
import type { Message } from '../../src/core/protocol/messages.ts';
import type { MasterOutbox, Sink, WatchSink } from '../../src/core/protocol/outbox.ts';
import { BatchSender } from '../../src/runtime/drivers/batch-sender.ts';
import { clock, MasterDriver } from '../../src/runtime/drivers/master-driver.ts';
import { NATIVE } from '../../src/runtime/memory/native.ts';
import { KeepAlive } from '../../src/runtime/threads/keep-alive.ts';

const NODE = 257;
const BEAT: Heartbeat = { node: NODE, tick: 7, posted: 3, rested: 3, waitedMs: Number.NaN };
const OK: Result = plainResult(Status.ok, 1);

/** A machine whose answers to inputs are given by the test. */
class ScriptedMaster implements MasterMachine {
  inside = false;
  deadline = Number.POSITIVE_INFINITY;
  ticks: number[] = [];
  seen: (readonly Heartbeat[])[] = [];
  /** What a post makes of the deadline. */
  deadlineAfterPost = (_now: number) => this.deadline;
  submitted: Sink[] = [];
  onSubmit: (sink: Sink) => void = () => {};
  onReceive: (message: Message) => void = () => {};
  readonly outbox: MasterOutbox;

  constructor(outbox: MasterOutbox) {
    this.outbox = outbox;
  }

  start(): void {}
  submit(_shard: number, _operation: unknown, sink: Sink): MasterCall {
    this.inside = true;
    this.submitted.push(sink);
    this.onSubmit(sink);
    this.inside = false;
    return { sink };
  }
  onRead: (clock: () => number) => void = () => {};
  showAtOnce(): null {
    return null;
  }

  readAtOnce(_operation: unknown, clock: () => number): null {
    this.onRead(clock);
    return null;
  }
  copyAtOnce(): undefined {}
  keepCopy(): void {}
  valueBound(): number {
    return 0;
  }
  watch(_filter: unknown, _from: unknown, sink: WatchSink): MasterWatch {
    return { sink };
  }
  unwatch(): void {}
  readonly settled = true;
  giveUp(): void {}
  receive(_from: number, message: Message): void {
    this.inside = true;
    this.onReceive(message);
    this.inside = false;
  }
  nodeReady(): void {}
  nodeDied(): void {}
  endTurn(): void {}
  nextDeadline(): number {
    return this.deadline;
  }
  posted(now: number): void {
    this.deadline = this.deadlineAfterPost(now);
  }
  tick(now: number, heartbeats: readonly Heartbeat[]): void {
    this.ticks.push(now);
    this.seen.push(heartbeats);
    this.deadline = Number.POSITIVE_INFINITY;
  }
  resetShard(): void {}
  reviveSeat(): void {}
  setMemoryLimit(_limit: unknown, sink: Sink): void {
    this.submit(0, null, sink);
  }
  close(): void {
    for (const sink of this.submitted) this.outbox.fail(sink, 'CLOSED_IN_FLIGHT', '');
  }
}

/** Calls that a test leaves unanswered would keep the process alive, as they should. */
const keepAlives: KeepAlive[] = [];
after(() => {
  for (const keepAlive of keepAlives) keepAlive.end();
});

interface Stage {
  driver: MasterDriver<ScriptedMaster>;
  machine: ScriptedMaster;
  log: string[];
  posted: Batch[];
}

function stage(): Stage {
  const log: string[] = [];
  const posted: Batch[] = [];
  const sender = new BatchSender(0);
  const keepAlive = new KeepAlive();
  keepAlives.push(keepAlive);
  sender.add(NODE, { postMessage: (batch) => posted.push(batch) });
  const driver = new MasterDriver({
    createMaster: (outbox) => new ScriptedMaster(outbox),
    sender,
    keepAlive,
    listener: {
      spawn: (node) => log.push(`spawn ${node}`),
      terminate: (node) => log.push(`terminate ${node}`),
      heartbeats: () => [BEAT],
      note: (note) => log.push(`note ${note.type}`),
      fatal: (error) => log.push(`fatal ${error.message}`),
    },
  });
  return { driver, machine: driver.machine, log, posted };
}

function sinkInto(log: string[], name: string): Sink {
  return { onResult: () => log.push(`${name} answered`), onError: (code) => log.push(`${name} ${code}`) };
}

test('outputs are carried out in order, after the call into the machine', () => {
  const { driver, machine, log } = stage();
  machine.onSubmit = (sink) => {
    machine.outbox.spawn(1);
    machine.outbox.reply(sink, OK);
    machine.outbox.note({ type: 'shard-lost', shard: 1 });
    machine.outbox.terminate(2);
    machine.outbox.fail(sinkInto(log, 'other'), 'BUSY', '');
    log.push('returned');
  };
  driver.submit(0, plainPut('k', 'v'), sinkInto(log, 'call'));
  assert.deepEqual(log, ['returned', 'spawn 1', 'call answered', 'note shard-lost', 'terminate 2', 'other BUSY']);
});

test('a sink may submit again: the machine is not inside a call, and nested outputs come after those before them', () => {
  const { driver, machine, log } = stage();
  machine.onSubmit = (sink) => {
    machine.outbox.reply(sink, OK);
    machine.outbox.note({ type: 'shard-lost', shard: 1 });
  };
  const again: Sink = {
    onResult: () => {
      assert.equal(machine.inside, false);
      log.push('first answered');
      driver.submit(0, plainPut('k', 'v'), sinkInto(log, 'second'));
      log.push('first over');
    },
    onError: () => assert.fail(),
  };
  driver.submit(0, plainPut('k', 'v'), again);
  assert.deepEqual(log, ['first answered', 'first over', 'note shard-lost', 'second answered', 'note shard-lost']);
});

test('a turn is one batch per destination, posted after everything of the turn', async () => {
  const { driver, machine, posted } = stage();
  machine.onSubmit = () => machine.outbox.send(NODE, { type: 'seal', shard: 1, epoch: 2 });
  driver.submit(0, plainPut('k', 'v'), sinkInto([], ''));
  driver.submit(0, plainPut('k', 'v'), sinkInto([], ''));
  assert.equal(posted.length, 0);
  await nextTurn();
  assert.equal(posted.length, 1);
  const times: number[] = [];
  const messages: Message[] = [];
  const opened = (_from: number, time: number): number => times.push(time);
  decodeBatch(posted[0]!, new Reader(NATIVE), (_from, message) => messages.push(message), opened);
  assert.equal(messages.length, 2);
  assert.ok(Math.abs(times[0]! - Date.now()) < 1000, 'the batch bears the time');
});

test('a sink that throws surfaces as an uncaught exception and takes nothing from the others', async () => {
  const { driver, machine, log } = stage();
  const thrown = once(process, 'uncaughtException');
  const before = process.listeners('uncaughtException').slice(0, -1);
  for (const listener of before) process.off('uncaughtException', listener as NodeJS.UncaughtExceptionListener);
  machine.onSubmit = (sink) => {
    machine.outbox.reply(sink, OK);
    machine.outbox.reply(sinkInto(log, 'other'), OK);
  };
  const bad: Sink = {
    onResult: () => {
      throw new Error('bad sink');
    },
    onError: () => {},
  };
  driver.submit(0, plainPut('k', 'v'), bad);
  assert.deepEqual(log, ['other answered']);
  const [error] = await thrown;
  for (const listener of before) process.on('uncaughtException', listener as NodeJS.UncaughtExceptionListener);
  assert.equal((error as Error).message, 'bad sink');
});

test('if the machine throws, what is under way fails first, then the fatal error is told, and nobody asks it again', () => {
  const { driver, machine, log } = stage();
  driver.submit(0, plainPut('k', 'v'), sinkInto(log, 'call'));
  machine.onReceive = () => {
    throw new Error('invariant broken');
  };
  const encoder = new BatchEncoder(NODE, NATIVE);
  encoder.add({ type: 'seal', shard: 0, epoch: 1 });
  driver.onBatch(encoder.take(0));
  assert.deepEqual(log, ['call CLOSED_IN_FLIGHT', 'fatal invariant broken']);
  driver.submit(0, plainPut('k', 'v'), sinkInto(log, 'late'));
  assert.deepEqual(log.slice(2), ['late CLOSED']);
  assert.equal(machine.submitted.length, 1);
});

/** The driver's timer does not keep the process alive; this does. */
async function untilTick(machine: ScriptedMaster): Promise<void> {
  const alive = setInterval(() => {}, 1000);
  while (machine.ticks.length === 0) await nextTurn();
  clearInterval(alive);
}

test('the timer ticks at the deadline, not before, and brings the heartbeats of that moment', async () => {
  const { driver, machine } = stage();
  const deadline = clock() + 20;
  machine.deadline = deadline;
  driver.start();
  await untilTick(machine);
  assert.equal(machine.ticks.length, 1);
  assert.ok(machine.ticks[0]! >= deadline);
  assert.deepEqual(machine.seen, [[BEAT]]);
});

test('a tick has the time at which it is made, however long the turn before it took', async () => {
  const { driver, machine } = stage();
  machine.deadline = clock();
  driver.start();
  await nextTurn();
  // The timer is set; a turn that is begun here ends after timers that are due have fired.
  driver.submit(0, plainPut('k', 'v'), sinkInto([], ''));
  const over = clock() + 10;
  while (clock() < over);
  await untilTick(machine);
  assert.ok(machine.ticks[0]! >= over, 'not the time at which the turn was begun');
});

test('a read at once is judged by the time it is, however long its turn has taken', () => {
  const { driver, machine } = stage();
  const times: number[] = [];
  machine.onRead = (clock) => times.push(clock());
  for (let read = 0; read < 2; read++) {
    driver.entryAtOnce({ verb: 'get', key: 'k' });
    const until = performance.now() + 3;
    while (performance.now() < until);
  }
  const [first, second] = times as [number, number];
  assert.ok(second - first >= 3, `${second - first} ms later`);
});

test('a post outside of a turn sets the timer to what the machine then wants', async () => {
  const { driver, machine } = stage();
  driver.start();
  await nextTurn();
  machine.deadlineAfterPost = (now) => now + 5;
  driver.onSent();
  await untilTick(machine);
  assert.equal(machine.ticks.length, 1);
});
