/**
 * Decoder: bytes from one client in, requests out. A request is its arguments as one-byte strings (char code = byte).
 *
 * Owns      the bytes not yet parsed, and how far the present request has come.
 * Does not  know commands, sockets or replies. The owner pulls: `feed` what arrives, call `next` until it answers null, then
 *           `keepRest` if the bytes that were fed are to be used again.
 * Language  what Redis 7.0 servers accept: `*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`, or an inline line `GET k\n` with quotes. RESP3
 *           changes replies only. After a protocol error `error` holds Redis's own text and nothing more is parsed.
 * Cost      Linear in bytes, however they are cut up: arguments are taken as they complete, so nothing is parsed twice;
 *           a large argument grows one buffer by doubling; a search for a line end goes on where it stopped.
 * Why text  One `latin1Slice` for all that arrived, then substrings, is twice as fast as one native call per argument.
 *           The price: a substring keeps its whole text (up to TEXT_MAX) alive. Requests live for milliseconds; whoever
 *           keeps an argument for longer (a client's name, a channel) must copy it, see {@link ownCopy}.
 * Blocks    An argument of BLOCK_BYTES_MIN or more becomes a block while it arrives, piece by piece (`blocks`): to make one
 *           string of 64 MB takes longer than others may be kept waiting.
 */
import { BLOCK_BYTES_MIN, type Block, BlockWriter } from '@quintet/engine/internal';
import { splitLine } from './inline.ts';
import { readInteger } from './numbers.ts';

export interface DecoderLimits {
  /** Most arguments of one request. */
  readonly requestArguments: number;
  /** Longest argument. */
  readonly bulkBytes: number;
  /** All arguments of one request together. */
  readonly requestBytes: number;
  /** Longest inline request, and longest line that announces a length. */
  readonly lineBytes: number;
}

/** What a client may send before it has given the password (as Redis: CVE-2021-32675). */
const UNAUTHENTICATED_ARGUMENTS = 10;
const UNAUTHENTICATED_BULK_BYTES = 16_384;
const UNAUTHENTICATED_REQUEST_BYTES = 65_536;

/** Above so many bytes at once, arguments are cut from the bytes one by one. */
const TEXT_MAX = 128 * 1024;

/** What of a block is shown where its argument would be. */
const SHOWN_BYTES = 128;

/** What an argument costs beyond its bytes; bounds a request of a million empty arguments. */
const ARGUMENT_OVERHEAD = 32;

/** `*2\r\n$3\r\nGET\r\n$1\r\nk\r\n` */
const GET_BYTES_MIN = 20;
/** Of the length of a key that is looked for at once. */
const KEY_DIGITS_MAX = 4;

const NOTHING: Buffer = Buffer.alloc(0);
const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;

/** Answers of `readLength` besides a length. */
const NEGATIVE = -1;
const WAIT = -2;
const INVALID = -3;

/** A copy that keeps nothing but itself alive. */
export function ownCopy(argument: string): string {
  return Buffer.from(argument, 'latin1').toString('latin1');
}

export class Decoder {
  /** The text of a protocol error, without its `ERR`. */
  error: string | null = null;
  /** Lifts the tight limits that hold before AUTH. */
  authenticated = true;
  /** Bytes of the request that `next` gave last, overheads included. */
  lastRequestBytes = 0;
  /** The arguments of that request that are blocks, by position; what stands in their place only describes them. */
  blocks: ReadonlyMap<number, Block> | null = null;

  /** The key of a GET that was seen. */
  readonly keyOfGet = { bytes: NOTHING, from: 0, length: 0 };

  private readonly limits: DecoderLimits;
  private readonly copies: number;
  /** What is unparsed lies in `bytes` from `at` to `end`. `owned`: `bytes` is ours to append to, not the socket's. */
  private bytes: Buffer = NOTHING;
  private at = 0;
  private end = 0;
  private owned = false;
  /** `bytes` from `textFrom` to `end` as a string, made when first needed. */
  private text: string | null = null;
  private textFrom = 0;
  /** The present request: what it has, how many arguments are missing, the length of the next if it is known. */
  private args: string[] = [];
  private missing = 0;
  private bulkLength = -1;
  private gathered = 0;
  /** Its blocks, the bytes of their copies, and the one being written. */
  private gatheredBlocks: Map<number, Block> | null = null;
  private copiedBytes = 0;
  private writer: BlockWriter | null = null;
  /** How many bytes after `at` are known to hold no line end. */
  private searched = 0;

  /** `copies`: of each value in the cluster (BlockWriter). */
  constructor(limits: DecoderLimits, copies = 0) {
    this.limits = limits;
    this.copies = copies;
  }

  /** Bytes held and not yet given out as requests. */
  get bufferedBytes(): number {
    return this.end - this.at + this.gathered + this.copiedBytes + (this.writer?.heldBytes ?? 0);
  }

  /** Takes the first `length` of `bytes`, which nobody may write to until they are parsed, or {@link keepRest} is called. */
  feed(bytes: Buffer, length: number = bytes.length): void {
    this.text = null;
    if (this.at < this.end) {
      this.append(bytes, length);
      return;
    }
    this.bytes = bytes;
    this.at = 0;
    this.end = length;
    this.owned = false;
  }

  /** Copies what is not parsed yet: what was fed is the caller's again. */
  keepRest(): void {
    if (this.owned || this.at === this.end) return;
    const left = this.end - this.at;
    const room = Buffer.allocUnsafeSlow(this.roomFor(left));
    this.bytes.copy(room, 0, this.at, this.end);
    this.bytes = room;
    this.owned = true;
    this.at = 0;
    this.end = left;
    this.text = null;
  }

  /** The next whole request, or null: more bytes are needed, or there was an error. */
  next(): string[] | null {
    this.blocks = null;
    while (this.at < this.end && this.error === null) {
      if (this.missing > 0 || this.bytes[this.at] === STAR) {
        if (this.missing === 0 && !this.beginMultibulk()) return null;
        if (this.missing === 0) continue;
        return this.takeArguments();
      }
      const args = this.takeLine();
      if (args === null) return null;
      if (args.length > 0) return args;
    }
    this.bytes = NOTHING;
    this.at = this.end = 0;
    this.text = null;
    return null;
  }

  /** Whether a whole `GET key` comes next, as clients write it: `keyOfGet` is its key then. */
  seesGet(): boolean {
    const { bytes, at, end } = this;
    if (this.missing > 0 || this.error !== null || at + GET_BYTES_MIN > end) return false;
    // *2\r\n$3\r\nGET\r\n$
    if (bytes[at] !== STAR || bytes[at + 1] !== 50 || bytes[at + 2] !== CR || bytes[at + 5] !== 51) return false;
    if (bytes[at + 3] !== LF || bytes[at + 4] !== DOLLAR || bytes[at + 6] !== CR || bytes[at + 7] !== LF) return false;
    // Bit 5 is the case of a letter.
    if ((bytes[at + 8]! & ~32) !== 71 || (bytes[at + 9]! & ~32) !== 69 || (bytes[at + 10]! & ~32) !== 84) return false;
    if (bytes[at + 11] !== CR || bytes[at + 12] !== LF || bytes[at + 13] !== DOLLAR) return false;
    let from = at + 14;
    let length = 0;
    for (; from < at + 14 + KEY_DIGITS_MAX; from++) {
      const digit = bytes[from]! - 48;
      if (digit < 0 || digit > 9) break;
      length = length * 10 + digit;
    }
    const digits = from - at - 14;
    if (digits === 0 || (digits > 1 && bytes[at + 14] === 48) || bytes[from] !== CR) return false;
    if (from + 2 + length + 2 > end) return false;
    const { keyOfGet } = this;
    keyOfGet.bytes = bytes;
    keyOfGet.from = from + 2;
    keyOfGet.length = length;
    return true;
  }

  /** Goes on behind what {@link seesGet} saw. */
  skipGet(): void {
    this.at = this.keyOfGet.from + this.keyOfGet.length + 2;
    this.searched = 0;
  }

  /** Reads `*<count>`. False if it is not all there or wrong. `*0` and `*-1` are empty requests, which ask for nothing. */
  private beginMultibulk(): boolean {
    const count = this.readLength('too big mbulk count string');
    if (count === WAIT) return false;
    if (count === INVALID || count > this.limits.requestArguments) return this.fail('invalid multibulk length');
    if (count > UNAUTHENTICATED_ARGUMENTS && !this.authenticated) return this.fail('unauthenticated multibulk length');
    if (count > 0) {
      this.missing = count;
      this.args = [];
      this.gathered = 0;
    }
    return true;
  }

  private takeArguments(): string[] | null {
    const args = this.args;
    while (this.missing > 0) {
      if (this.bulkLength < 0 && !this.beginBulk()) return null;
      if (this.bulkLength >= BLOCK_BYTES_MIN) {
        if (!this.takeBlock()) return null;
        continue;
      }
      const from = this.at;
      const to = from + this.bulkLength;
      if (to + 2 > this.end) return null;
      args.push(this.slice(from, to));
      // The two bytes after an argument are skipped unseen, as Redis does.
      this.at = to + 2;
      this.gathered += this.bulkLength + ARGUMENT_OVERHEAD;
      this.bulkLength = -1;
      this.missing--;
    }
    this.lastRequestBytes = this.gathered + this.copiedBytes;
    this.gathered = 0;
    this.copiedBytes = 0;
    this.blocks = this.gatheredBlocks;
    this.gatheredBlocks = null;
    return args;
  }

  /** Goes on with an argument that becomes a block; false if it is not all there. */
  private takeBlock(): boolean {
    // Memory for all of it is taken once a part has come: to announce much costs a client nothing.
    if (this.writer === null && this.end - this.at < BLOCK_BYTES_MIN) return false;
    this.writer ??= new BlockWriter(this.bulkLength, this.args[1]?.length ?? 0, this.copies);
    this.at += this.writer.write(this.bytes, this.at, this.end);
    if (this.writer.written < this.bulkLength || this.end - this.at < 2) return false;
    const block = this.writer.finish();
    this.copiedBytes += this.writer.heldBytes - block.length;
    this.writer = null;
    this.gatheredBlocks ??= new Map();
    this.gatheredBlocks.set(this.args.push(described(block)) - 1, block);
    this.at += 2;
    this.gathered += this.bulkLength + ARGUMENT_OVERHEAD;
    this.bulkLength = -1;
    this.missing--;
    return true;
  }

  /** Reads `$<length>`. */
  private beginBulk(): boolean {
    const mark = this.bytes[this.at];
    const length = this.readLength('too big bulk count string');
    if (length === WAIT) return false;
    if (mark !== DOLLAR) return this.fail(`expected '$', got '${String.fromCharCode(mark ?? 0)}'`);
    if (length < 0 || length > this.limits.bulkBytes) return this.fail('invalid bulk length');
    if (length > UNAUTHENTICATED_BULK_BYTES && !this.authenticated) return this.fail('unauthenticated bulk length');
    if (this.gathered + length > this.requestBytesMax) return this.fail('too big request');
    this.bulkLength = length;
    return true;
  }

  private get requestBytesMax(): number {
    return this.authenticated ? this.limits.requestBytes : UNAUTHENTICATED_REQUEST_BYTES;
  }

  /** Reads the decimal after one mark byte, up to and with its line end. Anything unusual goes the slow way. */
  private readLength(tooLong: string): number {
    const bytes = this.bytes;
    const end = this.end;
    const first = this.at + 1;
    let at = first;
    let value = 0;
    while (at < end) {
      const digit = bytes[at]! - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    const digits = at - first;
    const plain = digits > 0 && digits < 12 && (bytes[first] !== 48 || digits === 1);
    if (!plain || at + 1 >= end || bytes[at] !== CR) return this.readOddLength(tooLong);
    this.at = at + 2;
    this.searched = 0;
    return value;
  }

  private readOddLength(tooLong: string): number {
    const lineEnd = this.find(CR);
    if (lineEnd < 0) {
      if (this.end - this.at > this.limits.lineBytes) this.fail(tooLong);
      return WAIT;
    }
    if (lineEnd + 1 >= this.end) return WAIT;
    const value = readInteger(this.bytes.toString('latin1', this.at + 1, lineEnd));
    this.at = lineEnd + 2;
    this.searched = 0;
    if (value === null) return INVALID;
    return value < 0 ? NEGATIVE : Number(value);
  }

  /** An inline request, or null if its line has not ended. An empty line is an empty list. */
  private takeLine(): string[] | null {
    const lineEnd = this.find(LF);
    if (lineEnd < 0) {
      if (this.end - this.at > this.limits.lineBytes) this.fail('too big inline request');
      return null;
    }
    const to = lineEnd > this.at && this.bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    const args = splitLine(this.slice(this.at, to));
    this.lastRequestBytes = lineEnd - this.at;
    this.at = lineEnd + 1;
    this.searched = 0;
    if (args === null) this.fail('unbalanced quotes in request');
    return args;
  }

  /** Where `byte` is next, or -1. What was searched before is not searched again. */
  private find(byte: number): number {
    const found = this.bytes.indexOf(byte, this.at + this.searched);
    if (found >= 0 && found < this.end) return found;
    this.searched = this.end - this.at;
    return -1;
  }

  private slice(from: number, to: number): string {
    if (this.text === null) {
      if (this.end - this.at > TEXT_MAX) return this.bytes.toString('latin1', from, to);
      this.text = this.bytes.toString('latin1', this.at, this.end);
      this.textFrom = this.at;
    }
    return this.text.substring(from - this.textFrom, to - this.textFrom);
  }

  /**
   * Puts the first `length` of `more` behind what is left. Each byte is moved a bounded number of times: growth doubles, and what is left is
   * shifted to the front only if it is no more than what was consumed since.
   */
  private append(more: Buffer, length: number): void {
    const left = this.end - this.at;
    const needed = left + length;
    if (this.owned && this.end + length <= this.bytes.length) {
      more.copy(this.bytes, this.end, 0, length);
      this.end += length;
      return;
    }
    if (this.owned && needed <= this.bytes.length && left <= this.at) {
      this.bytes.copyWithin(0, this.at, this.end);
    } else {
      const room = Buffer.allocUnsafeSlow(this.roomFor(needed));
      this.bytes.copy(room, 0, this.at, this.end);
      this.bytes = room;
      this.owned = true;
    }
    more.copy(this.bytes, left, 0, length);
    this.at = 0;
    this.end = needed;
  }

  /** A buffer's size for `needed` bytes: doubled, but not beyond a large argument's end. */
  private roomFor(needed: number): number {
    const wanted = this.bulkLength >= 0 ? this.bulkLength + 2 : 0;
    if (wanted > TEXT_MAX) return Math.max(needed, Math.min(2 * needed, wanted));
    return this.owned ? 2 * needed : needed;
  }

  private fail(text: string): false {
    this.error = `Protocol error: ${text}`;
    this.args = [];
    this.writer = null;
    this.gatheredBlocks = null;
    this.copiedBytes = 0;
    return false;
  }
}

function described({ bytes, length }: Block): string {
  const shown = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString('latin1');
  return `${shown}... (${length - SHOWN_BYTES} more bytes)`;
}
