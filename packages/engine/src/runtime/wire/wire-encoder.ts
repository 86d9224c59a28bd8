/**
 * BatchEncoder: gathers the messages of one turn for one destination into one batch (the grammar is in wire.ts).
 *
 * Owns      the elements of the batch being built, one run per shard, joined by take().
 * Does not  keep messages: each is written when it is added, so message objects die young.
 * Invariants WR1-W3 of wire.ts.
 * Why a run per shard: with keys spread over all shards, neighbouring messages are of different shards and would need a
 * section head each (3 to 5 elements beside the 2 of a put). Joining the runs costs a few ns per element.
 */

import { ValueKind } from '../../core/data/operation.ts';
import { MASTER, type NodeId } from '../../core/protocol/ids.ts';
import type {
  AnswerMessage,
  ConfigMessage,
  Message,
  ReadMessage,
  RecordMessage,
  RequestMessage,
  StreamBeginMessage,
  StreamRecordMessage,
  ValueMessage,
} from '../../core/protocol/messages.ts';
import { takeTransfers, valueElement } from '../memory/value-block.ts';
import {
  ANSWER_EFFECT,
  ANSWER_GENERAL,
  ANSWER_OWN,
  ANSWER_RESULT_SHIFT,
  ANSWER_RUN_STEP,
  COMMITTED,
  EVICTIONS,
  HAS_VALUE,
  headOf,
  Kind,
  PLAIN_RESULT,
  type WireBatch,
  type WireElement,
} from './wire.ts';
import { isPlainPut, writeOperation } from './wire-operation.ts';
import { isPlainRecord, resultCode, writeEffect, writeRecord, writeResultFields } from './wire-record.ts';

const NO_SECTION = -1;
const NOWHERE = -1;
/** A result that is ok, of text, never expires, of version 0: the value form "text, version" adds the version. */
const TEXT_VALUE = HAS_VALUE;

/** By Watched. */
const REQUEST_KINDS = [Kind.requests, Kind.watched, Kind.watchedPrevious] as const;
const PRESSED_KINDS = [Kind.pressed, Kind.pressedWatched, Kind.pressedWatchedPrevious] as const;

/** One shard's part of the batch, and its open section. */
class Run {
  out: WireElement[] = [];
  kind: number = NO_SECTION;
  /** The open section's epoch (or `since`), and the numbers the next message must have to belong to it. */
  epoch = 0;
  nextSeq = 0;
  nextNumber = 0;
  /** What the open section has last said it is. */
  committedSeq = 0;
  /** Where a run of plain answers could be made longer. */
  answersAt = NOWHERE;
}

export class BatchEncoder {
  private readonly sender: NodeId;
  private readonly runs: (Run | undefined)[] = [];
  private readonly active: Run[] = [];
  /** Messages of no shard. */
  private unsharded: Run | undefined;
  private first: WireElement[] | undefined;
  private transfers: ArrayBuffer[] = [];

  constructor(sender: NodeId) {
    this.sender = sender;
  }

  get isEmpty(): boolean {
    return this.active.length === 0;
  }

  add(message: Message): void {
    switch (message.type) {
      case 'request':
        this.addRequest(message);
        break;
      case 'record':
        this.addRecord(Kind.records, message.epoch, message);
        break;
      case 'answer':
        this.addAnswer(message);
        break;
      case 'read':
        this.addRead(message);
        break;
      case 'value':
        this.addValue(message);
        break;
      case 'stream-record':
        this.addRecord(Kind.streamRecords, message.since, message);
        break;
      default:
        this.addRare(message);
        break;
    }
    takeTransfers(this.transfers);
  }

  /** The buffers that go with the next batch, which are the taker's to transfer; undefined if there are none. */
  takeTransfers(): ArrayBuffer[] | undefined {
    const { transfers } = this;
    if (transfers.length === 0) return undefined;
    this.transfers = [];
    return transfers;
  }

  /** The batch, and begins an empty one. `time` is the master's; a node has none to give. */
  take(time: number): WireBatch {
    const { first, active } = this;
    if (first === undefined) return this.header(time);
    if (this.sender === MASTER) first[1] = time;
    for (const run of active) {
      if (run.out !== first) for (const element of run.out) first.push(element);
      run.kind = NO_SECTION;
      run.out = [];
    }
    active.length = 0;
    this.first = undefined;
    return first;
  }

  private header(time: number): WireElement[] {
    return this.sender === MASTER ? [MASTER, time] : [this.sender];
  }

  private runOf(shard: number): Run {
    let run = this.runs[shard];
    if (run === undefined) {
      run = new Run();
      this.runs[shard] = run;
    }
    if (run.out.length === 0) this.activate(run);
    return run;
  }

  private unshardedRun(): Run {
    this.unsharded ??= new Run();
    if (this.unsharded.out.length === 0) this.activate(this.unsharded);
    return this.unsharded;
  }

  private activate(run: Run): void {
    if (this.first === undefined) {
      run.out = this.header(0);
      this.first = run.out;
    }
    this.active.push(run);
  }

  private addRequest(message: RequestMessage): void {
    const { request, epoch, committedSeq, operation } = message;
    const run = this.runOf(message.shard);
    const { out } = run;
    const kind = (message.pressure ? PRESSED_KINDS : REQUEST_KINDS)[message.watched];
    if (run.kind !== kind || run.epoch !== epoch || run.nextNumber !== request) {
      open(run, kind, message.shard, epoch);
      out.push(committedSeq, request);
    } else if (run.committedSeq !== committedSeq) out.push(COMMITTED, committedSeq);
    run.committedSeq = committedSeq;
    run.nextNumber = request + 1;
    if (operation.verb === 'put' && isPlainPut(operation)) out.push(operation.key, valueElement(operation.value));
    else writeOperation(out, operation);
  }

  private addRead(message: ReadMessage): void {
    const { id, epoch, committedSeq, operation } = message;
    const run = this.runOf(message.shard);
    const { out } = run;
    const isGet = operation.verb === 'get';
    const kind = isGet && operation.blocks ? Kind.blockReads : Kind.reads;
    if (run.kind !== kind || run.epoch !== epoch || run.nextNumber !== id) {
      open(run, kind, message.shard, epoch);
      out.push(committedSeq, id);
    } else if (run.committedSeq !== committedSeq) out.push(COMMITTED, committedSeq);
    run.committedSeq = committedSeq;
    run.nextNumber = id + 1;
    if (isGet) out.push(operation.key);
    else writeOperation(out, operation);
  }

  private addRecord(kind: Kind, stamp: number, message: RecordMessage | StreamRecordMessage): void {
    const { record, committedSeq } = message;
    const { seq, request, effect } = record;
    const run = this.runOf(message.shard);
    const { out } = run;
    const inRow = run.nextSeq === seq && (request === 0 || run.nextNumber === request);
    if (run.kind !== kind || run.epoch !== stamp || !inRow) {
      open(run, kind, message.shard, stamp);
      out.push(committedSeq, seq, request);
      run.nextNumber = request;
    } else if (run.committedSeq !== committedSeq) out.push(COMMITTED, committedSeq);
    run.committedSeq = committedSeq;
    run.nextSeq = seq + 1;
    if (request !== 0) run.nextNumber = request + 1;
    if (effect.type === 'put' && isPlainRecord(record)) out.push(effect.key, valueElement(effect.value));
    else writeRecord(out, record);
  }

  private addAnswer(message: AnswerMessage): void {
    const { seq, request, result, epoch, effect } = message;
    const run = this.runOf(message.shard);
    const { out } = run;
    const inRow = run.nextSeq === seq && (request === 0 || run.nextNumber === request);
    if (run.kind !== Kind.answers || run.epoch !== epoch || !inRow) {
      open(run, Kind.answers, message.shard, epoch);
      out.push(seq, request);
      run.nextNumber = request;
      run.answersAt = NOWHERE;
    }
    run.nextSeq = seq + 1;
    if (request !== 0) run.nextNumber = request + 1;
    const code = resultCode(result, seq);
    if (code === PLAIN_RESULT && request !== 0 && effect === null) {
      if (run.answersAt === out.length - 1) out[run.answersAt] = (out[run.answersAt] as number) + ANSWER_RUN_STEP;
      else run.answersAt = out.push(ANSWER_RUN_STEP) - 1;
      return;
    }
    const flags = (request === 0 ? ANSWER_OWN : 0) | (effect === null ? 0 : ANSWER_EFFECT) | ANSWER_GENERAL;
    out.push((code << ANSWER_RESULT_SHIFT) | flags);
    writeResultFields(out, code, result, seq);
    if (effect !== null) writeEffect(out, effect);
  }

  private addValue(message: ValueMessage): void {
    const { id, result, epoch } = message;
    const run = this.runOf(message.shard);
    const { out } = run;
    if (run.kind !== Kind.values || run.epoch !== epoch || run.nextNumber !== id) {
      open(run, Kind.values, message.shard, epoch);
      out.push(id);
    }
    run.nextNumber = id + 1;
    if (result.kind === ValueKind.text && result.value !== null && resultCode(result, result.version) === TEXT_VALUE) {
      out.push(result.value, result.version);
      return;
    }
    const code = resultCode(result, 0);
    out.push(code);
    writeResultFields(out, code, result, 0);
  }

  private addRare(message: Exclude<Message, { type: 'request' | 'read' | 'record' | 'answer' | 'value' }>): void {
    if (!('shard' in message)) {
      writeUnsharded(this.unshardedRun().out, message);
      return;
    }
    const run = this.runOf(message.shard);
    run.kind = NO_SECTION;
    writeRare(run.out, message);
  }
}

function open(run: Run, kind: Kind, shard: number, epoch: number): void {
  run.kind = kind;
  run.epoch = epoch;
  run.out.push(headOf(kind, shard), epoch);
}

type Unsharded = 'usage' | 'clock' | 'memory-limit';
type InRows = 'request' | 'read' | 'record' | 'answer' | 'value';

function writeUnsharded(out: WireElement[], message: Message & { type: Unsharded }): void {
  switch (message.type) {
    case 'clock':
      out.push(headOf(Kind.clock, 0));
      break;
    case 'usage':
      out.push(headOf(Kind.usage, 0), message.revision, message.reservedBytes, message.full ? 1 : 0, message.excess);
      break;
    case 'memory-limit':
      out.push(headOf(Kind.memoryLimit, 0), message.revision, message.maxMemoryBytes);
      out.push(EVICTIONS.indexOf(message.eviction));
      break;
  }
}

/** One message, one section. */
function writeRare(out: WireElement[], message: Exclude<Message, { type: InRows | Unsharded }>): void {
  const { shard } = message;
  switch (message.type) {
    case 'config':
      writeConfig(out, message);
      break;
    case 'committed':
      out.push(headOf(Kind.committed, shard), message.epoch, message.committedSeq, message.evict);
      break;
    case 'seal':
      out.push(headOf(Kind.seal, shard), message.epoch);
      break;
    case 'sealed':
      out.push(headOf(Kind.sealed, shard), message.epoch);
      break;
    case 'stream-begin':
      writeStreamBegin(out, message);
      break;
    case 'stream-slice':
      out.push(headOf(Kind.streamSlice, shard), message.since, message.entries, message.marks);
      break;
    case 'stream-end':
      out.push(headOf(Kind.streamEnd, shard), message.since);
      break;
    case 'stream-ack':
      out.push(headOf(Kind.streamAck, shard), message.since);
      break;
    case 'progress':
      out.push(headOf(Kind.progress, shard), message.since, message.seq);
      break;
    case 'touched':
      out.push(headOf(Kind.touched, shard), message.epoch, message.hashes);
      break;
    case 'stream-record':
      throw new Error('stream records travel in rows');
  }
}

function writeConfig(out: WireElement[], message: ConfigMessage): void {
  const { shard, epoch, chain, learner, since, committedSeq, base } = message;
  out.push(headOf(Kind.config, shard), epoch, learner, since, committedSeq, chain.length, ...chain);
  if (base === null) out.push(0);
  else out.push(1, base.seq, base.request);
}

/** The window's records need not be in a row here: it is sent once a stream. */
function writeStreamBegin(out: WireElement[], message: StreamBeginMessage): void {
  const { shard, since, lastSeq, lastRequest, committedSeq, window } = message;
  out.push(headOf(Kind.streamBegin, shard), since, lastSeq, lastRequest, committedSeq, window.length);
  for (const record of window) {
    out.push(record.seq, record.request);
    writeRecord(out, record);
  }
}
