/** Blocks on the wire: over a real port, every buffer transferred, sent again as often as need be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { plainPut } from '../../src/core/codec/operations.ts';
import type { Batch } from '../../src/core/codec/writer.ts';
import { BLOCK_BYTES_MIN, type Block, textOf } from '../../src/core/data/block.ts';
import { ValueKind } from '../../src/core/data/operation.ts';
import { type Record, Watched } from '../../src/core/data/record.ts';
import { blockResult, itemsResult, plainResult, type Result, Status } from '../../src/core/data/result.ts';
import { MASTER, nodeId } from '../../src/core/protocol/ids.ts';
import type { Message, ValueMessage } from '../../src/core/protocol/messages.ts';
import { BatchSender } from '../../src/runtime/drivers/batch-sender.ts';
import { LargeAnswers } from '../../src/runtime/drivers/large-answers.ts';
import { BlockWriter, ValueBlock } from '../../src/runtime/memory/value-block.ts';
import { received } from '../core/codec/decoded.ts';

const SIZES = [BLOCK_BYTES_MIN, BLOCK_BYTES_MIN + 1, 3 * BLOCK_BYTES_MIN - 1];
const N1 = nodeId(1, 1);

function textOfLength(length: number): string {
  return Buffer.alloc(length, 'abcdefg\0\xff', 'latin1').toString('latin1');
}

function written(text: string, copies: number): Block {
  const bytes = Buffer.from(text, 'latin1');
  const writer = new BlockWriter(bytes.length, 3, copies);
  for (let at = 0; at < bytes.length; ) at += writer.write(bytes, at, Math.min(at + 100_000, bytes.length));
  return writer.finish();
}

/** A link from the master over a real port; every message is read as it would be on the other side. */
class Link {
  readonly #sender = new BatchSender(MASTER);
  readonly #channel = new MessageChannel();

  constructor() {
    this.#sender.add(N1, this.#channel.port1);
  }

  send(...messages: readonly Message[]): Message[] {
    for (const message of messages) this.#sender.send(N1, message, 1);
    this.#sender.flush(1);
    const got = receiveMessageOnPort(this.#channel.port2) as { message: Batch };
    return received(got.message);
  }

  [Symbol.dispose](): void {
    this.#channel.port1.close();
  }
}

function put(request: number, key: string, value: string | Block): Message {
  const operation = plainPut(key, value);
  return { type: 'request', shard: 1, epoch: 1, request, operation, committedSeq: 0, pressure: false, watched: 0 };
}

function putValue(message: Message | undefined): string {
  assert.ok(message?.type === 'request' && message.operation.verb === 'put');
  return textOf(message.operation.value);
}

test('a request with a block, between others, as often as it is sent', () => {
  using link = new Link();
  for (const size of SIZES) {
    const text = textOfLength(size);
    for (const copies of [0, 1, 2]) {
      const block = written(text, copies);
      for (let time = 0; time < 3; time++) {
        const got = link.send(put(1, 'a', 'small'), put(2, 'key', block), put(3, 'b', 'small'));
        assert.equal(got.length, 3);
        assert.deepEqual([putValue(got[0]), putValue(got[2])], ['small', 'small']);
        assert.ok(putValue(got[1]) === text, `${size} bytes, ${copies} copies, time ${time}`);
        assert.ok(block.text() === text, 'the sender keeps its own');
      }
    }
  }
});

test('a put with terms bears a block too, and a receiver hands on what came along', () => {
  using link = new Link();
  const text = textOfLength(SIZES[1]!);
  const operation = { ...plainPut('key', written(text, 2)), ttl: 5, ifVersion: 3 };
  const [first] = link.send({ ...(put(1, 'key', '') as Message & { type: 'request' }), operation });
  assert.ok(first?.type === 'request' && first.operation.verb === 'put');
  const { value, ...terms } = first.operation;
  const { value: _sent, ...wanted } = operation;
  assert.deepEqual(terms, wanted);
  const effect = { type: 'put', key: 'key', value, kind: ValueKind.text, expiresAt: 9 } as const;
  const record: Record = { seq: 1, request: 1, watched: Watched.no, effect, result: plainResult(Status.ok, 1) };
  for (let time = 0; time < 2; time++) {
    const [second] = link.send({ type: 'record', shard: 1, epoch: 1, record, committedSeq: 0 });
    assert.ok(second?.type === 'record' && second.record.effect.type === 'put');
    assert.ok(textOf(second.record.effect.value) === text);
    assert.ok(textOf(value) === text);
  }
});

test('effects for watchers, streams, windows and several effects in one bear blocks', () => {
  using link = new Link();
  const text = textOfLength(SIZES[0]!);
  const effect = { type: 'put', key: 'k', value: written(text, 0), kind: ValueKind.bytes, expiresAt: 0 } as const;
  const many = { type: 'many', effects: [effect, { ...effect, key: 'l' }] } as const;
  const result = itemsResult(Status.ok, 4, []);
  const record: Record = { seq: 4, request: 4, watched: Watched.yes, effect: many, result };
  const got = link.send(
    { type: 'answer', shard: 1, epoch: 1, seq: 4, request: 4, result, effect: many },
    { type: 'stream-record', shard: 2, since: 1, record, committedSeq: 0 },
    {
      type: 'stream-begin',
      shard: 3,
      since: 1,
      lastSeq: 4,
      lastRequest: 4,
      committedSeq: 0,
      window: [record],
    },
  );
  const effects = got.map((message) => {
    if (message.type === 'answer') return message.effect;
    if (message.type === 'stream-record') return message.record.effect;
    return message.type === 'stream-begin' ? message.window[0]!.effect : null;
  });
  assert.equal(effects.length, 3);
  for (const told of effects) {
    assert.ok(told?.type === 'many');
    for (const part of told.effects) assert.ok(part.type === 'put' && textOf(part.value) === text);
  }
});

test('reads that may be answered with blocks, and those that may not, keep their order', () => {
  using link = new Link();
  const reads = [true, true, false, true, false].map((blocks, at) => {
    const operation = blocks
      ? ({ verb: 'get', key: `k${at}`, blocks } as const)
      : ({ verb: 'get', key: `k${at}` } as const);
    return { type: 'read', shard: 1, epoch: 1, id: at + 1, operation, committedSeq: 0 } as const;
  });
  assert.deepEqual(structuredClone(link.send(...reads)), reads);
});

test('a large answer is copied in slices and leaves once it is whole; what it was read from stays', () => {
  using link = new Link();
  const texts = [textOfLength(5 * BLOCK_BYTES_MIN), textOfLength(BLOCK_BYTES_MIN)];
  const posted: ValueMessage[] = [];
  const answers = new LargeAnswers((message) => posted.push(message));
  const blocks = texts.map((text) => new ValueBlock(Buffer.from(text, 'latin1'), false, []));
  for (const [at, block] of blocks.entries()) {
    const result: Result = blockResult(7, block, ValueKind.text, 0);
    answers.add({ type: 'value', shard: 1, epoch: 1, id: at + 1, result }, block);
  }
  let slices = 0;
  for (; !answers.isEmpty; slices++) answers.goOn();
  assert.equal(slices, 4);
  const got = link.send(...posted);
  assert.deepEqual(
    got.map((message) => message.type === 'value' && message.id),
    [1, 2],
  );
  for (const [at, message] of got.entries()) {
    assert.ok(message.type === 'value' && message.result.value === null);
    assert.ok(message.result.block!.text() === texts[at]);
    assert.ok(blocks[at]!.text() === texts[at]);
  }
});

test('large answers of an epoch that is over are not copied to the end, those of other shards are', () => {
  const posted: ValueMessage[] = [];
  const answers = new LargeAnswers((message) => posted.push(message));
  const add = (shard: number, epoch: number, id: number): void => {
    const block = new ValueBlock(Buffer.alloc(5 * BLOCK_BYTES_MIN), false, []);
    answers.add({ type: 'value', shard, epoch, id, result: blockResult(7, block, ValueKind.text, 0) }, block);
  };
  add(1, 1, 1);
  add(2, 1, 1);
  add(1, 1, 2);
  answers.goOn();
  add(1, 2, 1);
  while (!answers.isEmpty) answers.goOn();
  assert.deepEqual(
    posted.map(({ shard, epoch, id }) => [shard, epoch, id]),
    [
      [2, 1, 1],
      [1, 2, 1],
    ],
  );
});
