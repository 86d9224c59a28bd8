/**
 * The node's memory limit: a soft and a hard one. Below the soft limit writes are accepted; at it they are refused or evict
 * first. The room between the two is for records in flight: a replica applies whatever its primary decided, and may
 * pass the soft limit by at most what its chain has credit for.
 */
import type { NodeContext } from '../context.ts';

/** The part of maxMemory kept free for records in flight: 1/16. */
export function softLimit(maxMemoryBytes: number): number {
  return maxMemoryBytes - Math.floor(maxMemoryBytes / 16);
}

/** Bytes held above the soft limit. */
export function excessOf(context: NodeContext): number {
  return Math.max(0, context.budget.reserved - softLimit(context.settings.maxMemoryBytes));
}

/** Whether the node would be at its soft limit with `growth` bytes more. */
export function atSoftLimit(context: NodeContext, growth: number): boolean {
  const limit = context.settings.maxMemoryBytes;
  return limit > 0 && context.budget.reserved + growth > softLimit(limit);
}

export function overHardLimit(context: NodeContext, growth: number): boolean {
  const limit = context.settings.maxMemoryBytes;
  return limit > 0 && context.budget.reserved + growth > limit;
}
