/**
 * Stalls: how long callers had to wait because of faults.
 *
 * Owns      the measure: of each fault, the longest time a call was under way that touched a shard the node held, at any
 *           time from the node being hurt until that shard was whole again (for `slow`: until it was let go).
 * Whose     Faults overlap. A call that mostly waited while some node was hurt and not yet known to be dead (a hang) waited
 *           for that one, and not for the node that was killed meanwhile in the same shard.
 * Does not  subtract anything: a busy machine or a pause for garbage collection counts as the engine's fault.
 */

import type { Fault, FaultKind } from '@quintet/testkit';
import type { PackedLog } from './call-log.ts';
import { everyCall, nameOf } from './proof.ts';

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Calls shorter than this are no stall, and most are: they are not looked at twice. */
const STALL_NS = 2e6;

export interface StallParts {
  readonly faults: readonly Fault[];
  readonly logs: readonly PackedLog[];
  readonly shardOf: (key: string) => number;
  readonly endedAt: number;
}

interface Wait {
  readonly from: number;
  readonly to: number;
}

/** Milliseconds of the longest wait around each fault, in the order of the faults. */
export function stallsOf({ faults, logs, shardOf, endedAt }: StallParts): number[] {
  const waits = new Map<number, Wait[]>();
  for (const call of everyCall(logs)) {
    if (call.returnedAt - call.invokedAt < STALL_NS) continue;
    const shard = shardOf(nameOf(call));
    const list = waits.get(shard) ?? [];
    list.push({ from: call.invokedAt, to: Math.min(call.returnedAt, endedAt) });
    waits.set(shard, list);
  }
  return faults.map((fault) => {
    let longest = 0;
    for (const shard of fault.touched) {
      const others = faults.filter((other) => other !== fault && other.touched.has(shard));
      for (const wait of waits.get(shard) ?? []) {
        if (!touches(fault, shard, wait, endedAt)) continue;
        if (!isUnnoticed(fault, wait) && others.some((other) => isUnnoticed(other, wait))) continue;
        longest = Math.max(longest, wait.to - wait.from);
      }
    }
    return longest / 1e6;
  });
}

function touches({ at, held, downAt, restoredAt }: Fault, shard: number, { from, to }: Wait, endedAt: number): boolean {
  const over = held.get(shard) ?? (held.has(shard) ? null : downAt) ?? restoredAt ?? endedAt;
  return from < over && at < to;
}

/** Whether most of a wait fell into the time in which the node was hurt and nobody knew. */
function isUnnoticed({ at, downAt }: Fault, { from, to }: Wait): boolean {
  return downAt !== null && Math.min(to, downAt) - Math.max(from, at) > (to - from) / 2;
}

export function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** The figures of each kind of fault. */
export function byKind<T>(faults: readonly Fault[], values: readonly T[]): Map<FaultKind, T[]> {
  const kinds = new Map<FaultKind, T[]>();
  faults.forEach(({ kind }, index) => {
    const list = kinds.get(kind) ?? [];
    list.push(values[index]!);
    kinds.set(kind, list);
  });
  return kinds;
}

export function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
