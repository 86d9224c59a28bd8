/**
 * EntryReader: what the evaluation of an operation sees of entries, and what it may conclude from them.
 *
 * Owns      the view of a store that evaluation has; deadlines (past it an entry is missing for everybody); conditions on
 *           versions and values.
 * Does not  know verbs (verbs.ts) or read a clock: `time` is the master's.
 */
import type { Bytes } from './block.ts';
import {
  ANY_VERSION,
  type Condition,
  type Entry,
  MUST_BE_ABSENT,
  MUST_EXIST,
  NO_TTL,
  type ValueKind,
} from './operation.ts';
import { type Effect, NO_EFFECT, newPutEffect } from './record.ts';
import { plainResult, type Result, Status, valueResult } from './result.ts';

/** What an operation results in. */
export interface Outcome {
  readonly effect: Effect;
  readonly result: Result;
}

/** What evaluation may ask of an entry without reading its value. */
export interface Head {
  readonly kind: ValueKind;
  readonly version: number;
  readonly expiresAt: number;
}

/** A head that says how long the value is. */
export interface SizedHead extends Head {
  readonly valueBytes: number;
}

/** The part of a store that evaluation reads. Making a string of a value costs as much as finding it: ask for the head
 * where that is enough. */
export interface EntryReader {
  /** As a client reads it, which counts as a use; with `blocks` a large value may come as a block. */
  get(key: string, blocks?: boolean): Entry | undefined;
  peek(key: string): Entry | undefined;
  head(key: string): SizedHead | undefined;
  /** The bytes of a present value from `offset` on, at most `length` of them, without a string of the whole; no use of it. */
  part(key: string, offset: number, length: number): string;
  /** Uses the entry without reading it. */
  touch(key: string): void;
  /** Since the entry was last used. */
  idleMs(key: string): number;
}

/** A reader of entries in memory; access times were updated when they were fetched. */
export function readerOf(get: (key: string) => Entry | undefined): EntryReader {
  const part = (key: string, offset: number, length: number) => partOf(get(key), offset, length);
  return { get, peek: get, head: (key) => headOf(get(key)), part, touch: () => {}, idleMs: () => 0 };
}

/** The head of an entry that is in memory. */
export function headOf(entry: Entry | undefined): SizedHead | undefined {
  if (entry === undefined) return undefined;
  const { kind, version, expiresAt, value } = entry;
  return { kind, version, expiresAt, valueBytes: value.length };
}

/** {@link EntryReader.part} of an entry that is in memory. */
export function partOf(entry: Entry | undefined, offset: number, length: number): string {
  return entry === undefined ? '' : entry.value.slice(offset, offset + length);
}

/** What evaluation knows besides the operation. `seq` becomes the version of what is written. */
export interface EvalContext {
  readonly time: number;
  readonly seq: number;
  readonly maxValueBytes: number;
  /** Of longer values only what changes is in the record; absent = of none. */
  readonly patchesFrom?: number;
}

/** The entry of a key unless its deadline has passed. */
export function liveEntry(store: EntryReader, key: string, time: number): Entry | undefined {
  return liveOnly(store.peek(key), time);
}

/** {@link liveEntry} for those who need not see the value. */
export function liveHead(store: EntryReader, key: string, time: number): SizedHead | undefined {
  return liveOnly(store.head(key), time);
}

export function liveOnly<T extends Head>(entry: T | undefined, time: number): T | undefined {
  return entry !== undefined && isPast(entry.expiresAt, time) ? undefined : entry;
}

/** Whether a deadline has passed; 0 is none. */
export function isPast(expiresAt: number, time: number): boolean {
  return expiresAt !== 0 && expiresAt <= time;
}

export function conditionHolds(ifVersion: number, entry: Head | undefined): boolean {
  if (ifVersion === ANY_VERSION) return true;
  if (ifVersion === MUST_BE_ABSENT) return entry === undefined;
  if (ifVersion === MUST_EXIST) return entry !== undefined;
  return entry?.version === ifVersion;
}

/**
 * Whether an entry, whose live head is `head`, has this value. Its value is read only if it may be equal: what is read is no
 * more than what the condition brings.
 */
export function hasValue(
  store: EntryReader,
  key: string,
  head: SizedHead | undefined,
  { value, kind }: NonNullable<Condition['equals']>,
): boolean {
  if (head === undefined || head.kind !== kind || head.valueBytes !== value.length) return false;
  return store.peek(key)!.value === value;
}

/** When an entry expires: milliseconds from the moment, or a deadline. */
interface Terms {
  readonly ttl: number;
  readonly deadline: number;
}

/** Whole milliseconds, as stores keep them (master time has fractions); rounded up, so nothing expires early. */
export function deadlineAt({ ttl, deadline }: Terms, { time }: EvalContext): number {
  return Math.min(Math.ceil(ttl > NO_TTL ? time + ttl : deadline), Number.MAX_SAFE_INTEGER);
}

// ---- outcomes of several verbs ----------------------------------------------------------------------------------

/** Nothing changes; the result has the version of what is there. */
export function refused(status: Status, entry: Head | undefined): Outcome {
  return { effect: NO_EFFECT, result: plainResult(status, entry?.version ?? 0) };
}

/** A result that shows the entry that was there before, if there was one. */
export function previousResult(status: Status, version: number, entry: Entry | undefined): Result {
  if (entry === undefined) return plainResult(status, version);
  return valueResult(status, version, entry.value, entry.kind, entry.expiresAt);
}

/** A new value, answered with `answer` and what else the entry is now. */
export function written(
  key: string,
  value: Bytes,
  kind: ValueKind,
  expiresAt: number,
  moment: EvalContext,
  answer: string,
): Outcome {
  return {
    effect: newPutEffect(key, value, kind, expiresAt),
    result: valueResult(Status.ok, moment.seq, answer, kind, expiresAt),
  };
}
