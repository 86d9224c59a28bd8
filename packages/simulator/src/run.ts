/**
 * Run: one seed from options to verdict; and the same again from a recorded log.
 *
 * Owns      the two phases (faults on: nothing bad happens; healed: something good happens), sampling, the report.
 * Does not  choose or judge: Scheduler and CHECKERS do.
 */
import { CHECKERS } from './checkers/index.ts';
import { VirtualCluster } from './cluster.ts';
import type { Event } from './event.ts';
import { heal } from './heal.ts';
import { drawOptions, type Options } from './options.ts';
import { Oracle } from './oracle/oracle.ts';
import { isWithinPromise, mayStandStill } from './promise.ts';
import { Scheduler } from './scheduler.ts';
import { Violation } from './violation.ts';

export interface Failure {
  /** The property that was violated: a checker's name, `assertion` (the core's own) or `crash`. */
  readonly checker: string;
  readonly text: string;
}

export interface Report {
  readonly seed: string;
  readonly traceHash: string;
  readonly failure: Failure | null;
  readonly figures: Figures;
}

export interface Figures {
  readonly events: number;
  readonly messages: number;
  readonly calls: number;
  readonly deaths: number;
  readonly joins: number;
  readonly losses: number;
  readonly simulatedMs: number;
  /** Rounds without faults until all was well. */
  readonly healRounds: number;
}

/** The same without what healing adds: what a log holds. */
export interface Recording {
  readonly report: Report;
  readonly events: readonly Event[];
}

/** Every so many events checkers take a sample. */
const SAMPLE_EVENTS = 64;

/** Runs a seed. */
export function runSeed(seed: string, options: Options = drawOptions(seed)): Recording {
  return run(options, (cluster) => {
    const scheduler = new Scheduler(cluster);
    return () => scheduler.next();
  });
}

/** Feeds recorded events back; those that no longer apply are skipped. */
export function replay(options: Options, events: readonly Event[]): Recording {
  return run(options, (cluster) => {
    let at = 0;
    const next = (): Event | null => {
      const event = events[at++] ?? null;
      return event !== null && isTooMuch(cluster, event) ? next() : event;
    };
    return next;
  });
}

/** With events left out before it, a death or a hang may go beyond what is promised: then it would prove nothing. */
function isTooMuch(cluster: VirtualCluster, event: Event): boolean {
  if (cluster.options.beyond) return false;
  if (event.type === 'hang' && (event.why === 'hung' || event.ms === null))
    return !mayStandStill(cluster, event.node, event.ms ?? Number.POSITIVE_INFINITY);
  if (event.type !== 'stop' && event.type !== 'declare') return false;
  const host = cluster.host(event.node);
  const isNews = host !== undefined && host.stage === 'up' && !host.declared;
  return isNews && !isWithinPromise(cluster, event.node);
}

function run(options: Options, source: (cluster: VirtualCluster) => () => Event | null): Recording {
  const truth = new Oracle(options);
  const cluster = new VirtualCluster(options, truth);
  const begun = cluster.now;
  truth.attach(cluster, CHECKERS);
  const events: Event[] = [];
  let healRounds = 0;
  const failure = failureOf(() => {
    cluster.start();
    const next = source(cluster);
    for (let event = next(); event !== null; event = next()) {
      events.push(event);
      cluster.apply(event);
      if (events.length % SAMPLE_EVENTS === 0) truth.sample();
    }
    healRounds = heal(cluster);
    truth.finish();
  });
  const figures = { ...figuresOf(cluster, begun), events: events.length, healRounds };
  return { report: { seed: options.seed, traceHash: cluster.trace.hash, failure, figures }, events };
}

function failureOf(act: () => void): Failure | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof Violation) return { checker: error.checker, text: error.message };
    if (error instanceof Error && error.name === 'InvariantViolation')
      return { checker: 'assertion', text: error.message };
    throw error;
  }
}

function figuresOf(cluster: VirtualCluster, begun: number): Omit<Figures, 'events' | 'healRounds'> {
  const count = (type: string): number => cluster.notes.filter((note) => note.type === type).length;
  return {
    messages: cluster.delivered,
    calls: cluster.calls.length,
    deaths: count('node-down'),
    joins: count('learner-joined'),
    losses: count('shard-lost'),
    simulatedMs: cluster.now - begun,
  };
}
