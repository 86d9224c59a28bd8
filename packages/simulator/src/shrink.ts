/**
 * Shrink: fewer events that still break the same property.
 *
 * Owns      the search: drop runs of events, long ones first, down to single ones, again and again while it helps
 *           (Zeller & Hildebrandt's ddmin, complement part).
 * Does not  know what events mean: one that no longer applies is skipped by the replay.
 */
import type { Event } from './event.ts';

export interface ShrinkLimits {
  /** Replays tried. */
  readonly trials: number;
  readonly ms: number;
}

export function shrink(
  events: readonly Event[],
  stillFails: (events: readonly Event[]) => boolean,
  { trials, ms }: ShrinkLimits,
): readonly Event[] {
  const deadline = performance.now() + ms;
  let left = trials;
  let kept = events;
  const attempt = (candidate: readonly Event[]): boolean => {
    if (left <= 0 || performance.now() > deadline) return false;
    left -= 1;
    return stillFails(candidate);
  };
  for (let size = Math.ceil(kept.length / 2); size >= 1 && left > 0; ) {
    const before = kept.length;
    for (let at = kept.length - size; at > -size; at -= size) {
      const from = Math.max(0, at);
      const candidate = [...kept.slice(0, from), ...kept.slice(at + size)];
      if (candidate.length < kept.length && attempt(candidate)) kept = candidate;
    }
    if (size === 1 && kept.length === before) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  return kept;
}
