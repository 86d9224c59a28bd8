/** The codec: any sequence of any messages comes out as the same sequence per shard, and the common ones stay small. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { decodeBatch } from '../../../src/core/codec/decoder.ts';
import { BatchEncoder } from '../../../src/core/codec/encoder.ts';
import { plainPut } from '../../../src/core/codec/operations.ts';
import { Reader } from '../../../src/core/codec/reader.ts';
import { plainRecord } from '../../../src/core/codec/records.ts';
import { type Batch, INLINE_BYTES } from '../../../src/core/codec/writer.ts';
import { type Operation, PLAIN_PUT, type Step, ValueKind } from '../../../src/core/data/operation.ts';
import { newPutEffect } from '../../../src/core/data/record.ts';
import { plainResult, Status, valueResult } from '../../../src/core/data/result.ts';
import { MASTER, type NodeId, nodeId } from '../../../src/core/protocol/ids.ts';
import type { Message } from '../../../src/core/protocol/messages.ts';
import { readChange, writeChange } from '../../../src/executor/handle/port-change.ts';
import { BatchSender } from '../../../src/runtime/drivers/batch-sender.ts';
import { NATIVE } from '../../../src/runtime/memory/native.ts';
import { interleaved } from './any-message.ts';
import { decoded, inStrings, received, written } from './decoded.ts';

const RUNS = Number(process.env.WIRE_RUNS ?? 2000);

function encode(encoder: BatchEncoder, messages: readonly Message[], time = 1.5): Batch {
  for (const message of messages) encoder.add(message);
  // v8.serialize is the clone algorithm of postMessage without the thread.
  return deserialize(serialize(encoder.take(time))) as Batch;
}

function encoderOf(sender: NodeId): BatchEncoder {
  return new BatchEncoder(sender, NATIVE);
}

function byShard(messages: readonly Message[]): Map<number, Message[]> {
  const shards = new Map<number, Message[]>();
  for (const message of messages) {
    const shard = 'shard' in message ? message.shard : -1;
    shards.set(shard, [...(shards.get(shard) ?? []), message]);
  }
  return shards;
}

test('any sequence of any messages decodes to the same sequence per shard', () => {
  const encoders = [encoderOf(nodeId(3, 2)), encoderOf(MASTER)];
  const reader = new Reader(NATIVE);
  fc.assert(
    fc.property(interleaved, fc.nat(1), (messages, which) => {
      const got = byShard(decoded(encode(encoders[which]!, messages), reader));
      const sent = byShard(structuredClone(messages) as Message[]);
      assert.deepEqual([...got.keys()].sort(), [...sent.keys()].sort());
      for (const [shard, list] of sent) assert.deepEqual(got.get(shard), list);
    }),
    { numRuns: RUNS },
  );
});

test('what was received is sent on as it was, however many batches came since', () => {
  const reader = new Reader(NATIVE);
  const encoders = [encoderOf(nodeId(3, 2)), encoderOf(nodeId(4, 1))];
  fc.assert(
    fc.property(fc.array(interleaved, { minLength: 2, maxLength: 4 }), (batches) => {
      const sent = batches.map((messages) => structuredClone(messages) as Message[]);
      const here = batches.map((messages) => received(encode(encoders[0]!, messages), reader));
      const there = here.map((messages) => decoded(encode(encoders[1]!, messages)));
      for (const [i, messages] of sent.entries()) {
        const [got, kept] = [byShard(there[i]!), byShard(structuredClone(here[i]!.map(inStrings)))];
        for (const [shard, list] of byShard(messages)) {
          assert.deepEqual(got.get(shard), list);
          assert.deepEqual(kept.get(shard), list);
        }
      }
    }),
    { numRuns: RUNS / 4 },
  );
});

test('a batch names its sender, and the master adds its time', () => {
  const clock: Message = { type: 'clock' };
  for (const [sender, time] of [
    [nodeId(3, 2), 0],
    [MASTER, 1_700_000_000_000.25],
  ] as const) {
    const told: unknown[] = [];
    decodeBatch(
      encode(encoderOf(sender), [clock], 1_700_000_000_000.25),
      new Reader(NATIVE),
      (...message) => told.push(message),
      (...opened) => told.push(opened),
    );
    assert.deepEqual(told, [
      [sender, time],
      [sender, clock],
    ]);
  }
});

test('an encoder taken begins afresh, and batches it gave are left alone', () => {
  const encoder = encoderOf(nodeId(1, 1));
  assert.ok(encoder.isEmpty);
  encoder.add({ type: 'seal', shard: 3, epoch: 1 });
  assert.ok(!encoder.isEmpty);
  const first = encoder.take(0);
  encoder.add({ type: 'seal', shard: 4, epoch: 2 });
  assert.deepEqual(decoded(encoder.take(0)), [{ type: 'seal', shard: 4, epoch: 2 }]);
  assert.deepEqual(decoded(first), [{ type: 'seal', shard: 3, epoch: 1 }]);
  assert.deepEqual(decoded(encoder.take(0)), []);
});

test('the longest keys, values on both sides of what travels beside the words, and large numbers', () => {
  const keys = ['', 'k', 'k'.repeat(65_535), 'k'.repeat(65_536)];
  const values = [0, 1, 3, 4, 63, 64, 65, INLINE_BYTES, INLINE_BYTES + 1, 1_000_000].map((n) => '\xff'.repeat(n));
  const numbers = [0, 255, 2 ** 32 - 1, 2 ** 32, 2 ** 52, 2 ** 53 - 2];
  const encoder = encoderOf(MASTER);
  for (const shard of [0, 255, 256, 16_383]) {
    for (const key of keys) {
      for (const [i, value] of values.entries()) {
        const [number, other] = [numbers[i % numbers.length]!, numbers[(i + 1) % numbers.length]!];
        const record = plainRecord(number, other + 1, newPutEffect(key, value, ValueKind.text, 0));
        const messages: Message[] = [
          {
            ...{ type: 'request', shard, epoch: number, request: other, operation: plainPut(key, value) },
            ...{ committedSeq: number, pressure: true, watched: 1 },
          },
          { type: 'record', shard, epoch: other, record, committedSeq: other },
        ];
        assert.deepEqual(decoded(encode(encoder, messages)), structuredClone(messages));
      }
    }
  }
});

test('the words of a batch are never many megabytes, however much a message or a turn brings', () => {
  const put = (at: number): Step => {
    return { verb: 'put', key: `k${at}`, value: 'v'.repeat(60_000), kind: 0, ...PLAIN_PUT };
  };
  const steps = Array.from({ length: 200 }, (_, at) => put(at));
  const operation: Operation = {
    verb: 'transaction',
    key: '',
    conditions: [],
    then: steps,
    otherwise: [],
    lenient: false,
  };
  const request = { type: 'request', shard: 1, epoch: 1, committedSeq: 0, pressure: false, watched: 0 } as const;
  const encoder = encoderOf(MASTER);
  encoder.add({ ...request, request: 1, operation });
  const transfers = encoder.takeTransfers();
  const [words, ...asides] = encoder.take(0) as Exclude<Batch, string>;
  assert.ok(words.length < 2 * 2 ** 20, `${words.length} bytes`);
  assert.equal(transfers?.length, asides.length);
  assert.deepEqual(decoded([words, ...asides]), structuredClone([{ ...request, request: 1, operation }]));

  const posted: Batch[] = [];
  const sender = new BatchSender(MASTER);
  sender.add(nodeId(1, 1), { postMessage: (batch) => posted.push(batch) });
  for (let at = 0; at < 200; at++)
    sender.send(nodeId(1, 1), { ...request, shard: at, request: 1, operation: put(at) }, 5);
  sender.flush(6);
  assert.equal(posted.length, 12);
  const times = posted.map((batch) => {
    assert.ok(batch.length < 2 * 2 ** 20, `${batch.length} bytes`);
    let told = 0;
    decodeBatch(
      batch,
      new Reader(NATIVE),
      () => {},
      (_from, time) => (told = time),
    );
    return told;
  });
  assert.deepEqual(times, [...Array(11).fill(5), 6], 'what is posted early bears the time of its turn');
});

test('all 256 byte values survive, as one-byte strings', () => {
  let all = '';
  for (let code = 0; code < 256; code++) all += String.fromCharCode(code);
  const request: Message = {
    type: 'request',
    shard: 0,
    epoch: 1,
    request: 1,
    operation: plainPut(all, all),
    committedSeq: 0,
    pressure: false,
    watched: 0,
  };
  assert.deepEqual(decoded(encode(encoderOf(MASTER), [request])), structuredClone([request]));
});

const N = 10;
function size(messages: Message[]): number {
  return (encode(encoderOf(nodeId(1, 1)), messages) as string).length / 4;
}
function rowOf(make: (i: number) => Message): Message[] {
  return Array.from({ length: N }, (_, i) => make(i));
}

test('the common messages stay small: words beside sender and time', () => {
  const requests = rowOf((i) => ({
    type: 'request',
    shard: 1,
    epoch: 4,
    request: 100 + i,
    operation: plainPut(`key:${i}`, 'value'),
    committedSeq: 90,
    pressure: false,
    watched: 0,
  }));
  assert.equal(size(requests), 4 + 7 + 6 * N);
  const records = rowOf((i) => ({
    type: 'record',
    shard: 1,
    epoch: 4,
    record: plainRecord(200 + i, 100 + i, newPutEffect(`key:${i}`, 'value', ValueKind.text, 0)),
    committedSeq: 90,
  }));
  assert.equal(size(records), 4 + 9 + 6 * N);
  const answers = rowOf((i) => ({
    type: 'answer',
    shard: 1,
    epoch: 4,
    seq: 200 + i,
    request: 100 + i,
    result: plainResult(Status.ok, 200 + i),
    effect: null,
  }));
  assert.equal(size(answers), 4 + 7 + 1);
  const reads = rowOf((i) => ({
    type: 'read',
    shard: 1,
    epoch: 4,
    id: 300 + i,
    operation: { verb: 'get', key: `key:${i}` },
    committedSeq: 90,
  }));
  assert.equal(size(reads), 4 + 7 + 3 * N);
  const values = rowOf((i) => ({
    type: 'value',
    shard: 1,
    epoch: 4,
    id: 300 + i,
    result: valueResult(Status.ok, 12, 'value', ValueKind.text, 0),
  }));
  assert.equal(size(values), 4 + 5 + 6 * N);
  const alternating = requests.flatMap((message, i) => [message, { ...requests[i]!, shard: 2 } as Message]);
  assert.equal(size(alternating), 4 + 2 * (7 + 6 * N));
});

test('the kind of an entry has room for 32 wherever it travels', () => {
  for (let kind = 0; kind < 32; kind++) {
    const value = { value: 'v', kind: kind as ValueKind };
    const put = { type: 'put', key: 'k', ...value, expiresAt: 7, previous: value } as const;
    const result = valueResult(Status.ok, 5, 'v', value.kind, 9);
    const record = { seq: 5, request: 3, watched: 2, effect: put, result } as const;
    const common = { shard: 1, epoch: 4, committedSeq: 2 } as const;
    const terms = { ifVersion: 4, ttl: 5, deadline: 6, previous: true };
    const equals: Step = { verb: 'delete-if-value', key: 'k', ...value };
    const operation: Operation = {
      verb: 'transaction',
      key: '',
      conditions: [{ key: 'k', ifVersion: -1, equals: value }],
      then: [{ verb: 'put', key: 'k', ...value, ...terms }, equals],
      otherwise: [{ verb: 'append', key: 'k', ...value }],
      lenient: true,
    };
    const messages: Message[] = [
      { type: 'request', ...common, request: 3, operation, pressure: false, watched: 2 },
      { type: 'record', ...common, record },
      { type: 'answer', shard: 1, epoch: 4, seq: 5, request: 3, result, effect: put },
      { type: 'value', shard: 1, epoch: 4, id: 8, result },
    ];
    assert.deepEqual(decoded(encode(encoderOf(MASTER), messages)), structuredClone(messages));
    const change = { ...put, shard: 1, version: 5, transaction: 6 } as const;
    assert.deepEqual(readChange(written((out) => writeChange(out, change))), change);
  }
});
