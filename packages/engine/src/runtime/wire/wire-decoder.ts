/**
 * decodeBatch: a batch (grammar in wire.ts) back into messages, each a fresh object that the machine may keep.
 *
 * Owns      nothing between calls.
 * Does not  know machines: it calls `receive` for each message, in order, and leaves what that throws alone.
 */

import { newGet, type ReadOperation, ValueKind } from '../../core/data/operation.ts';
import { type Record, Watched } from '../../core/data/record.ts';
import { plainResult, Status, valueResult } from '../../core/data/result.ts';
import { MASTER, type NodeId, type ShardId } from '../../core/protocol/ids.ts';
import { invariant } from '../../core/protocol/invariant.ts';
import type { ConfigMessage, Message, StreamBeginMessage } from '../../core/protocol/messages.ts';
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
  type WireBatch,
} from './wire.ts';
import { Cursor } from './wire-cursor.ts';
import { plainPut, readOperation } from './wire-operation.ts';
import { plainRecord, readEffect, readRecord, readResult } from './wire-record.ts';

/** Hears one message of a batch. */
export type Receive = (from: NodeId, message: Message) => void;

export function senderOf(batch: WireBatch): NodeId {
  return batch[0] as NodeId;
}

/** The master's time on a batch it sent. */
export function timeOf(batch: WireBatch): number {
  return batch[1] as number;
}

export function decodeBatch(batch: WireBatch, receive: Receive): void {
  const from = senderOf(batch);
  const cursor = new Cursor(batch, from === MASTER ? 2 : 1);
  while (cursor.at < batch.length) {
    const head = -1 - cursor.number();
    const shard = Math.floor(head / KINDS);
    decodeSection((head % KINDS) as Kind, { from, shard, cursor, receive });
  }
}

/** One section being read. */
interface Section {
  readonly from: NodeId;
  readonly shard: ShardId;
  readonly cursor: Cursor;
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
      section.receive(section.from, readRare(kind, section.shard, section.cursor));
  }
}

/** Whether the section has another item; the next element then begins it. */
function hasItem({ elements, at }: Cursor): boolean {
  if (at >= elements.length) return false;
  const next = elements[at];
  return typeof next !== 'number' || next >= 0;
}

function decodeRequests({ from, shard, cursor, receive }: Section, pressure: boolean, watched: Watched): void {
  const epoch = cursor.number();
  let committedSeq = cursor.number();
  let request = cursor.number();
  while (hasItem(cursor)) {
    const item = cursor.elements[cursor.at++];
    if (item === COMMITTED) {
      committedSeq = cursor.number();
      continue;
    }
    const operation = typeof item === 'string' ? plainPut(item, cursor.value()) : readOperation(item as number, cursor);
    receive(from, { type: 'request', shard, epoch, request, operation, committedSeq, pressure, watched });
    request += 1;
  }
}

function decodeReads({ from, shard, cursor, receive }: Section, blocks: boolean): void {
  const epoch = cursor.number();
  let committedSeq = cursor.number();
  let id = cursor.number();
  while (hasItem(cursor)) {
    const item = cursor.elements[cursor.at++];
    if (item === COMMITTED) {
      committedSeq = cursor.number();
      continue;
    }
    const operation: ReadOperation =
      typeof item === 'string' ? newGet(item, blocks) : (readOperation(item as number, cursor) as ReadOperation);
    receive(from, { type: 'read', shard, epoch, id, operation, committedSeq });
    id += 1;
  }
}

function decodeRecords({ from, shard, cursor, receive }: Section, streamed: boolean): void {
  const stamp = cursor.number();
  let committedSeq = cursor.number();
  let seq = cursor.number();
  let request = cursor.number();
  while (hasItem(cursor)) {
    const item = cursor.elements[cursor.at++];
    if (item === COMMITTED) {
      committedSeq = cursor.number();
      continue;
    }
    const record =
      typeof item === 'string'
        ? plainRecord(seq, request, item, cursor.value())
        : readRecord(item as number, seq, request, cursor);
    if (streamed) receive(from, { type: 'stream-record', shard, since: stamp, record, committedSeq });
    else receive(from, { type: 'record', shard, epoch: stamp, record, committedSeq });
    seq += 1;
    if (record.request !== 0) request = record.request + 1;
  }
}

function decodeAnswers({ from, shard, cursor, receive }: Section): void {
  const epoch = cursor.number();
  let seq = cursor.number();
  let request = cursor.number();
  while (hasItem(cursor)) {
    const code = cursor.number();
    if ((code & ANSWER_GENERAL) !== 0) {
      const own = (code & ANSWER_OWN) !== 0;
      const result = readResult(code >> ANSWER_RESULT_SHIFT, seq, cursor);
      const effect = (code & ANSWER_EFFECT) !== 0 ? readEffect(cursor.number(), cursor) : null;
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

function decodeValues({ from, shard, cursor, receive }: Section): void {
  const epoch = cursor.number();
  let id = cursor.number();
  while (hasItem(cursor)) {
    const item = cursor.elements[cursor.at++];
    const result =
      typeof item === 'string'
        ? valueResult(Status.ok, cursor.number(), item, ValueKind.text, 0)
        : readResult(item as number, 0, cursor);
    receive(from, { type: 'value', shard, epoch, id, result });
    id += 1;
  }
}

/** The kinds of which each message is a section of its own. */
function readRare(kind: Kind, shard: ShardId, cursor: Cursor): Message {
  switch (kind) {
    case Kind.config:
      return readConfig(shard, cursor);
    case Kind.committed:
      return {
        type: 'committed',
        shard,
        epoch: cursor.number(),
        committedSeq: cursor.number(),
        evict: cursor.number(),
      };
    case Kind.seal:
      return { type: 'seal', shard, epoch: cursor.number() };
    case Kind.sealed:
      return { type: 'sealed', shard, epoch: cursor.number() };
    case Kind.streamBegin:
      return readStreamBegin(shard, cursor);
    case Kind.streamSlice:
      return {
        type: 'stream-slice',
        shard,
        since: cursor.number(),
        entries: cursor.entries(),
        marks: cursor.numbers(),
      };
    case Kind.streamEnd:
      return { type: 'stream-end', shard, since: cursor.number() };
    case Kind.streamAck:
      return { type: 'stream-ack', shard, since: cursor.number() };
    case Kind.progress:
      return { type: 'progress', shard, since: cursor.number(), seq: cursor.number() };
    case Kind.touched:
      return { type: 'touched', shard, epoch: cursor.number(), hashes: cursor.numbers() };
    case Kind.usage:
      return {
        type: 'usage',
        revision: cursor.number(),
        reservedBytes: cursor.number(),
        full: cursor.number() === 1,
        excess: cursor.number(),
      };
    case Kind.memoryLimit:
      return {
        type: 'memory-limit',
        revision: cursor.number(),
        maxMemoryBytes: cursor.number(),
        eviction: EVICTIONS[cursor.number()]!,
      };
    default:
      invariant(kind === Kind.clock, 'a section kind is known');
      return { type: 'clock' };
  }
}

function readConfig(shard: ShardId, cursor: Cursor): ConfigMessage {
  const epoch = cursor.number();
  const learner = cursor.number();
  const since = cursor.number();
  const committedSeq = cursor.number();
  const length = cursor.number();
  const chain: NodeId[] = [];
  for (let i = 0; i < length; i++) chain.push(cursor.number());
  const base = cursor.number() === 1 ? { seq: cursor.number(), request: cursor.number() } : null;
  return { type: 'config', shard, epoch, chain, learner, since, committedSeq, base };
}

function readStreamBegin(shard: ShardId, cursor: Cursor): StreamBeginMessage {
  const since = cursor.number();
  const lastSeq = cursor.number();
  const lastRequest = cursor.number();
  const committedSeq = cursor.number();
  const length = cursor.number();
  const window: Record[] = [];
  for (let i = 0; i < length; i++) {
    const seq = cursor.number();
    const request = cursor.number();
    window.push(readRecord(cursor.number(), seq, request, cursor));
  }
  return { type: 'stream-begin', shard, since, lastSeq, lastRequest, committedSeq, window };
}
