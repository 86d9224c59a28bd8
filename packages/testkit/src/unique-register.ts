/**
 * The fast path: registers on which every written value is unique decide in O(n log n).
 *
 * Owns      the test whether a key's history is of that kind, and the two decisions:
 *           without versions, the zones of Gibbons & Korach ("Testing Shared Memories", 1997);
 *           with versions, the order the versions force.
 * Does not  search. Returns null for what it does not cover: conditions, expiry, deletes that had or may have had an
 *           effect, read-modify-writes, repeated values, versions on some clusters only.
 * Clusters  A write and the reads of its value, which in any legal order stand together. Reads of "absent" belong to the
 *           initial cluster, written before all time. Cluster A must precede B if an operation of A returned before one
 *           of B was invoked: A.firstReturn < B.lastInvocation.
 * Unknown   A read is dropped. A write whose value nobody saw is dropped (it may never have happened); one that was seen
 *           happened, and may return at any time.
 */

import type { OperationRecord } from './operation.ts';

/** The decision; a violation names the few records that contradict each other. */
export type RegisterDecision =
  | { readonly verdict: 'ok' }
  | { readonly verdict: 'violation'; readonly reason: string; readonly culprits: readonly OperationRecord[] };

interface Cluster {
  /** Null for the initial cluster. */
  readonly write: OperationRecord | null;
  version: number | undefined;
  /** The record that named the version. */
  versionSource: OperationRecord | null;
  isRead: boolean;
  /** The record that returned first, and the one invoked last. Null only in the initial cluster. */
  firstReturn: OperationRecord | null;
  lastInvocation: OperationRecord | null;
}

const OK: RegisterDecision = { verdict: 'ok' };

/** Decides one key's records, or returns null if they are not of the kind. */
export function checkUniqueRegister(records: readonly OperationRecord[]): RegisterDecision | null {
  const clusters = clustersByWrite(records);
  if (clusters === null) return null;
  const initial = clusters.get(null) as Cluster;
  for (const record of records) {
    const trouble = attachRead(clusters, record);
    if (trouble !== OK) return trouble;
  }
  const alive = [...clusters.values()].filter(
    (cluster) => cluster !== initial && (cluster.isRead || cluster.write?.outcome.kind === 'ok'),
  );
  const versioned = alive.filter((cluster) => cluster.version !== undefined).length;
  if (versioned === 0) return checkZones(initial.isRead ? [initial, ...alive] : alive);
  return versioned === alive.length ? checkVersionOrder(initial, alive) : null;
}

function clustersByWrite(records: readonly OperationRecord[]): Map<string | null, Cluster> | null {
  const initial = newCluster(null);
  const clusters = new Map<string | null, Cluster>([[null, initial]]);
  for (const record of records) {
    const { operation, outcome } = record;
    if (outcome.kind === 'not-applied' || isRead(record)) continue;
    if (operation.kind !== 'put' || !isPlain(record) || clusters.has(operation.value)) return null;
    clusters.set(operation.value, newCluster(record));
  }
  return clusters;
}

function newCluster(write: OperationRecord | null): Cluster {
  const version = write?.outcome.kind === 'ok' ? (write.outcome.result.version ?? undefined) : undefined;
  const versionSource = version === undefined ? null : write;
  return { write, version, versionSource, isRead: false, firstReturn: write, lastInvocation: write };
}

/** A put without strings attached, that took effect or may have. */
function isPlain({ operation, outcome }: OperationRecord): boolean {
  if (operation.kind !== 'put' || (outcome.kind === 'ok' && outcome.result.applied !== true)) return false;
  const { ifAbsent, ifPresent, ifVersion, expiry } = operation;
  return !ifAbsent && !ifPresent && ifVersion === undefined && expiry === undefined;
}

/** A get, or a delete that found nothing: that is a read of "absent". */
function isRead({ operation, outcome }: OperationRecord): boolean {
  if (operation.kind === 'get') return true;
  if (operation.kind !== 'delete' || outcome.kind !== 'ok') return false;
  if (operation.ifVersion !== undefined || operation.ifValue !== undefined) return false;
  return outcome.result.applied === false;
}

/** Puts a read into its cluster; null: not of the kind after all. */
function attachRead(clusters: Map<string | null, Cluster>, record: OperationRecord): RegisterDecision | null {
  if (record.outcome.kind !== 'ok' || !isRead(record)) return OK;
  const { value, version } = record.outcome.result;
  const cluster = clusters.get(value ?? null);
  if (cluster === undefined) return violation('a value that nobody wrote was read', [record]);
  const { write } = cluster;
  if (write === null && typeof version === 'number') return null;
  if (write !== null && record.returnedAt < write.invokedAt) {
    return violation('a value was read before it was written', [record, write]);
  }
  if (version === null && write !== null) return null;
  if (typeof version === 'number') {
    if (cluster.version !== undefined && cluster.version !== version) {
      return violation('one write was seen with two versions', [...membersOf(cluster), record]);
    }
    cluster.version = version;
    cluster.versionSource ??= record;
  }
  noteRead(cluster, record);
  return OK;
}

function noteRead(cluster: Cluster, record: OperationRecord): void {
  cluster.isRead = true;
  const { firstReturn, lastInvocation } = cluster;
  if (firstReturn === null || record.returnedAt < firstReturn.returnedAt) cluster.firstReturn = record;
  if (lastInvocation === null || record.invokedAt > lastInvocation.invokedAt) cluster.lastInvocation = record;
}

/** The initial cluster was written, and that write returned, before all time. */
function firstReturn(cluster: Cluster): number {
  return cluster.write === null ? Number.NEGATIVE_INFINITY : (cluster.firstReturn as OperationRecord).returnedAt;
}

function lastInvocation(cluster: Cluster): number {
  return cluster.lastInvocation?.invokedAt ?? Number.NEGATIVE_INFINITY;
}

/**
 * A cluster with firstReturn < lastInvocation fills the time between (a forward zone): no other may fill any of it, nor
 * live (its zone read backward) wholly within it. If no two clusters clash so, some order of all clusters is legal.
 */
function checkZones(clusters: readonly Cluster[]): RegisterDecision {
  const forward = clusters.filter((cluster) => firstReturn(cluster) < lastInvocation(cluster));
  forward.sort((a, b) => firstReturn(a) - firstReturn(b));
  for (const [position, cluster] of forward.entries()) {
    const next = forward[position + 1];
    if (next !== undefined && firstReturn(next) < lastInvocation(cluster)) return clash(cluster, next);
  }
  for (const cluster of clusters) {
    if (firstReturn(cluster) < lastInvocation(cluster)) continue;
    const around = lastBefore(forward, lastInvocation(cluster));
    if (around !== undefined && firstReturn(cluster) < lastInvocation(around)) return clash(around, cluster);
  }
  return OK;
}

/** The last forward zone that begins before a position. */
function lastBefore(forward: readonly Cluster[], position: number): Cluster | undefined {
  let low = 0;
  let high = forward.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (firstReturn(forward[middle] as Cluster) < position) low = middle + 1;
    else high = middle;
  }
  return forward[low - 1];
}

/** Versions give the order of all clusters: legal exactly if none must precede, by real time, one of smaller version. */
function checkVersionOrder(initial: Cluster, clusters: Cluster[]): RegisterDecision {
  clusters.sort((a, b) => (a.version as number) - (b.version as number));
  let latest = initial;
  let previous: Cluster = initial;
  for (const cluster of clusters) {
    if (cluster.version === previous.version) {
      return violation('two writes were given one version', [...membersOf(previous), ...membersOf(cluster)]);
    }
    if (firstReturn(cluster) < lastInvocation(latest)) return clash(latest, cluster);
    if (lastInvocation(cluster) > lastInvocation(latest)) latest = cluster;
    previous = cluster;
  }
  return OK;
}

function clash(first: Cluster, second: Cluster): RegisterDecision {
  const reason = `each of two writes must come before the other: ${nameOf(first)} and ${nameOf(second)}`;
  return violation(reason, [...membersOf(first), ...membersOf(second)]);
}

function nameOf({ write }: Cluster): string {
  return write?.operation.kind === 'put' ? JSON.stringify(write.operation.value) : 'the initial absence';
}

function membersOf({ write, versionSource, firstReturn, lastInvocation }: Cluster): OperationRecord[] {
  return [write, versionSource, firstReturn, lastInvocation].filter((record) => record !== null);
}

function violation(reason: string, culprits: readonly OperationRecord[]): RegisterDecision {
  return { verdict: 'violation', reason, culprits: [...new Set(culprits)] };
}
