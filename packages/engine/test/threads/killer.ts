/**
 * Killer: kills one node after the other, each as soon as all copies are back: a kill more would be a loss to be expected.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../../src/index.ts';

export interface Kills {
  /** Least time between two kills, ms. */
  readonly everyMs: number;
  readonly until: (kills: number) => boolean;
}

/** Resolves with the number of kills once `until` says so and all copies are back. */
export async function killOneByOne(cluster: Cluster, { everyMs, until }: Kills): Promise<number> {
  const seats = cluster.status().nodes.length;
  let kills = 0;
  while (!until(kills)) {
    await Promise.all([delay(everyMs), cluster.settled()]);
    cluster.chaos.kill(`n${1 + ((kills * 2 + Math.floor(kills / seats)) % seats)}`);
    kills++;
  }
  await cluster.settled();
  return kills;
}
