/**
 * Timeline: one key's entries laid out for the search.
 *
 * Owns      lanes of mandatory entries, queues of optional ones, the place a known version forces.
 * Does not  make entries (entry.ts) or search (search.ts).
 * Lanes     Mandatory entries (outcome known) are dealt to lanes so that those of one lane never overlap. Real-time
 *           order then forces the order within a lane, so a set of linearized entries is just one cursor per lane:
 *           eight clients make eight small numbers, where a bitset over a 10,000-operation history takes 1.25 kB.
 * Queues    Optional entries (unknown outcome) never return. Those that do the same thing are interchangeable, and the
 *           one invoked first can do whatever a later one can: so each kind is a queue, used from the front.
 * Forced    Versions only grow. So an entry that names version v comes after every entry that names a smaller one:
 *           it must wait until `versionedBefore` version-naming entries are done.
 */

import { type Entry, entriesOf, type UnknownPast } from './entry.ts';
import { NO_EXPIRY, PAST_EXPIRY } from './models/register.ts';
import type { OperationRecord } from './operation.ts';

/** Interchangeable optional entries, in order of invocation. */
export interface Queue {
  readonly entries: Entry[];
  /** The version these can only take effect on, if they are conditional on one. */
  readonly expects: number | undefined;
  /** False if whether they took effect matters later, when they cannot any more: they have an expiry window. */
  readonly forgettable: boolean;
  /** Its one entry may be used again and again. */
  readonly endless: boolean;
}

/** One key's records, laid out. */
export interface Timeline {
  readonly lanes: readonly (readonly Entry[])[];
  readonly queues: readonly Queue[];
  readonly mandatoryCount: number;
}

/** Lays out the records of one key, which begin its history or follow an unknown past. */
export function layOut(records: readonly OperationRecord[], past: UnknownPast | null): Timeline {
  const entries = entriesOf(records, past);
  entries.sort((a, b) => a.call - b.call);
  const mandatory = entries.filter((entry) => !entry.optional);
  forceVersions(entries);
  return { lanes: dealLanes(mandatory), queues: queueUp(entries), mandatoryCount: mandatory.length };
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
    const isBounded = tag !== NO_EXPIRY && tag !== PAST_EXPIRY;
    const name = JSON.stringify(isBounded ? [operation.kind, tag] : operation);
    let queue = queues.get(name);
    if (queue === undefined) {
      const expects = 'ifVersion' in operation ? operation.ifVersion : undefined;
      const endless = tag === PAST_EXPIRY && operation.kind === 'vanish';
      queue = { entries: [], expects, forgettable: !isBounded, endless };
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
