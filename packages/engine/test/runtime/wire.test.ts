/** wire: any sequence of any messages comes out as the same sequence per shard, and the common ones stay small. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { type Operation, type Step, ValueKind } from '../../src/core/data/operation.ts';
import { plainResult, Status, valueResult } from '../../src/core/data/result.ts';
import { MASTER, nodeId } from '../../src/core/protocol/ids.ts';
import type { Message } from '../../src/core/protocol/messages.ts';
import { readChange, writeChange } from '../../src/executor/handle/port-change.ts';
import type { WireBatch, WireElement } from '../../src/runtime/wire/wire.ts';
import { Cursor } from '../../src/runtime/wire/wire-cursor.ts';
import { decodeBatch, timeOf } from '../../src/runtime/wire/wire-decoder.ts';
import { BatchEncoder } from '../../src/runtime/wire/wire-encoder.ts';
import { plainPut } from '../../src/runtime/wire/wire-operation.ts';
import { plainRecord } from '../../src/runtime/wire/wire-record.ts';
import { interleaved } from './any-message.ts';

const RUNS = Number(process.env.WIRE_RUNS ?? 2000);

function encode(encoder: BatchEncoder, messages: readonly Message[], time = 1.5): WireBatch {
  for (const message of messages) encoder.add(message);
  // v8.serialize is the clone algorithm of postMessage without the thread.
  return deserialize(serialize(encoder.take(time))) as WireBatch;
}

function decode(batch: WireBatch): Message[] {
  const decoded: Message[] = [];
  decodeBatch(batch, (_from, message) => decoded.push(message));
  // What is told counts, not which of its parts are made by constructors.
  return structuredClone(decoded);
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
  const encoders = [new BatchEncoder(nodeId(3, 2)), new BatchEncoder(MASTER)];
  fc.assert(
    fc.property(interleaved, fc.nat(1), (messages, which) => {
      const got = byShard(decode(encode(encoders[which]!, messages)));
      const sent = byShard(structuredClone(messages) as Message[]);
      assert.deepEqual([...got.keys()].sort(), [...sent.keys()].sort());
      for (const [shard, list] of sent) assert.deepEqual(got.get(shard), list);
    }),
    { numRuns: RUNS },
  );
});

test('a batch names its sender, and the master adds its time', () => {
  const clock: Message = { type: 'clock' };
  const fromNode = encode(new BatchEncoder(nodeId(3, 2)), [clock]);
  decodeBatch(fromNode, (from, message) => assert.deepEqual([from, message], [nodeId(3, 2), clock]));
  const fromMaster = encode(new BatchEncoder(MASTER), [clock], 1_700_000_000_000.25);
  assert.equal(timeOf(fromMaster), 1_700_000_000_000.25);
  decodeBatch(fromMaster, (from, message) => assert.deepEqual([from, message], [MASTER, clock]));
});

test('an encoder taken begins afresh, and batches it gave are left alone', () => {
  const encoder = new BatchEncoder(nodeId(1, 1));
  assert.ok(encoder.isEmpty);
  encoder.add({ type: 'seal', shard: 3, epoch: 1 });
  assert.ok(!encoder.isEmpty);
  const first = encoder.take(0);
  const copy = [...first];
  encoder.add({ type: 'seal', shard: 4, epoch: 2 });
  assert.deepEqual(decode(encoder.take(0)), [{ type: 'seal', shard: 4, epoch: 2 }]);
  assert.deepEqual([...first], copy);
  assert.deepEqual(encoder.take(0), [nodeId(1, 1)]);
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
  assert.deepEqual(decode(encode(new BatchEncoder(MASTER), [request])), structuredClone([request]));
});

const N = 10;
function size(messages: Message[]): number {
  return encode(new BatchEncoder(nodeId(1, 1)), messages).length;
}
function rowOf(make: (i: number) => Message): Message[] {
  return Array.from({ length: N }, (_, i) => make(i));
}

test('the common messages stay small: elements beside the sender', () => {
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
  assert.equal(size(requests), 1 + 4 + 2 * N);
  const records = rowOf((i) => ({
    type: 'record',
    shard: 1,
    epoch: 4,
    record: plainRecord(200 + i, 100 + i, `key:${i}`, 'value'),
    committedSeq: 90,
  }));
  assert.equal(size(records), 1 + 5 + 2 * N);
  const answers = rowOf((i) => ({
    type: 'answer',
    shard: 1,
    epoch: 4,
    seq: 200 + i,
    request: 100 + i,
    result: plainResult(Status.ok, 200 + i),
    effect: null,
  }));
  assert.equal(size(answers), 1 + 4 + 1);
  const reads = rowOf((i) => ({
    type: 'read',
    shard: 1,
    epoch: 4,
    id: 300 + i,
    operation: { verb: 'get', key: `key:${i}` },
    committedSeq: 90,
  }));
  assert.equal(size(reads), 1 + 4 + N);
  const values = rowOf((i) => ({
    type: 'value',
    shard: 1,
    epoch: 4,
    id: 300 + i,
    result: valueResult(Status.ok, 12, 'value', ValueKind.text, 0),
  }));
  assert.equal(size(values), 1 + 3 + 2 * N);
  const alternating = requests.flatMap((message, i) => [message, { ...requests[i]!, shard: 2 } as Message]);
  assert.equal(size(alternating), 1 + 2 * (4 + 2 * N));
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
    assert.deepEqual(decode(encode(new BatchEncoder(MASTER), messages)), structuredClone(messages));
    const out: WireElement[] = [];
    const change = { ...put, shard: 1, version: 5, transaction: 6 } as const;
    writeChange(out, change);
    assert.deepEqual(readChange(new Cursor(out, 0)), change);
  }
});
