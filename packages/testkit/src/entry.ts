/**
 * Entry: what the search puts in order, an operation or the end of an entry's time.
 *
 * Owns      how records become entries; what expiry means in terms of entries.
 * Does not  arrange them (timeline.ts).
 * Vanishing A write with an expiry window brings a second entry, `vanish`, whose interval is the window: linearized
 *           within it, it removes the value if that write's expiry still rules it, else does nothing. Real-time order
 *           then says all there is to say about expiry.
 * Past      If the records follow an unknown past, what that past left may vanish at any time (PAST_EXPIRY), again and
 *           again. Writes of unknown outcome are then treated alike: that allows more than their windows do, and there
 *           may be hundreds of them, which would all have to be told apart.
 */

import { NO_EXPIRY, PAST_EXPIRY } from './models/register.ts';
import type { ExpiryWindow, Operation, OperationRecord, Result } from './operation.ts';
import { unreadAlike } from './unread-values.ts';

/** What the search linearizes. */
export interface Entry {
  readonly id: number;
  readonly call: number;
  /** Infinity for optional entries. */
  readonly return: number;
  readonly operation: Operation | { readonly kind: 'vanish' };
  /** Undefined for optional entries and `vanish`. */
  readonly result: Result | undefined;
  /** Names the expiry window this entry sets, or for `vanish` ends; NO_EXPIRY otherwise. */
  readonly tag: number;
  /** It may be linearized or not: its outcome is unknown, or it ends a time without a known end. */
  readonly optional: boolean;
  /** Going by its answer it changed nothing: a read, a refusal. */
  readonly readOnly: boolean;
  /** The other half of a pair write / vanish. */
  partner: Entry | null;
  /** Index of the lane, or of the queue if optional. */
  track: number;
  /** Position within it. */
  place: number;
  /** How many version-naming entries come before this one, whatever else; 0 if it names none. */
  versionedBefore: number;
  /** A mandatory entry that names a version; optional ones wait for such but are not waited for. */
  namesVersion: boolean;
}

/** What precedes the records, if they are not a history from its beginning. */
export interface UnknownPast {
  /** What the past left may vanish at any time. */
  readonly mayExpire: boolean;
  /** A number below the highest version the past named, and above all others. */
  readonly floor: number;
}

const ANY_TIME: ExpiryWindow = { notBefore: Number.NEGATIVE_INFINITY, notAfter: Number.POSITIVE_INFINITY };

/** The entries of one key's records; those that change nothing and tell nothing are left out. */
export function entriesOf(records: readonly OperationRecord[], past: UnknownPast | null): Entry[] {
  const simplify = unreadAlike(records);
  const entries = records.filter(matters).flatMap((record, index) => {
    const operation = simplify(record.operation);
    if (record.outcome.kind === 'ok') return boundedEntries(record, operation, index);
    const effect = withoutAnswer(operation);
    return past === null ? boundedEntries(record, effect, index) : [unboundedEntry(record, effect, index)];
  });
  return past?.mayExpire === true ? [...entries, endOfPast(records.length)] : entries;
}

function matters(record: OperationRecord): boolean {
  if (record.outcome.kind === 'not-applied') return false;
  return record.outcome.kind === 'ok' || record.operation.kind !== 'get';
}

/** What an operation does, leaving aside what it would have answered. */
function withoutAnswer(operation: Operation): Operation {
  if (operation.kind === 'getAndPut') return { ...operation, kind: 'put' };
  if (operation.kind === 'getAndExpire' && operation.expiry !== undefined) {
    return { kind: 'expire', expiry: operation.expiry };
  }
  return operation.kind === 'getAndDelete' ? { kind: 'delete' } : operation;
}

/** An operation and, if it sets an expiry, the vanishing in its window. */
function boundedEntries(record: OperationRecord, operation: Operation, index: number): Entry[] {
  const result = record.outcome.kind === 'ok' ? record.outcome.result : undefined;
  const expiry = 'expiry' in operation && result?.applied !== false ? operation.expiry : undefined;
  const tag = expiry === undefined ? NO_EXPIRY : index;
  const write = newEntry({
    id: 2 * index,
    call: record.invokedAt,
    return: record.returnedAt,
    operation,
    result,
    tag,
    readOnly: isReadOnly(operation, result),
  });
  if (expiry === undefined) return [write];
  const vanish = newEntry({
    id: 2 * index + 1,
    call: expiry.notBefore,
    return: expiry.notAfter,
    operation: { kind: 'vanish' },
    tag,
  });
  write.partner = vanish;
  vanish.partner = write;
  return [write, vanish];
}

function isReadOnly({ kind }: Operation, result: Result | undefined): boolean {
  const isOfNothing = (kind === 'getAndDelete' || kind === 'getAndExpire') && result?.value === null;
  return kind === 'get' || result?.applied === false || isOfNothing;
}

/** An operation whose expiry, if it sets one, is lumped together with that of the past. */
function unboundedEntry(record: OperationRecord, operation: Operation, index: number): Entry {
  const base = { id: 2 * index, call: record.invokedAt, return: Number.POSITIVE_INFINITY };
  if (!('expiry' in operation)) return newEntry({ ...base, operation, tag: NO_EXPIRY });
  return newEntry({ ...base, operation: { ...operation, expiry: ANY_TIME }, tag: PAST_EXPIRY });
}

function endOfPast(index: number): Entry {
  const { notBefore, notAfter } = ANY_TIME;
  return newEntry({
    id: 2 * index,
    call: notBefore,
    return: notAfter,
    operation: { kind: 'vanish' },
    tag: PAST_EXPIRY,
  });
}

function newEntry(known: Pick<Entry, 'id' | 'call' | 'return' | 'operation' | 'tag'> & Partial<Entry>): Entry {
  return {
    result: undefined,
    optional: known.return === Number.POSITIVE_INFINITY,
    readOnly: false,
    partner: null,
    track: 0,
    place: 0,
    versionedBefore: 0,
    namesVersion: false,
    ...known,
  };
}
