/**
 * Timeline: one key's records laid out for the search.
 *
 * Owns      lanes of mandatory entries, queues of optional ones, the place a known version forces.
 * Does not  search (search.ts).
 * Lanes     Mandatory entries (outcome known) are dealt to lanes so that those of one lane never overlap. Real-time
 *           order then forces the order within a lane, so a set of linearized entries is just one cursor per lane:
 *           eight clients make eight small numbers, where a bitset over a 10,000-operation history takes 1.25 kB.
 * Queues    Optional entries (unknown outcome) never return. Those that do the same thing are interchangeable, and the
 *           one invoked first can do whatever a later one can: so each kind is a queue, used from the front.
 * Vanishing A write with an expiry window brings a second entry, `vanish`, whose interval is the window: linearized
 *           within it, it removes the entry if that write's expiry still rules it, else does nothing. Real-time order
 *           then says all there is to say about expiry.
 * Forced    Versions only grow. So an entry that names version v comes after every entry that names a smaller one:
 *           it must wait until `versionedBefore` version-naming entries are done.
 */

import { NO_EXPIRY } from './models/register.ts';
import type { Operation, OperationRecord, Result } from './operation.ts';
import { unreadAlike } from './unread-values.ts';

/** What the search linearizes: an operation, or the end of an entry's time. */
export interface Entry {
  readonly id: number;
  readonly call: number;
  /** Infinity for optional entries. */
  readonly return: number;
  /** The record this entry comes from; for `vanish`, the write whose window it is. */
  readonly record: OperationRecord;
  readonly operation: Operation | { readonly kind: 'vanish' };
  /** Undefined for optional entries and `vanish`. */
  readonly result: Result | undefined;
  /** Names the expiry window this entry sets, or for `vanish` ends; NO_EXPIRY otherwise. */
  readonly tag: number;
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

/** Interchangeable optional entries, in order of invocation. */
export interface Queue {
  readonly entries: Entry[];
  /** The version these can only take effect on, if they are conditional on one. */
  readonly expects: number | undefined;
  /** False if whether they took effect matters later, when they cannot any more: they have an expiry window. */
  readonly forgettable: boolean;
}

/** One key's records, laid out. */
export interface Timeline {
  readonly lanes: readonly (readonly Entry[])[];
  readonly queues: readonly Queue[];
  readonly mandatoryCount: number;
}

/** Lays out the records of one key; those without effect on any answer (`not-applied`, unknown reads) are left out. */
export function layOut(records: readonly OperationRecord[]): Timeline {
  const simplify = unreadAlike(records);
  const entries = records.filter(matters).flatMap((record, index) => entriesOf(record, index, simplify));
  entries.sort((a, b) => a.call - b.call);
  const mandatory = entries.filter((entry) => !entry.optional);
  forceVersions(entries);
  const lanes = dealLanes(mandatory);
  return { lanes, queues: queueUp(entries), mandatoryCount: mandatory.length };
}

function matters(record: OperationRecord): boolean {
  if (record.outcome.kind === 'not-applied') return false;
  return record.outcome.kind === 'ok' || record.operation.kind !== 'get';
}

function entriesOf(record: OperationRecord, index: number, simplify: (operation: Operation) => Operation): Entry[] {
  const { outcome } = record;
  const operation = outcome.kind === 'ok' ? simplify(record.operation) : bare(simplify(record.operation));
  const result = outcome.kind === 'ok' ? outcome.result : undefined;
  const expiry = 'expiry' in operation && result?.applied !== false ? operation.expiry : undefined;
  const blank = { record, partner: null, track: 0, place: 0, versionedBefore: 0, namesVersion: false };
  const write: Entry = {
    ...blank,
    id: 2 * index,
    call: record.invokedAt,
    return: record.returnedAt,
    operation,
    result,
    tag: expiry === undefined ? NO_EXPIRY : index,
    optional: outcome.kind !== 'ok',
    readOnly: isReadOnly(operation, result),
  };
  if (expiry === undefined) return [write];
  const vanish: Entry = {
    ...blank,
    id: 2 * index + 1,
    call: expiry.notBefore,
    return: expiry.notAfter,
    operation: { kind: 'vanish' },
    result: undefined,
    tag: index,
    optional: expiry.notAfter === Number.POSITIVE_INFINITY,
    readOnly: false,
    partner: write,
  };
  write.partner = vanish;
  return [write, vanish];
}

/** What an operation does, leaving aside what it would have answered. */
function bare(operation: Operation): Operation {
  if (operation.kind === 'getAndPut') return { ...operation, kind: 'put' };
  return operation.kind === 'getAndDelete' ? { kind: 'delete' } : operation;
}

function isReadOnly({ kind }: Operation, result: Result | undefined): boolean {
  return kind === 'get' || result?.applied === false || (kind === 'getAndDelete' && result?.value === null);
}

/**
 * What an entry says about versions, as a sort key: it writes or sees version `at`, or (`last`) it is a conditional
 * write that replaces version `at` by one nobody reported, and so comes after all others that see `at`.
 */
function versionNamed({ operation, result, optional }: Entry): { at: number; last: boolean } | null {
  if (typeof result?.version === 'number') return { at: result.version, last: false };
  if (!('ifVersion' in operation) || operation.ifVersion === undefined) return null;
  return optional || result?.applied === true ? { at: operation.ifVersion, last: true } : null;
}

function forceVersions(entries: readonly Entry[]): void {
  const naming = entries.flatMap((entry) => {
    const named = versionNamed(entry);
    return named === null ? [] : [{ entry, ...named }];
  });
  naming.sort((a, b) => a.at - b.at || Number(a.last) - Number(b.last));
  let smaller = 0;
  let mandatory = 0;
  naming.forEach(({ entry, at, last }, position) => {
    const previous = naming[position - 1];
    if (previous !== undefined && (previous.at !== at || previous.last !== last)) smaller = mandatory;
    entry.versionedBefore = smaller;
    entry.namesVersion = !entry.optional;
    if (!entry.optional) mandatory++;
  });
}

function dealLanes(mandatory: readonly Entry[]): Entry[][] {
  const lanes: Entry[][] = [];
  for (const entry of mandatory) {
    let track = lanes.findIndex((lane) => (lane.at(-1) as Entry).return < entry.call);
    if (track === -1) track = lanes.push([]) - 1;
    const lane = lanes[track] as Entry[];
    entry.track = track;
    entry.place = lane.push(entry) - 1;
  }
  return lanes;
}

function queueUp(entries: readonly Entry[]): Queue[] {
  const queues = new Map<string, Queue>();
  for (const entry of entries) {
    if (!entry.optional) continue;
    const { operation, tag } = entry;
    const name = JSON.stringify(tag === NO_EXPIRY ? operation : [operation.kind, tag]);
    let queue = queues.get(name);
    if (queue === undefined) {
      const expects = 'ifVersion' in operation ? operation.ifVersion : undefined;
      queue = { entries: [], expects, forgettable: tag === NO_EXPIRY };
      queues.set(name, queue);
    }
    entry.place = queue.entries.push(entry) - 1;
  }
  const all = [...queues.values()];
  all.forEach((queue, track) => {
    for (const entry of queue.entries) entry.track = track;
  });
  return all;
}
