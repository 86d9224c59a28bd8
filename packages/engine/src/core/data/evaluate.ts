/**
 * evaluate: what an operation does to an entry, decided once: by the primary, or for a transaction over several shards by
 * the master.
 *
 * Owns      conditions, deadlines, arithmetic: (operation, entry now, time) → effect and result.
 * Does not  apply effects, know about memory, or read a clock: `time` is the master's.
 * Invariant E1  the outcome depends on nothing but its arguments, so a record can be replayed anywhere.
 */
import { addFloat, addInteger } from './arithmetic.ts';
import {
  ANY_VERSION,
  type AppendOperation,
  type DeleteOperation,
  type Entry,
  type ExpireOperation,
  KEEP_TTL,
  type KeyReadOperation,
  type KeyWriteOperation,
  MUST_BE_ABSENT,
  MUST_EXIST,
  type PutOperation,
  type SetBitOperation,
  type SetRangeOperation,
  type StatOperation,
  ValueKind,
} from './operation.ts';
import { type Effect, NO_EFFECT, newPutEffect } from './record.ts';
import { blockResult, plainResult, type Result, Status, valueResult } from './result.ts';

export interface Outcome {
  readonly effect: Effect;
  readonly result: Result;
}

/** What evaluation may read of an entry without its value. */
export interface Head {
  readonly kind: ValueKind;
  readonly version: number;
  readonly expiresAt: number;
}

/** A head that says how long the value is. */
export interface SizedHead extends Head {
  readonly valueBytes: number;
}

/** The part of a store that evaluation reads. Making a string of a value costs as much as finding it: read only the head
 * where that is enough. */
export interface EntryReader {
  /** As a client reads it, which counts as a use; with `blocks` a large value may come as a block. */
  get(key: string, blocks?: boolean): Entry | undefined;
  peek(key: string): Entry | undefined;
  head(key: string): SizedHead | undefined;
  /** Uses the entry without reading it. */
  touch(key: string): void;
  /** Since the entry was last used. */
  idleMs(key: string): number;
}

/** A reader of entries in memory; access times were updated when the entries were fetched. */
export function readerOf(get: (key: string) => Entry | undefined): EntryReader {
  return { get, peek: get, head: (key) => headOf(get(key)), touch: () => {}, idleMs: () => 0 };
}

/** The head of an entry in memory. */
export function headOf(entry: Entry | undefined): SizedHead | undefined {
  if (entry === undefined) return undefined;
  const { kind, version, expiresAt, value } = entry;
  return { kind, version, expiresAt, valueBytes: value.length };
}

/** The context of an evaluation: the operation's inputs besides itself. `seq` becomes the version of what is written. */
export interface Moment {
  readonly time: number;
  readonly seq: number;
  readonly maxValueBytes: number;
}

/** The entry of a key unless its deadline has passed: after it, an entry is absent. */
export function liveEntry(store: EntryReader, key: string, time: number): Entry | undefined {
  return liveOnly(store.peek(key), time);
}

/** {@link liveEntry} for those who need not see the value. */
export function liveHead(store: EntryReader, key: string, time: number): SizedHead | undefined {
  return liveOnly(store.head(key), time);
}

function liveOnly<T extends Head>(entry: T | undefined, time: number): T | undefined {
  return entry !== undefined && entry.expiresAt !== 0 && entry.expiresAt <= time ? undefined : entry;
}

export function evaluate(operation: KeyWriteOperation, store: EntryReader, moment: Moment): Outcome {
  switch (operation.verb) {
    case 'put':
      return evaluatePut(operation, store, moment);
    case 'delete':
      return evaluateDelete(operation, store, moment);
    case 'increment':
    case 'increment-float':
      return evaluateIncrement(operation, liveEntry(store, operation.key, moment.time), moment);
    case 'append':
      return evaluateAppend(operation, liveEntry(store, operation.key, moment.time), moment);
    case 'set-range':
      return evaluateSetRange(operation, liveEntry(store, operation.key, moment.time), moment);
    case 'set-bit':
      return evaluateSetBit(operation, liveEntry(store, operation.key, moment.time), moment);
    case 'expire':
      return evaluateExpire(operation, store, moment);
  }
}

/** A read of one key, wherever its entries come from. */
export function readKey(operation: KeyReadOperation, store: EntryReader, time: number): Result {
  if (operation.verb === 'stat') return statKey(operation, store, time);
  const entry = liveOnly(store.get(operation.key, operation.blocks === true), time);
  if (entry === undefined) return plainResult(Status.absent, 0);
  const { version, value, kind, expiresAt, block } = entry;
  if (block !== undefined) return blockResult(version, block, kind, expiresAt);
  return valueResult(Status.ok, version, value, kind, expiresAt);
}

function statKey({ key, tells, uses }: StatOperation, store: EntryReader, time: number): Result {
  const head = liveHead(store, key, time);
  if (head === undefined) return plainResult(Status.absent, 0);
  const { version, kind, expiresAt, valueBytes } = head;
  const text =
    tells === 'idle' ? String(store.idleMs(key)) : tells === 'value' ? store.peek(key)!.value : String(valueBytes);
  if (uses === true) store.touch(key);
  return valueResult(Status.ok, version, text, kind, expiresAt);
}

function refused(status: Status, entry: Head | undefined): Outcome {
  return { effect: NO_EFFECT, result: plainResult(status, entry?.version ?? 0) };
}

export function conditionHolds(ifVersion: number, entry: Head | undefined): boolean {
  if (ifVersion === ANY_VERSION) return true;
  if (ifVersion === MUST_BE_ABSENT) return entry === undefined;
  if (ifVersion === MUST_EXIST) return entry !== undefined;
  return entry?.version === ifVersion;
}

/** Whole milliseconds, as stores keep them (master time has fractions); rounded up, so nothing expires early. */
function deadlineOf({ ttl, deadline }: PutOperation | ExpireOperation, { time }: Moment): number {
  return Math.min(Math.ceil(ttl > 0 ? time + ttl : deadline), Number.MAX_SAFE_INTEGER);
}

function previousResult(status: Status, version: number, entry: Entry | undefined): Result {
  if (entry === undefined) return plainResult(status, version);
  return valueResult(status, version, entry.value, entry.kind, entry.expiresAt);
}

function evaluatePut(operation: PutOperation, store: EntryReader, moment: Moment): Outcome {
  const { key, value, kind, ifVersion, ttl } = operation;
  if (operation.previous) return evaluatePutWithPrevious(operation, store, moment);
  // The common put looks at nothing: a lookup here would cost it a third of its time at the primary.
  const blind = ifVersion === ANY_VERSION && ttl !== KEEP_TTL;
  const head = blind ? undefined : liveHead(store, key, moment.time);
  if (!conditionHolds(ifVersion, head)) return refused(Status.conditionFailed, head);
  const expiresAt = ttl === KEEP_TTL ? (head?.expiresAt ?? 0) : deadlineOf(operation, moment);
  return { effect: newPutEffect(key, value, kind, expiresAt), result: plainResult(Status.ok, moment.seq) };
}

function evaluatePutWithPrevious(operation: PutOperation, store: EntryReader, moment: Moment): Outcome {
  const { key, value, kind, ifVersion, ttl } = operation;
  const entry = liveEntry(store, key, moment.time);
  if (!conditionHolds(ifVersion, entry)) {
    return { effect: NO_EFFECT, result: previousResult(Status.conditionFailed, entry?.version ?? 0, entry) };
  }
  const expiresAt = ttl === KEEP_TTL ? (entry?.expiresAt ?? 0) : deadlineOf(operation, moment);
  return {
    effect: newPutEffect(key, value, kind, expiresAt),
    result: previousResult(Status.ok, moment.seq, entry),
  };
}

function evaluateDelete({ key, ifVersion, previous }: DeleteOperation, store: EntryReader, { time }: Moment): Outcome {
  const entry = previous ? liveEntry(store, key, time) : undefined;
  const head = previous ? entry : liveHead(store, key, time);
  if (head === undefined) return refused(Status.absent, undefined);
  if (!conditionHolds(ifVersion, head)) return refused(Status.conditionFailed, head);
  const result = previous ? previousResult(Status.ok, 0, entry) : plainResult(Status.ok, 0);
  return { effect: { type: 'remove', key, cause: 'delete' }, result };
}

function evaluateIncrement(
  operation: KeyWriteOperation & { verb: 'increment' | 'increment-float' },
  entry: Entry | undefined,
  moment: Moment,
): Outcome {
  if (entry !== undefined && entry.kind === ValueKind.structured) return refused(Status.notANumber, entry);
  const before = entry?.value ?? '0';
  const sum =
    operation.verb === 'increment'
      ? addInteger(before, operation.by, operation.safe === true)
      : addFloat(before, operation.by);
  if (typeof sum === 'number') return refused(sum, entry);
  const kind = entry?.kind ?? ValueKind.number;
  const expiresAt = entry?.expiresAt ?? 0;
  return {
    effect: newPutEffect(operation.key, sum, kind, expiresAt),
    result: valueResult(Status.ok, moment.seq, sum, kind, expiresAt),
  };
}

function evaluateAppend(operation: AppendOperation, entry: Entry | undefined, moment: Moment): Outcome {
  const present = entry?.kind ?? operation.kind;
  if (present === ValueKind.structured) return refused(Status.wrongKind, entry);
  const kind = present === ValueKind.number ? ValueKind.text : present;
  const before = entry?.value ?? '';
  // Before they are put together: two strings that V8 can hold may come to one that it cannot.
  if (before.length + operation.value.length > moment.maxValueBytes) return refused(Status.valueTooLarge, entry);
  const value = before + operation.value;
  const expiresAt = entry?.expiresAt ?? 0;
  return {
    effect: newPutEffect(operation.key, value, kind, expiresAt),
    result: valueResult(Status.ok, moment.seq, String(value.length), kind, expiresAt),
  };
}

function evaluateSetRange(operation: SetRangeOperation, entry: Entry | undefined, moment: Moment): Outcome {
  const { key, offset, value } = operation;
  if (entry?.kind === ValueKind.structured) return refused(Status.wrongKind, entry);
  const before = entry?.value ?? '';
  const length = Math.max(before.length, offset + value.length);
  if (value === '') return { effect: NO_EFFECT, result: lengthResult(entry, before.length) };
  if (length > moment.maxValueBytes) return refused(Status.valueTooLarge, entry);
  const after = before.slice(0, offset).padEnd(offset, '\0') + value + before.slice(offset + value.length);
  return overwrite(key, after, entry, moment, String(after.length));
}

function lengthResult(entry: Entry | undefined, length: number): Result {
  return valueResult(Status.ok, entry?.version ?? 0, String(length), ValueKind.text, entry?.expiresAt ?? 0);
}

function evaluateSetBit(operation: SetBitOperation, entry: Entry | undefined, moment: Moment): Outcome {
  const { key, offset, bit } = operation;
  if (entry?.kind === ValueKind.structured) return refused(Status.wrongKind, entry);
  const at = Math.floor(offset / 8);
  if (at >= moment.maxValueBytes) return refused(Status.valueTooLarge, entry);
  const before = (entry?.value ?? '').padEnd(at + 1, '\0');
  const mask = 0x80 >> (offset % 8);
  const byte = before.charCodeAt(at);
  const answer = (byte & mask) === 0 ? '0' : '1';
  // As in Redis, setting what is set already is no change: no new version, nothing for a WATCH to see.
  if (entry !== undefined && entry.value.length > at && answer === String(bit)) {
    return { effect: NO_EFFECT, result: valueResult(Status.ok, entry.version, answer, entry.kind, entry.expiresAt) };
  }
  const changed = bit === 1 ? byte | mask : byte & ~mask;
  const after = before.slice(0, at) + String.fromCharCode(changed) + before.slice(at + 1);
  return overwrite(key, after, entry, moment, answer);
}

/** New bytes in place of old ones: the deadline stays, a number becomes text. */
function overwrite(key: string, value: string, entry: Entry | undefined, moment: Moment, answer: string): Outcome {
  const kind = entry?.kind === ValueKind.bytes ? ValueKind.bytes : ValueKind.text;
  const expiresAt = entry?.expiresAt ?? 0;
  return {
    effect: newPutEffect(key, value, kind, expiresAt),
    result: valueResult(Status.ok, moment.seq, answer, kind, expiresAt),
  };
}

function evaluateExpire(operation: ExpireOperation, store: EntryReader, moment: Moment): Outcome {
  const { key } = operation;
  const head = liveHead(store, key, moment.time);
  if (head === undefined) return refused(Status.absent, undefined);
  const answer = (status: Status, version: number): Result =>
    operation.previous ? previousResult(status, version, store.peek(key)) : plainResult(status, version);
  const expiresAt = deadlineOf(operation, moment);
  // The deadline stays as it is: a failed condition, or for a read that would only have removed one, nothing to do.
  if (!deadlineMayChange(operation, head.expiresAt, expiresAt)) {
    return { effect: NO_EFFECT, result: answer(Status.conditionFailed, head.version) };
  }
  if (expiresAt !== 0 && expiresAt <= moment.time) {
    return { effect: { type: 'remove', key, cause: 'delete' }, result: answer(Status.ok, 0) };
  }
  const result = answer(Status.ok, moment.seq);
  return { effect: { type: 'deadline', key, expiresAt }, result: { ...result, expiresAt } };
}

function deadlineMayChange(operation: ExpireOperation, present: number, wanted: number): boolean {
  if (wanted === 0) return present !== 0;
  switch (operation.when) {
    case 'always':
      return true;
    case 'none':
      return present === 0;
    case 'some':
      return present !== 0;
    case 'later':
      return present !== 0 && wanted > present;
    case 'sooner':
      return present === 0 || wanted < present;
    case 'some-later':
      return present !== 0 && wanted > present;
    case 'some-sooner':
      return present !== 0 && wanted < present;
  }
}
