/**
 * Who hangs is found, and nobody else is blamed. The master declares a node dead by itself only if it stood still though it had
 * something to do, for the hang limit, ten times that with a last copy, four times if it got no processor and the master could
 * know, and the master has looked often enough. A node that does so while the master looks on time is declared dead soon.
 */
import { type NodeId, nodeName } from '@quintet/engine/internal';
import type { Host } from '../observer.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

const NAME = 'hangs';
const LAST_COPY_PATIENCE = 10;
/** Time waited for a processor counts for a quarter. A little less of it is known than there was. */
const WAITS_AT_LEAST = 3.75;
const WAITS_AT_MOST = 4;
/** Ticks this part of the hang limit apart are looks. */
const LOOK_PART = 1 / 20;
/** Fewer looks than this prove nothing, however long they took. */
const LOOKS_MIN = 10;
/** With no two looks further apart than this part of the limit, the master is on time. */
const CALM_PART = 1 / 10;
/** Hang limits more than it must wait that a master that is on time may take. */
const TOLERANCE = 1 / 2;
/** Not a last copy any more: hang limits until that counts. */
const CHANGE_PART = 1 / 4;

export function hangs({ cluster, options }: World): Checker {
  const limit = options.master.hangLimitMs;
  const looks: number[] = [];
  const lastCopyAt = new Map<NodeId, number>();
  let lastTickAt = 0;
  let calmSince = 0;

  function holdsLastCopy(node: NodeId): boolean {
    return cluster.master.shards.some(({ chain }) => chain.length === 1 && chain[0] === node);
  }

  function checkBlame({ id, heart }: Host): void {
    const { now } = cluster;
    const since = heart.silentSince(now);
    check(since <= now, NAME, () => `${nodeName(id)} was declared dead, and runs or rests`);
    const patience = (holdsLastCopy(id) ? LAST_COPY_PATIENCE : 1) * (heart.isWaiting(now) ? WAITS_AT_LEAST : 1);
    const needed = limit * patience;
    check(now - since >= needed, NAME, () => `${nodeName(id)} was given ${now - since} ms of ${needed}`);
    const seen = looks.filter((at) => at > since).length;
    check(seen >= LOOKS_MIN, NAME, () => `${nodeName(id)} was declared dead after ${seen} looks`);
  }

  function checkFound({ id, heart }: Host): void {
    const { now } = cluster;
    if (holdsLastCopy(id)) lastCopyAt.set(id, now);
    const waitedMs = now - Math.max(heart.silentForThisSince(now), calmSince);
    const wasLast = now - (lastCopyAt.get(id) ?? Number.NEGATIVE_INFINITY) <= limit * CHANGE_PART;
    const patience = (wasLast ? LAST_COPY_PATIENCE : 1) * (heart.isWaiting(now) ? WAITS_AT_MOST : 1);
    const most = limit * (patience + TOLERANCE);
    check(waitedMs <= most, NAME, () => `${nodeName(id)} has stood still for ${waitedMs} ms, and nobody noticed`);
  }

  return {
    name: NAME,
    masterTicks() {
      if (cluster.now - lastTickAt > limit * CALM_PART) calmSince = cluster.now;
      lastTickAt = cluster.now;
      if (cluster.now - (looks.at(-1) ?? 0) >= limit * LOOK_PART) looks.push(cluster.now);
    },
    noted(note) {
      if (note.type !== 'node-down') return;
      const host = cluster.host(note.node)!;
      if (!host.declared) checkBlame(host);
    },
    masterTicked() {
      for (const host of cluster.hosts.values()) if (host.node !== null && !host.declared) checkFound(host);
    },
  };
}
