/** Direct reads whose values come out of order: a large value is overtaken by others, but not by those of its key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainPut } from '../../src/core/codec/operations.ts';
import { ValueKind } from '../../src/core/data/operation.ts';
import { type Result, Status, valueResult } from '../../src/core/data/result.ts';
import { LargeWrites } from '../../src/core/master/memory/large-writes.ts';
import { ReadCache } from '../../src/core/master/read-cache/read-cache.ts';
import { ShardControl, type ShardSurroundings } from '../../src/core/master/shard/shard-control.ts';
import { Tally } from '../../src/core/master/tally.ts';
import { NOBODY, nodeId } from '../../src/core/protocol/ids.ts';
import type { Message } from '../../src/core/protocol/messages.ts';
import type { MasterOutbox, Sink } from '../../src/core/protocol/outbox.ts';
import { DEFAULT_MASTER_SETTINGS } from '../../src/core/protocol/settings.ts';
import { BufferMemory } from '../../src/runtime/memory/buffer-memory.ts';

const [N1, N2] = [nodeId(1, 1), nodeId(2, 1)];

/** One shard of two copies; the test gives its answers. */
class Subject {
  readonly sent: Message[] = [];
  /** Names of the reads, as they were answered. */
  readonly heard: string[] = [];
  readonly control: ShardControl;

  constructor() {
    const outbox = {
      send: (_to, message) => void this.sent.push(message),
      reply: (sink: Sink, result: Result) => sink.onResult(result),
      fail: (sink, code) => sink.onError(code, ''),
    } satisfies Partial<MasterOutbox>;
    this.control = new ShardControl(0, {
      settings: { ...DEFAULT_MASTER_SETTINGS, creditBytes: Number.MAX_SAFE_INTEGER, creditOperations: 4096 },
      outbox: outbox as Partial<MasterOutbox> as MasterOutbox,
      room: { operations: 0, bytes: 0 },
      large: new LargeWrites(Number.MAX_SAFE_INTEGER),
      restless: [],
      memory: { isFull: () => false, evicts: false },
      tally: new Tally(),
      cache: new ReadCache({ shards: 1, bytesMax: 0, hashSeed: 0, memory: new BufferMemory() }),
      watches: () => ({ watchedBy: () => 0, onAnswer: () => {} }),
      onLocked: () => {},
      onLost: () => {},
    } as unknown as ShardSurroundings);
    this.control.create([N1, N2]);
  }

  get(key: string, name: string): void {
    const onResult = ({ value }: Result): void => void this.heard.push(`${name}=${value}`);
    this.control.submit({ verb: 'get', key }, { onResult, onError: (code) => this.heard.push(`${name}!${code}`) });
  }

  value(id: number, value: string, epoch = this.control.epoch): void {
    const result = valueResult(Status.ok, 1, value, ValueKind.text, 0);
    this.control.onValue({ type: 'value', shard: 0, epoch, id, result });
  }

  readsSent(): number[] {
    return this.sent.flatMap((message) => (message.type === 'read' ? [message.id] : []));
  }
}

test('values of other keys overtake, those of the same key wait for their turn', () => {
  const subject = new Subject();
  subject.get('big', 'b1');
  subject.get('a', 'a1');
  subject.get('big', 'b2');
  subject.get('a', 'a2');
  subject.value(2, 'x');
  subject.value(3, 'early');
  assert.deepEqual(subject.heard, ['a1=x']);
  subject.value(4, 'y');
  assert.deepEqual(subject.heard, ['a1=x', 'a2=y']);
  subject.value(1, 'late');
  assert.deepEqual(subject.heard, ['a1=x', 'a2=y', 'b1=late', 'b2=early']);
  assert.equal(subject.control.queue.reads.length, 0);
});

test('a value that was overtaken itself lets go of those behind it', () => {
  const subject = new Subject();
  for (const [key, name] of [
    ['one', 'o'],
    ['big', 'b1'],
    ['big', 'b2'],
    ['big', 'b3'],
  ] as const)
    subject.get(key, name);
  subject.value(4, '3');
  subject.value(3, '2');
  assert.deepEqual(subject.heard, []);
  subject.value(2, '1');
  assert.deepEqual(subject.heard, ['b1=1', 'b2=2', 'b3=3'], 'even one that came before another of its key');
  subject.value(1, '0');
  assert.deepEqual(subject.heard.at(-1), 'o=0');
});

test('values that wait for one key are not looked at again for every value of another', () => {
  const many = 1000;
  const subject = new Subject();
  const { queue } = subject.control;
  let looks = 0;
  const { at } = queue.reads;
  queue.reads.at = (place) => {
    looks += 1;
    return at.call(queue.reads, place);
  };
  subject.get('big', 'b');
  for (let read = 0; read < many; read++) subject.get('big', 'b');
  for (let read = 0; read < many; read++) subject.get('a', 'a');
  for (let read = 0; read < 2 * many; read++) subject.value(2 + read, 'x');
  assert.equal(subject.heard.length, many);
  subject.value(1, 'late');
  assert.equal(subject.heard.length, 2 * many + 1);
  assert.ok(looks < 20 * many ** 2, `${looks} looks`);
});

test('after a death all unanswered reads are sent again in order, also those whose value had come early', () => {
  const subject = new Subject();
  subject.get('big', 'b1');
  subject.get('a', 'a1');
  subject.get('big', 'b2');
  subject.value(2, 'x');
  subject.value(3, 'of the dead');
  const before = subject.control.epoch;
  subject.sent.length = 0;
  subject.control.nodeDied(N2);
  assert.deepEqual(subject.readsSent(), [1, 3]);
  subject.value(1, 'of an old epoch', before);
  assert.deepEqual(subject.heard, ['a1=x']);
  subject.value(1, 'anew');
  assert.deepEqual(subject.heard, ['a1=x', 'b1=anew']);
  subject.value(3, 'anew');
  assert.deepEqual(subject.heard, ['a1=x', 'b1=anew', 'b2=anew']);
});

test('a write of its key waits for a read that was overtaken', () => {
  const subject = new Subject();
  subject.get('big', 'b');
  subject.get('a', 'a');
  subject.control.submit(plainPut('big', 'new'), { onResult: () => {}, onError: () => {} });
  subject.value(2, 'x');
  subject.control.queue.tryHeld();
  assert.ok(!subject.sent.some(({ type }) => type === 'request'));
  subject.value(1, 'old');
  subject.control.queue.tryHeld();
  assert.ok(subject.sent.some(({ type }) => type === 'request'));
  assert.equal(subject.control.learner, NOBODY);
});

test('a lost shard forgets early values', () => {
  const subject = new Subject();
  subject.get('big', 'b1');
  subject.get('big', 'b2');
  subject.value(2, 'early');
  subject.control.nodeDied(N1);
  subject.control.nodeDied(N2);
  assert.deepEqual(subject.heard, ['b1!SHARD_LOST', 'b2!SHARD_LOST']);
  subject.control.reset(N1);
  subject.get('big', 'b3');
  subject.value(3, 'none');
  assert.deepEqual(subject.heard.at(-1), 'b3=none');
});
