/**
 * Failing: what is done with a seed that failed: recorded again, shrunk, written out as a log that can be replayed.
 */

import type { Event } from './event.ts';
import { formatLog } from './event-log.ts';
import { drawOptions, type Options } from './options.ts';
import { bugNamed, withBug } from './planted/index.ts';
import { type Failure, type Recording, replay, runSeed } from './run.ts';
import { type ShrinkLimits, shrink } from './shrink.ts';

export interface FailingRun {
  readonly seed: string;
  readonly failure: Failure;
  readonly eventsBefore: number;
  readonly events: readonly Event[];
  /** The text of its log. */
  readonly log: string;
}

export interface FailingOptions extends ShrinkLimits {
  readonly commit: string;
  readonly planted: string | null;
}

/** Runs a seed with the bug named, if any. */
export function runSeedWith(seed: string, planted: string | null): Recording {
  return withBug(planted === null ? null : bugNamed(planted), () => runSeed(seed));
}

/** Replays events with the bug named, if any. */
export function replayWith(options: Options, events: readonly Event[], planted: string | null): Recording {
  return withBug(planted === null ? null : bugNamed(planted), () => replay(options, events));
}

/** Null if the seed does not fail. */
export function investigate(seed: string, { commit, planted, trials, ms }: FailingOptions): FailingRun | null {
  const options = drawOptions(seed);
  const { report, events } = runSeedWith(seed, planted);
  const { failure } = report;
  if (failure === null) return null;
  const stillFails = (candidate: readonly Event[]): boolean => {
    return replayWith(options, candidate, planted).report.failure?.checker === failure.checker;
  };
  const kept = stillFails(events) ? shrink(events, stillFails, { trials, ms }) : events;
  const last = replayWith(options, kept, planted).report.failure ?? failure;
  const log = formatLog({ commit, seed, planted, failure: last, options }, kept);
  return { seed, failure: last, eventsBefore: events.length, events: kept, log };
}
