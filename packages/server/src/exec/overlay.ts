/**
 * Overlay: entries as they will be in the midst of a MULTI: as they were read, and changed by the commands before. A plan
 * (RENAME, BITOP …) decides by it.
 *
 * Owns      the entries of the keys that plans ask for, at one moment.
 * Why exact Steps are evaluated by the engine's own code, and what was read is a condition of the transaction: so what
 *           stands here is what the engine will have, or nothing is done. Relative deadlines are made absolute for that,
 *           which is also why, as in Redis, time stands still within a MULTI.
 */
import {
  type Entry,
  evaluateTransaction,
  NO_TTL,
  plainResult,
  type Result,
  readerOf,
  Status,
  type Step,
  textOf,
  valueResult,
} from '@quintet/engine/internal';
import type { Plan } from './plan.ts';
import { transactionOf } from './steps.ts';

/** The version of what a step before has written: none that a client could name. */
const VERSION_TO_COME = Number.MAX_SAFE_INTEGER;

export class Overlay {
  private readonly read = new Map<string, Result>();
  private readonly entries = new Map<string, Entry | undefined>();
  private readonly time: number;
  private readonly maxValueBytes: number;

  /** `results`: the entries of `keys` in full; `time` is master time. */
  constructor(keys: readonly string[], results: readonly Result[], time: number, maxValueBytes: number) {
    this.time = time;
    this.maxValueBytes = maxValueBytes;
    for (const [index, key] of keys.entries()) {
      const result = results[index]!;
      this.read.set(key, result);
      this.entries.set(key, entryOf(result));
    }
  }

  /** What was read, to be held against what is there when it is written. */
  versions(): (readonly [key: string, version: number])[] {
    return [...this.read].map(([key, { version }]) => [key, version]);
  }

  get(key: string): Entry | undefined {
    return this.entries.get(key);
  }

  /** The entries a plan asks for, as GET (or stat) would answer. */
  entriesOf({ keys, needsValues }: Plan): Result[] {
    return keys.map((key) => {
      const entry = this.entries.get(key);
      if (entry === undefined || this.isPast(entry)) return plainResult(Status.absent, 0);
      const { version, value, kind, expiresAt } = entry;
      return valueResult(Status.ok, version, needsValues ? value : String(value.length), kind, expiresAt);
    });
  }

  /** Bytes of the values a plan asks for. */
  bytesOf({ keys }: Plan): number {
    let bytes = 0;
    for (const key of keys) bytes += this.entries.get(key)?.value.length ?? 0;
    return bytes;
  }

  /** Takes a step into account; the step as it is to be sent. */
  apply(step: Step): Step {
    const fixed = withFixedDeadline(step, this.time);
    // Of other keys nobody asks.
    if (this.entries.has(step.key)) this.evaluate(fixed);
    return fixed;
  }

  private evaluate(step: Step): void {
    const moment = { time: this.time, seq: VERSION_TO_COME, maxValueBytes: this.maxValueBytes };
    const reader = readerOf((key) => this.get(key));
    const { effects } = evaluateTransaction(transactionOf({ steps: [step], lenient: true }), reader, moment);
    for (const effect of effects) {
      if (effect.type === 'remove') {
        this.entries.set(effect.key, undefined);
      } else {
        const { value, kind } = effect.type === 'put' ? effect : this.entries.get(effect.key)!;
        this.entries.set(effect.key, {
          value: textOf(value),
          kind,
          version: VERSION_TO_COME,
          expiresAt: effect.expiresAt,
        });
      }
    }
  }

  private isPast({ expiresAt }: Entry): boolean {
    return expiresAt !== 0 && expiresAt <= this.time;
  }
}

function entryOf({ status, value, kind, version, expiresAt }: Result): Entry | undefined {
  return status === Status.ok ? { value: value!, kind, version, expiresAt } : undefined;
}

function withFixedDeadline(step: Step, time: number): Step {
  if (!('ttl' in step) || step.ttl === undefined || step.ttl <= 0) return step;
  return { ...step, ttl: NO_TTL, deadline: Math.ceil(time + step.ttl) };
}
