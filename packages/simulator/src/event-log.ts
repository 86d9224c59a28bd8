/**
 * EventLog: a failed run on disk, as JSON lines: one header, then one line an event. What `--replay` feeds back.
 *
 * Owns      the format.
 * Does not  depend on the generator: options are written out, events are concrete, so a log outlives any change of how
 *           runs are drawn (not of the core's operations or settings).
 */
import type { Event } from './event.ts';
import type { Options } from './options.ts';
import type { Failure } from './run.ts';

export interface LogHeader {
  readonly commit: string;
  readonly seed: string;
  /** Name of the bug that was planted; null = none. */
  readonly planted: string | null;
  readonly failure: Failure | null;
  readonly options: Options;
}

export function formatLog(header: LogHeader, events: readonly Event[]): string {
  return [header, ...events].map((line) => `${JSON.stringify(line)}\n`).join('');
}

export function parseLog(text: string): { header: LogHeader; events: Event[] } {
  const [header, ...events] = text.split('\n').filter((line) => line !== '');
  if (header === undefined) throw new TypeError('an empty log: its first line is the header');
  return { header: JSON.parse(header) as LogHeader, events: events.map((line) => JSON.parse(line) as Event) };
}
