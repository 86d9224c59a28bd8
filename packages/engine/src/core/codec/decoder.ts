/**
 * decodeBatch: a batch (grammar.ts) back into messages, each a fresh object that the machine may keep.
 *
 * Owns      nothing between calls.
 * Does not  know machines: it calls `receive` for each message, in order, and leaves what that throws alone.
 */

import { newGet, type PutOperation, type ReadOperation, ValueKind } from '../data/operation.ts';
import { ReceivedPut, ReceivedPutEffect } from '../data/received-put.ts';
import { newPutEffect, type Record, Watched } from '../data/record.ts';
import { plainResult, type Result, Status, valueResult } from '../data/result.ts';
import type { NodeId, ShardId } from '../protocol/ids.ts';
import { invariant } from '../protocol/invariant.ts';
import type { ConfigMessage, Message, StreamBeginMessage } from '../protocol/messages.ts';
import {
  ANSWER_EFFECT,
  ANSWER_GENERAL,
  ANSWER_OWN,
  ANSWER_RESULT_SHIFT,
  ANSWER_RUN_STEP,
  COMMITTED,
  EVICTIONS,
  KINDS,
  Kind,
  PLAIN,
  PLAIN_LENGTH_MASK,
} from './grammar.ts';
import { plainPut, readOperation } from './operations.ts';
import type { Reader } from './reader.ts';
import { plainRecord, readEffect, readRecord, readResult } from './records.ts';
import type { Batch } from './writer.ts';

/** Receives one message of a batch. */
export type Receive = (from: NodeId, message: Message) => void;

/** Who sent a batch, and the master's time on what it sent: told before any of its messages. */
export type Opened = (from: NodeId, time: number) => void;

export function decodeBatch(batch: Batch, reader: Reader, receive: Receive, opened?: Opened): void {
  reader.open(batch);
  const from = reader.number();
  const time = reader.number();
  opened?.(from, time);
  while (reader.at < reader.end) {
    const head = -1 - reader.word();
    decodeSection((head % KINDS) as Kind, { from, shard: Math.floor(head / KINDS), reader, receive });
  }
  reader.close();
}

/** One section being read. */
interface Section {
  readonly from: NodeId;
  readonly shard: ShardId;
  readonly reader: Reader;
  readonly receive: Receive;
}

const WATCHED_BY_KIND = {
  [Kind.requests]: Watched.no,
  [Kind.pressed]: Watched.no,
  [Kind.watched]: Watched.yes,
  [Kind.pressedWatched]: Watched.yes,
  [Kind.watchedPrevious]: Watched.withPrevious,
  [Kind.pressedWatchedPrevious]: Watched.withPrevious,
} as const;

function decodeSection(kind: Kind, section: Section): void {
  switch (kind) {
    case Kind.requests:
    case Kind.watched:
    case Kind.watchedPrevious:
      decodeRequests(section, false, WATCHED_BY_KIND[kind]);
      break;
    case Kind.pressed:
    case Kind.pressedWatched:
    case Kind.pressedWatchedPrevious:
      decodeRequests(section, true, WATCHED_BY_KIND[kind]);
      break;
    case Kind.reads:
      decodeReads(section, false);
      break;
    case Kind.blockReads:
      decodeReads(section, true);
      break;
    case Kind.records:
      decodeRecords(section, false);
      break;
    case Kind.streamRecords:
      decodeRecords(section, true);
      break;
    case Kind.answers:
      decodeAnswers(section);
      break;
    case Kind.values:
      decodeValues(section);
      break;
    default:
      section.receive(section.from, readRare(kind, section.shard, section.reader));
  }
}

/** Whether the section has another item; the next word then begins it. */
function hasItem({ words, at, end }: Reader): boolean {
  return at < end && words[at]! >= 0;
}

function decodeRequests({ from, shard, reader, receive }: Section, pressure: boolean, watched: Watched): void {
  const epoch = reader.number();
  let committedSeq = reader.number();
  let request = reader.number();
  while (hasItem(reader)) {
    const item = reader.word();
    if (item === COMMITTED) {
      committedSeq = reader.number();
      continue;
    }
    const operation = (item & PLAIN) !== 0 ? readPlainPut(item, reader) : readOperation(item, reader);
    receive(from, { type: 'request', shard, epoch, request, operation, committedSeq, pressure, watched });
    request += 1;
  }
}

function decodeReads({ from, shard, reader, receive }: Section, blocks: boolean): void {
  const epoch = reader.number();
  let committedSeq = reader.number();
  let id = reader.number();
  while (hasItem(reader)) {
    const item = reader.word();
    if (item === COMMITTED) {
      committedSeq = reader.number();
      continue;
    }
    const operation: ReadOperation =
      (item & PLAIN) !== 0
        ? newGet(reader.chars(item & PLAIN_LENGTH_MASK), blocks)
        : (readOperation(item, reader) as ReadOperation);
    receive(from, { type: 'read', shard, epoch, id, operation, committedSeq });
    id += 1;
  }
}

function decodeRecords({ from, shard, reader, receive }: Section, streamed: boolean): void {
  const stamp = reader.number();
  let committedSeq = reader.number();
  let seq = reader.number();
  let request = reader.number();
  while (hasItem(reader)) {
    const item = reader.word();
    if (item === COMMITTED) {
      committedSeq = reader.number();
      continue;
    }
    const record =
      (item & PLAIN) !== 0 ? readPlainRecord(item, seq, request, reader) : readRecord(item, seq, request, reader);
    if (streamed) receive(from, { type: 'stream-record', shard, since: stamp, record, committedSeq });
    else receive(from, { type: 'record', shard, epoch: stamp, record, committedSeq });
    seq += 1;
    if (record.request !== 0) request = record.request + 1;
  }
}

function decodeAnswers({ from, shard, reader, receive }: Section): void {
  const epoch = reader.number();
  let seq = reader.number();
  let request = reader.number();
  while (hasItem(reader)) {
    const code = reader.word();
    if ((code & ANSWER_GENERAL) !== 0) {
      const own = (code & ANSWER_OWN) !== 0;
      const result = readResult(code >> ANSWER_RESULT_SHIFT, seq, reader);
      const effect = (code & ANSWER_EFFECT) !== 0 ? readEffect(reader.word(), reader) : null;
      receive(from, { type: 'answer', shard, epoch, seq, request: own ? 0 : request, result, effect });
      seq += 1;
      if (!own) request += 1;
      continue;
    }
    for (let left = code; left > 0; left -= ANSWER_RUN_STEP) {
      receive(from, { type: 'answer', shard, epoch, seq, request, result: plainResult(Status.ok, seq), effect: null });
      seq += 1;
      request += 1;
    }
  }
}

function decodeValues({ from, shard, reader, receive }: Section): void {
  const epoch = reader.number();
  let id = reader.number();
  while (hasItem(reader)) {
    const item = reader.word();
    const result = (item & PLAIN) !== 0 ? readPlainValue(reader) : readResult(item, 0, reader);
    receive(from, { type: 'value', shard, epoch, id, result });
    id += 1;
  }
}

function readPlainPut(item: number, reader: Reader): PutOperation {
  const put = reader.putBytes(item & PLAIN_LENGTH_MASK);
  if (put !== undefined) return new ReceivedPut(put);
  const key = reader.chars(item & PLAIN_LENGTH_MASK);
  return plainPut(key, reader.value());
}

function readPlainRecord(item: number, seq: number, request: number, reader: Reader): Record {
  const put = reader.putBytes(item & PLAIN_LENGTH_MASK);
  if (put !== undefined) return plainRecord(seq, request, new ReceivedPutEffect(put));
  const key = reader.chars(item & PLAIN_LENGTH_MASK);
  return plainRecord(seq, request, newPutEffect(key, reader.value(), ValueKind.text, 0));
}

function readPlainValue(reader: Reader): Result {
  const text = reader.text();
  return valueResult(Status.ok, reader.number(), text, ValueKind.text, 0);
}

/** The kinds of which each message is a section of its own. */
function readRare(kind: Kind, shard: ShardId, reader: Reader): Message {
  switch (kind) {
    case Kind.config:
      return readConfig(shard, reader);
    case Kind.committed:
      return {
        type: 'committed',
        shard,
        epoch: reader.number(),
        committedSeq: reader.number(),
        evict: reader.number(),
      };
    case Kind.seal:
      return { type: 'seal', shard, epoch: reader.number() };
    case Kind.sealed:
      return { type: 'sealed', shard, epoch: reader.number() };
    case Kind.streamBegin:
      return readStreamBegin(shard, reader);
    case Kind.streamSlice:
      return {
        type: 'stream-slice',
        shard,
        since: reader.number(),
        entries: reader.mixed(),
        marks: reader.numbers(),
      };
    case Kind.streamEnd:
      return { type: 'stream-end', shard, since: reader.number() };
    case Kind.streamAck:
      return { type: 'stream-ack', shard, since: reader.number() };
    case Kind.progress:
      return { type: 'progress', shard, since: reader.number(), seq: reader.number() };
    case Kind.touched:
      return { type: 'touched', shard, epoch: reader.number(), hashes: reader.numbers() };
    case Kind.usage:
      return {
        type: 'usage',
        revision: reader.number(),
        reservedBytes: reader.number(),
        excess: reader.number(),
        full: reader.word() === 1,
      };
    case Kind.memoryLimit:
      return {
        type: 'memory-limit',
        revision: reader.number(),
        maxMemoryBytes: reader.number(),
        eviction: EVICTIONS[reader.word()]!,
      };
    default:
      invariant(kind === Kind.clock, 'a section kind is known');
      return { type: 'clock' };
  }
}

function readConfig(shard: ShardId, reader: Reader): ConfigMessage {
  const epoch = reader.number();
  const learner = reader.number();
  const since = reader.number();
  const committedSeq = reader.number();
  const chain: readonly NodeId[] = reader.numbers();
  const [seq, request] = reader.numbers();
  const base = seq === undefined ? null : { seq, request: request! };
  return { type: 'config', shard, epoch, chain, learner, since, committedSeq, base };
}

function readStreamBegin(shard: ShardId, reader: Reader): StreamBeginMessage {
  const since = reader.number();
  const lastSeq = reader.number();
  const lastRequest = reader.number();
  const committedSeq = reader.number();
  const length = reader.word();
  const window: Record[] = [];
  for (let i = 0; i < length; i++) {
    const seq = reader.number();
    const request = reader.number();
    window.push(readRecord(reader.word(), seq, request, reader));
  }
  return { type: 'stream-begin', shard, since, lastSeq, lastRequest, committedSeq, window };
}
