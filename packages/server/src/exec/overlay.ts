/**
 * PlannedEntries: entries as they will be in the midst of a MULTI: as they were read, and changed by the commands before. A
 * plan (RENAME, BITOP …) decides by it.
 *
 * Owns      what was read of the keys that plans ask for, at one moment.
 * Why exact Steps are evaluated by the engine's own code, and what was read is a condition of the transaction: so what
 *           stands here is what the engine will have, or nothing is done. Relative deadlines are made absolute for that,
 *           which is also why, as in Redis, time stands still within a MULTI.
 */
import {
  type Condition,
  type Entry,
  NO_TTL,
  Overlay,
  type Plan,
  type Result,
  readerOf,
  readKey,
  Status,
  type Step,
  unchanged,
} from '@quintet/engine/internal';

/** The version of what a step before has written: none that a client could name. */
const VERSION_TO_COME = Number.MAX_SAFE_INTEGER;

export class PlannedEntries {
  private readonly read = new Map<string, Result>();
  private readonly overlay = new Overlay(readerOf((key) => entryOf(this.read.get(key)!)));
  private readonly time: number;
  private readonly maxValueBytes: number;

  /** `results`: the entries of `keys` in full; `time` is master time. */
  constructor(keys: readonly string[], results: readonly Result[], time: number, maxValueBytes: number) {
    this.time = time;
    this.maxValueBytes = maxValueBytes;
    for (const [index, key] of keys.entries()) this.read.set(key, results[index]!);
  }

  /** What was read, to be held against what is there when it is written. */
  unchanged(): Condition[] {
    return Array.from(this.read, ([key, { version }]) => unchanged(key, version));
  }

  /** The entries a plan asks for, as GET (or stat) would answer. */
  entriesOf({ keys, needsValues }: Plan<unknown>): Result[] {
    const verb = needsValues ? 'get' : 'stat';
    return keys.map((key) => readKey({ verb, key }, this.overlay, this.time));
  }

  /** Bytes of the values a plan asks for. */
  bytesOf({ keys }: Plan<unknown>): number {
    let bytes = 0;
    for (const key of keys) bytes += this.overlay.head(key)?.valueBytes ?? 0;
    return bytes;
  }

  /** Takes a step into account; the step as it is to be sent. */
  apply(step: Step): Step {
    const fixed = withFixedDeadline(step, this.time);
    const moment = { time: this.time, seq: VERSION_TO_COME, maxValueBytes: this.maxValueBytes };
    // Of other keys nobody asks.
    if (this.read.has(step.key)) this.overlay.evaluate(fixed, moment);
    return fixed;
  }
}

function entryOf({ status, value, kind, version, expiresAt }: Result): Entry | undefined {
  return status === Status.ok ? { value: value!, kind, version, expiresAt } : undefined;
}

function withFixedDeadline(step: Step, time: number): Step {
  if (!('ttl' in step) || step.ttl === undefined || step.ttl <= 0) return step;
  return { ...step, ttl: NO_TTL, deadline: Math.ceil(time + step.ttl) };
}
