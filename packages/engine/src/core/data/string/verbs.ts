/**
 * Verbs on values: put and get, numbers, bytes.
 *
 * Owns      for each its row and its evaluation: arithmetic is arithmetic.ts's.
 * Invariant VB1 an outcome depends on nothing but the arguments, so a record can be replayed anywhere.
 */
import { addFloat, addInteger } from '../arithmetic.ts';
import { BOOLEAN, KIND, MARK, NUMBER, NUMBER_IF_ANY, numberUnless, TEXT, VALUE } from '../fields.ts';
import {
  ANY_VERSION,
  type AppendOperation,
  type Entry,
  type GetOperation,
  type GetRangeOperation,
  type IncrementFloatOperation,
  type IncrementOperation,
  KEEP_TTL,
  NO_TTL,
  type PutOperation,
  type SetBitOperation,
  type SetRangeOperation,
  ValueKind,
} from '../operation.ts';
import {
  conditionHolds,
  deadlineAt,
  type EntryReader,
  type EvalContext,
  type Head,
  liveEntry,
  liveHead,
  liveOnly,
  type Outcome,
  previousResult,
  refused,
  type SizedHead,
  written,
} from '../reader.ts';
import { ReceivedPut, ReceivedPutEffect, valueBytesOf } from '../received-put.ts';
import { NO_EFFECT, newPutEffect, type PatchEffect } from '../record.ts';
import { blockResult, plainResult, type Result, Status, valueResult } from '../result.ts';
import { keyVerb, Needs, Use } from '../row.ts';

/** The longest texts of numbers: of 64 bits; of a double written without an exponent. */
const INTEGER_BYTES = 20;
const FLOAT_BYTES = 330;

const all = (): Needs => Needs.value;

// ---- put and get ------------------------------------------------------------------------------------------------

const put = keyVerb<PutOperation>({
  verb: 'put',
  code: 0,
  fields: {
    value: VALUE,
    kind: KIND,
    ifVersion: numberUnless(ANY_VERSION),
    ttl: numberUnless(NO_TTL),
    deadline: numberUnless(0),
    previous: BOOLEAN,
  },
  makes: ['put'],
  carries: valueBytesOf,
  length: valueBytesOf,
  reads: (operation) => (operation.previous ? Needs.value : isBlind(operation) ? Needs.nothing : Needs.head),
  shows: ({ previous }) => previous,
  evaluate: evaluatePut,
});

/** The common put looks at nothing: a look-up would cost it a third of its time at the primary. */
function isBlind({ ifVersion, ttl }: PutOperation): boolean {
  return ifVersion === ANY_VERSION && ttl !== KEEP_TTL;
}

function evaluatePut(operation: PutOperation, store: EntryReader, moment: EvalContext): Outcome {
  if (operation instanceof ReceivedPut) {
    return { effect: new ReceivedPutEffect(operation.put), result: plainResult(Status.ok, moment.seq) };
  }
  const { key, value, kind, ifVersion, ttl } = operation;
  if (operation.previous) return evaluatePutWithPrevious(operation, store, moment);
  const head = isBlind(operation) ? undefined : liveHead(store, key, moment.time);
  if (!conditionHolds(ifVersion, head)) return refused(Status.conditionFailed, head);
  const expiresAt = ttl === KEEP_TTL ? (head?.expiresAt ?? 0) : deadlineAt(operation, moment);
  return { effect: newPutEffect(key, value, kind, expiresAt), result: plainResult(Status.ok, moment.seq) };
}

function evaluatePutWithPrevious(operation: PutOperation, store: EntryReader, moment: EvalContext): Outcome {
  const { key, value, kind, ifVersion, ttl } = operation;
  const entry = liveEntry(store, key, moment.time);
  if (!conditionHolds(ifVersion, entry)) {
    return { effect: NO_EFFECT, result: previousResult(Status.conditionFailed, entry?.version ?? 0, entry) };
  }
  const expiresAt = ttl === KEEP_TTL ? (entry?.expiresAt ?? 0) : deadlineAt(operation, moment);
  return {
    effect: newPutEffect(key, value, kind, expiresAt),
    result: previousResult(Status.ok, moment.seq, entry),
  };
}

const get = keyVerb<GetOperation>({
  verb: 'get',
  code: 7,
  fields: { blocks: MARK },
  reads: all,
  shows: () => true,
  uses: () => Use.reading,
  read: readGet,
});

function readGet({ key, blocks }: GetOperation, store: EntryReader, time: number): Result {
  const entry = liveOnly(store.get(key, blocks === true), time);
  if (entry === undefined) return plainResult(Status.absent, 0);
  const { version, value, kind, expiresAt, block } = entry;
  if (block !== undefined) return blockResult(version, block, kind, expiresAt);
  return valueResult(Status.ok, version, value, kind, expiresAt);
}

/** `bears` nothing beyond the range, so that a part of a large value costs no more than a small one. */
const getRange = keyVerb<GetRangeOperation>({
  verb: 'get-range',
  code: 18,
  fields: { start: NUMBER, end: NUMBER },
  reads: all,
  shows: () => true,
  shown: ({ start, end }, present) => {
    const { from, length } = boundsOf(start, end, present);
    return Math.min(length, present - from);
  },
  uses: () => Use.reading,
  read: readRange,
});

function readRange({ key, start, end }: GetRangeOperation, store: EntryReader, time: number): Result {
  const head = liveHead(store, key, time);
  if (head === undefined) return plainResult(Status.absent, 0);
  const { version, kind, expiresAt, valueBytes } = head;
  if (kind === ValueKind.structured) return plainResult(Status.wrongKind, version);
  store.touch(key);
  const { from, length } = boundsOf(start, end, valueBytes);
  return valueResult(Status.ok, version, store.part(key, from, length), kind, expiresAt);
}

/** What a range is answered, from what a get of the key was. */
export function rangeOfResult({ start, end }: GetRangeOperation, whole: Result): Result {
  const { status, version, value, kind, expiresAt } = whole;
  if (status !== Status.ok || value === null) return whole;
  if (kind === ValueKind.structured) return plainResult(Status.wrongKind, version);
  const { from, length } = boundsOf(start, end, value.length);
  return valueResult(status, version, value.slice(from, from + length), kind, expiresAt);
}

/** The bytes that a range means of a value of so many bytes. */
function boundsOf(start: number, end: number, bytes: number): { readonly from: number; readonly length: number } {
  if (start < 0 && end < 0 && start > end) return { from: 0, length: 0 };
  const from = Math.min(bytes, Math.max(0, start < 0 ? bytes + start : start));
  const last = Math.min(bytes - 1, Math.max(0, end < 0 ? bytes + end : end));
  return { from, length: Math.max(0, last + 1 - from) };
}

// ---- numbers ----------------------------------------------------------------------------------------------------

const increment = keyVerb<IncrementOperation>({
  verb: 'increment',
  code: 2,
  fields: { by: TEXT, safe: MARK, ttl: NUMBER_IF_ANY, deadline: NUMBER_IF_ANY, ttlOnlyIfNew: MARK },
  makes: ['put'],
  length: () => INTEGER_BYTES,
  reads: all,
  evaluate: ({ key, by, safe, ttl = NO_TTL, deadline = 0, ttlOnlyIfNew }, store, moment) => {
    const entry = liveEntry(store, key, moment.time);
    const stays = (ttl === NO_TTL && deadline === 0) || (ttlOnlyIfNew === true && entry !== undefined);
    const expiresAt = stays ? (entry?.expiresAt ?? 0) : deadlineAt({ ttl, deadline }, moment);
    return summed(key, entry, (present) => addInteger(present, by, safe === true), expiresAt, moment);
  },
});

const incrementFloat = keyVerb<IncrementFloatOperation>({
  verb: 'increment-float',
  code: 3,
  fields: { by: NUMBER },
  makes: ['put'],
  length: () => FLOAT_BYTES,
  reads: all,
  evaluate: ({ key, by }, store, moment) => {
    const entry = liveEntry(store, key, moment.time);
    return summed(key, entry, (present) => addFloat(present, by), entry?.expiresAt ?? 0, moment);
  },
});

function summed(
  key: string,
  entry: Entry | undefined,
  add: (present: string) => string | Status,
  expiresAt: number,
  moment: EvalContext,
): Outcome {
  if (entry !== undefined && entry.kind === ValueKind.structured) return refused(Status.notANumber, entry);
  const sum = add(entry?.value ?? '0');
  if (typeof sum === 'number') return refused(sum, entry);
  return written(key, sum, entry?.kind ?? ValueKind.number, expiresAt, moment, sum);
}

// ---- bytes ------------------------------------------------------------------------------------------------------

const append = keyVerb<AppendOperation>({
  verb: 'append',
  code: 4,
  fields: { value: TEXT, kind: KIND },
  makes: ['put'],
  keeps: 'before',
  carries: ({ value }) => value.length,
  length: ({ value }, present) => present + value.length,
  reads: all,
  evaluate: evaluateAppend,
});

function evaluateAppend(operation: AppendOperation, store: EntryReader, moment: EvalContext): Outcome {
  const { key, value } = operation;
  const head = liveHead(store, key, moment.time);
  const present = head?.kind ?? operation.kind;
  if (present === ValueKind.structured) return refused(Status.wrongKind, head);
  const kind = present === ValueKind.number ? ValueKind.text : present;
  const length = head?.valueBytes ?? 0;
  // Before they are put together: two strings that V8 can hold may come to one that it cannot.
  if (length + value.length > moment.maxValueBytes) return refused(Status.valueTooLarge, head);
  return overwritten(operation, head, { offset: length, bytes: value, kind }, store, moment);
}

const setRange = keyVerb<SetRangeOperation>({
  verb: 'set-range',
  code: 14,
  fields: { offset: NUMBER, value: TEXT },
  makes: ['put'],
  keeps: 'under',
  carries: ({ value }) => value.length,
  length: ({ offset, value }, present) => Math.max(present, offset + value.length),
  reads: all,
  evaluate: evaluateSetRange,
});

function evaluateSetRange(operation: SetRangeOperation, store: EntryReader, moment: EvalContext): Outcome {
  const { key, offset, value } = operation;
  const head = liveHead(store, key, moment.time);
  if (head?.kind === ValueKind.structured) return refused(Status.wrongKind, head);
  const length = head?.valueBytes ?? 0;
  if (value === '') return { effect: NO_EFFECT, result: lengthResult(head, length) };
  if (Math.max(length, offset + value.length) > moment.maxValueBytes) return refused(Status.valueTooLarge, head);
  return overwritten(operation, head, { offset, bytes: value, kind: bytesKind(head) }, store, moment);
}

function lengthResult(entry: Head | undefined, length: number): Result {
  return valueResult(Status.ok, entry?.version ?? 0, String(length), ValueKind.text, entry?.expiresAt ?? 0);
}

const setBit = keyVerb<SetBitOperation>({
  verb: 'set-bit',
  code: 15,
  fields: { offset: NUMBER, bit: NUMBER },
  makes: ['put'],
  keeps: 'under',
  length: ({ offset }, present) => Math.max(present, Math.floor(offset / 8) + 1),
  reads: all,
  evaluate: evaluateSetBit,
});

function evaluateSetBit(operation: SetBitOperation, store: EntryReader, moment: EvalContext): Outcome {
  const { key, offset, bit } = operation;
  const head = liveHead(store, key, moment.time);
  if (head?.kind === ValueKind.structured) return refused(Status.wrongKind, head);
  const at = Math.floor(offset / 8);
  if (at >= moment.maxValueBytes) return refused(Status.valueTooLarge, head);
  const isThere = head !== undefined && at < head.valueBytes;
  const byte = isThere ? store.part(key, at, 1).charCodeAt(0) : 0;
  const mask = 0x80 >> (offset % 8);
  const answer = (byte & mask) === 0 ? '0' : '1';
  // As in Redis, setting what is set already is no change: no new version, nothing for a WATCH to see.
  if (isThere && answer === String(bit)) {
    return { effect: NO_EFFECT, result: valueResult(Status.ok, head.version, answer, head.kind, head.expiresAt) };
  }
  const bytes = String.fromCharCode(bit === 1 ? byte | mask : byte & ~mask);
  return overwritten(operation, head, { offset: at, bytes, kind: bytesKind(head) }, store, moment, answer);
}

/** What is overwritten is no number any more. */
function bytesKind(head: Head | undefined): ValueKind {
  return head?.kind === ValueKind.bytes ? ValueKind.bytes : ValueKind.text;
}

/** New bytes in place of present ones, or behind them; the deadline stays. Answered with the new length if nothing else is. */
function overwritten(
  { key }: { readonly key: string },
  head: SizedHead | undefined,
  { offset, bytes, kind }: Pick<PatchEffect, 'offset' | 'bytes' | 'kind'>,
  store: EntryReader,
  moment: EvalContext,
  answer?: string,
): Outcome {
  const { valueBytes, expiresAt } = head ?? { valueBytes: 0, expiresAt: 0 };
  const length = String(Math.max(valueBytes, offset + bytes.length));
  const result = valueResult(Status.ok, moment.seq, answer ?? length, kind, expiresAt);
  const { patchesFrom = Number.POSITIVE_INFINITY } = moment;
  if (head !== undefined && valueBytes > patchesFrom)
    return { effect: { type: 'patch', key, offset, bytes, kind }, result };
  const before = head === undefined ? '' : store.peek(key)!.value;
  return { effect: newPutEffect(key, patched(before, offset, bytes), kind, expiresAt), result };
}

/** A value with these bytes from `offset` on. */
export function patched(before: string, offset: number, bytes: string): string {
  return before.slice(0, offset).padEnd(offset, '\0') + bytes + before.slice(offset + bytes.length);
}

/** The rows, by verb. */
export const STRING_VERBS = {
  put,
  get,
  'get-range': getRange,
  increment,
  'increment-float': incrementFloat,
  append,
  'set-range': setRange,
  'set-bit': setBit,
};
