/**
 * BatchEncoder: gathers the messages of one turn for one destination into one batch (grammar.ts).
 *
 * Owns      the words of the batch being built, one run per shard, joined by take().
 * Does not  keep messages: each is written when it is added, so message objects die young.
 * Invariants CD1 to CD3 of grammar.ts.
 * Why a run per shard: with keys spread over all shards, neighbouring messages are of different shards and would need a
 * section head each. Joining the runs costs one copy of their words.
 */

import type { Bytes } from '../data/block.ts';
import { ValueKind } from '../data/operation.ts';
import { type PutBytes, ReceivedPut, ReceivedPutEffect } from '../data/received-put.ts';
import { MASTER, type NodeId } from '../protocol/ids.ts';
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
} from '../protocol/messages.ts';
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
  PLAIN,
  PLAIN_RESULT,
} from './grammar.ts';
import { isPlainPut, writeOperation } from './operations.ts';
import { isPlainRecord, resultCode, writeEffect, writeRecord, writeResultFields } from './records.ts';
import { Asides, type Batch, FULL_WORDS, type Native, Writer } from './writer.ts';

const NO_SECTION = -1;
const NOWHERE = -1;
/** A result that is ok, of text, never expires, of version 0: the value form "text, version" adds the version. */
const TEXT_VALUE = HAS_VALUE;

/** By Watched. */
const REQUEST_KINDS = [Kind.requests, Kind.watched, Kind.watchedPrevious] as const;
const PRESSED_KINDS = [Kind.pressed, Kind.pressedWatched, Kind.pressedWatchedPrevious] as const;

/** Memory of writers that is kept for the next batch. */
const KEPT_BYTES_MAX = 1024 * 1024;

/** One shard's part of the batch, and its open section. */
class Run {
  /** Null between batches. */
  out: Writer | null = null;
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
  private readonly native: Native;
  private readonly runs: (Run | undefined)[] = [];
  /** Messages of no shard. */
  private readonly unsharded = new Run();
  private readonly active: Run[] = [];
  /** Not in use by a run. */
  private readonly writers: Writer[] = [];
  private keptBytes = 0;
  /** Words of the batch so far, the message being added apart; of that its writer, and where it began there. */
  private words = 0;
  private current: Writer | null = null;
  private currentAt = 0;
  private readonly asides = new Asides();

  constructor(sender: NodeId, native: Native) {
    this.sender = sender;
    this.native = native;
  }

  get isEmpty(): boolean {
    return this.active.length === 0;
  }

  add(message: Message): void {
    switch (message.type) {
      case 'request':
        return this.addRequest(message);
      case 'record':
        return this.addRecord(Kind.records, message.epoch, message);
      case 'answer':
        return this.addAnswer(message);
      case 'read':
        return this.addRead(message);
      case 'value':
        return this.addValue(message);
      case 'stream-record':
        return this.addRecord(Kind.streamRecords, message.since, message);
      default:
        return this.addRare(message);
    }
  }

  /** The buffers that go with the next batch: to be taken before it. Undefined if there are none. */
  takeTransfers(): ArrayBuffer[] | undefined {
    return this.asides.takeTransfers();
  }

  /** The batch, and begins an empty one. `time` is the master's; a node has none to give. */
  take(time: number): Batch {
    this.words = 0;
    this.current = null;
    const out = this.writer();
    out.number(this.sender);
    out.number(this.sender === MASTER ? time : 0);
    for (const run of this.active) {
      out.append(run.out!);
      this.release(run.out!);
      run.out = null;
      run.kind = NO_SECTION;
    }
    this.active.length = 0;
    const words = out.take();
    this.release(out);
    return this.asides.take(words);
  }

  private writer(): Writer {
    const kept = this.writers.pop();
    if (kept === undefined) return new Writer(this.native, this.asides);
    this.keptBytes -= kept.heldBytes;
    return kept;
  }

  private release(writer: Writer): void {
    writer.clear();
    if (this.keptBytes + writer.heldBytes > KEPT_BYTES_MAX) return;
    this.keptBytes += writer.heldBytes;
    this.writers.push(writer);
  }

  /** It is to be sent without waiting for more. */
  get isFull(): boolean {
    return this.words + (this.current === null ? 0 : this.current.at - this.currentAt) >= FULL_WORDS;
  }

  private runOf(shard: number): Run {
    let run = this.runs[shard];
    if (run === undefined) {
      run = new Run();
      this.runs[shard] = run;
    }
    return run;
  }

  /** What the messages of a run are written to. */
  private outOf(run: Run): Writer {
    if (this.current !== null) this.words += this.current.at - this.currentAt;
    if (run.out === null) {
      run.out = this.writer();
      this.active.push(run);
    }
    this.current = run.out;
    this.currentAt = run.out.at;
    return run.out;
  }

  private addRequest(message: RequestMessage): void {
    const { request, epoch, committedSeq, operation } = message;
    const run = this.runOf(message.shard);
    const out = this.outOf(run);
    const kind = (message.pressure ? PRESSED_KINDS : REQUEST_KINDS)[message.watched];
    if (run.kind !== kind || run.epoch !== epoch || run.nextNumber !== request) {
      open(run, out, kind, message.shard, epoch);
      out.number(committedSeq);
      out.number(request);
    } else if (run.committedSeq !== committedSeq) writeCommitted(out, committedSeq);
    run.committedSeq = committedSeq;
    run.nextNumber = request + 1;
    if (operation instanceof ReceivedPut) writeReceived(out, operation.put);
    else if (operation.verb === 'put' && isPlainPut(operation)) writePlain(out, operation.key, operation.value);
    else writeOperation(out, operation);
  }

  private addRead(message: ReadMessage): void {
    const { id, epoch, committedSeq, operation } = message;
    const run = this.runOf(message.shard);
    const out = this.outOf(run);
    const isGet = operation.verb === 'get';
    const kind = isGet && operation.blocks ? Kind.blockReads : Kind.reads;
    if (run.kind !== kind || run.epoch !== epoch || run.nextNumber !== id) {
      open(run, out, kind, message.shard, epoch);
      out.number(committedSeq);
      out.number(id);
    } else if (run.committedSeq !== committedSeq) writeCommitted(out, committedSeq);
    run.committedSeq = committedSeq;
    run.nextNumber = id + 1;
    if (isGet) {
      out.word(PLAIN | operation.key.length);
      out.chars(operation.key);
    } else writeOperation(out, operation);
  }

  private addRecord(kind: Kind, stamp: number, message: RecordMessage | StreamRecordMessage): void {
    const { record, committedSeq } = message;
    const { seq, request, effect } = record;
    const run = this.runOf(message.shard);
    const out = this.outOf(run);
    const inRow = run.nextSeq === seq && (request === 0 || run.nextNumber === request);
    if (run.kind !== kind || run.epoch !== stamp || !inRow) {
      open(run, out, kind, message.shard, stamp);
      out.number(committedSeq);
      out.number(seq);
      out.number(request);
      run.nextNumber = request;
    } else if (run.committedSeq !== committedSeq) writeCommitted(out, committedSeq);
    run.committedSeq = committedSeq;
    run.nextSeq = seq + 1;
    if (request !== 0) run.nextNumber = request + 1;
    if (effect.type === 'put' && isPlainRecord(record)) {
      if (effect instanceof ReceivedPutEffect) writeReceived(out, effect.put);
      else writePlain(out, effect.key, effect.value);
    } else writeRecord(out, record);
  }

  private addAnswer(message: AnswerMessage): void {
    const { seq, request, result, epoch, effect } = message;
    const run = this.runOf(message.shard);
    const out = this.outOf(run);
    const inRow = run.nextSeq === seq && (request === 0 || run.nextNumber === request);
    if (run.kind !== Kind.answers || run.epoch !== epoch || !inRow) {
      open(run, out, Kind.answers, message.shard, epoch);
      out.number(seq);
      out.number(request);
      run.nextNumber = request;
      run.answersAt = NOWHERE;
    }
    run.nextSeq = seq + 1;
    if (request !== 0) run.nextNumber = request + 1;
    const code = resultCode(result, seq);
    if (code === PLAIN_RESULT && request !== 0 && effect === null) {
      if (run.answersAt === out.at - 1) out.words[run.answersAt]! += ANSWER_RUN_STEP;
      else {
        run.answersAt = out.at;
        out.word(ANSWER_RUN_STEP);
      }
      return;
    }
    const flags = (request === 0 ? ANSWER_OWN : 0) | (effect === null ? 0 : ANSWER_EFFECT) | ANSWER_GENERAL;
    out.word((code << ANSWER_RESULT_SHIFT) | flags);
    writeResultFields(out, code, result, seq);
    if (effect !== null) writeEffect(out, effect);
  }

  private addValue(message: ValueMessage): void {
    const { id, result, epoch } = message;
    const run = this.runOf(message.shard);
    const out = this.outOf(run);
    if (run.kind !== Kind.values || run.epoch !== epoch || run.nextNumber !== id) {
      open(run, out, Kind.values, message.shard, epoch);
      out.number(id);
    }
    run.nextNumber = id + 1;
    if (result.kind === ValueKind.text && result.value !== null && resultCode(result, result.version) === TEXT_VALUE) {
      out.word(PLAIN);
      out.text(result.value);
      out.number(result.version);
      return;
    }
    const code = resultCode(result, 0);
    out.word(code);
    writeResultFields(out, code, result, 0);
  }

  private addRare(message: Exclude<Message, { type: InRows }>): void {
    const run = 'shard' in message ? this.runOf(message.shard) : this.unsharded;
    run.kind = NO_SECTION;
    writeRare(this.outOf(run), message);
  }
}

function open(run: Run, out: Writer, kind: Kind, shard: number, epoch: number): void {
  run.kind = kind;
  run.epoch = epoch;
  out.word(headOf(kind, shard));
  out.number(epoch);
}

function writeCommitted(out: Writer, committedSeq: number): void {
  out.word(COMMITTED);
  out.number(committedSeq);
}

function writeReceived(out: Writer, put: PutBytes): void {
  out.word(PLAIN | put.keyBytes);
  out.putBytes(put);
}

/** The item of a plain put or its record. */
function writePlain(out: Writer, key: string, value: Bytes): void {
  out.word(PLAIN | key.length);
  out.chars(key);
  out.value(value);
}

type InRows = 'request' | 'read' | 'record' | 'answer' | 'value' | 'stream-record';

/** One message, one section. */
function writeRare(out: Writer, message: Exclude<Message, { type: InRows }>): void {
  switch (message.type) {
    case 'clock':
      return numbers(out, headOf(Kind.clock, 0));
    case 'usage':
      numbers(out, headOf(Kind.usage, 0), message.revision, message.reservedBytes, message.excess);
      return out.word(message.full ? 1 : 0);
    case 'memory-limit':
      numbers(out, headOf(Kind.memoryLimit, 0), message.revision, message.maxMemoryBytes);
      return out.word(EVICTIONS.indexOf(message.eviction));
    case 'config':
      return writeConfig(out, message);
    case 'committed':
      return numbers(out, headOf(Kind.committed, message.shard), message.epoch, message.committedSeq, message.evict);
    case 'seal':
      return numbers(out, headOf(Kind.seal, message.shard), message.epoch);
    case 'sealed':
      return numbers(out, headOf(Kind.sealed, message.shard), message.epoch);
    case 'stream-begin':
      return writeStreamBegin(out, message);
    case 'stream-slice':
      numbers(out, headOf(Kind.streamSlice, message.shard), message.since);
      out.mixed(message.entries);
      return out.numbers(message.marks);
    case 'stream-end':
      return numbers(out, headOf(Kind.streamEnd, message.shard), message.since);
    case 'stream-ack':
      return numbers(out, headOf(Kind.streamAck, message.shard), message.since);
    case 'progress':
      return numbers(out, headOf(Kind.progress, message.shard), message.since, message.seq);
    case 'touched':
      numbers(out, headOf(Kind.touched, message.shard), message.epoch);
      return out.numbers(message.hashes);
  }
}

/** A head, and the numbers that follow. */
function numbers(out: Writer, head: number, ...fields: number[]): void {
  out.word(head);
  for (const field of fields) out.number(field);
}

function writeConfig(out: Writer, message: ConfigMessage): void {
  const { shard, epoch, chain, learner, since, committedSeq, base } = message;
  numbers(out, headOf(Kind.config, shard), epoch, learner, since, committedSeq);
  out.numbers(chain);
  out.numbers(base === null ? [] : [base.seq, base.request]);
}

/** The window's records need not be in a row here: it is sent once a stream. */
function writeStreamBegin(out: Writer, message: StreamBeginMessage): void {
  const { shard, since, lastSeq, lastRequest, committedSeq, window } = message;
  numbers(out, headOf(Kind.streamBegin, shard), since, lastSeq, lastRequest, committedSeq);
  out.word(window.length);
  for (const record of window) {
    out.number(record.seq);
    out.number(record.request);
    writeRecord(out, record);
  }
}
