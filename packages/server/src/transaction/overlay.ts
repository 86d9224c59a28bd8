/**
 * Overlay: entries as they will be in the midst of a MULTI: as they were read, and changed by the commands before. A plan
 * (RENAME …) decides by it. What a put or delete leaves is known here; what arithmetic leaves is known to the engine alone,
 * and a plan that depends on it is refused.
 */
import {
  ANY_VERSION,
  KEEP_TTL,
  MUST_BE_ABSENT,
  MUST_EXIST,
  type PutOperation,
  plainResult,
  type Result,
  Status,
  type Step,
  valueResult,
} from '@quintet/engine/core';
import { error } from '../resp/encoder.ts';
import type { Plan } from './plan.ts';

const UNKNOWN = 'unknown';

export class Overlay {
  private readonly read = new Map<string, Result>();
  private readonly now = new Map<string, Result | typeof UNKNOWN>();
  private readonly time: number;

  /** `reads` with their results; `time` is master time. */
  constructor(reads: readonly Step[], results: readonly Result[], time: number) {
    this.time = time;
    for (const [index, { key }] of reads.entries()) this.read.set(key, results[index]!);
  }

  /** What was read, to be held against what is there when it is written. */
  versions(): (readonly [key: string, version: number])[] {
    return [...this.read].map(([key, { version }]) => [key, version]);
  }

  /** The entries a plan asks for, or the reply that says why it cannot have them. */
  entriesOf({ keys, needsValues }: Plan): Result[] | string {
    const entries: Result[] = [];
    for (const key of keys) {
      const entry = this.now.get(key) ?? this.read.get(key)!;
      if (entry === UNKNOWN) {
        return error(
          'ERR the key was changed earlier in this transaction by other than SET or DEL: use two transactions',
        );
      }
      entries.push(needsValues || entry.value === null ? entry : { ...entry, value: String(entry.value.length) });
    }
    return entries;
  }

  apply(step: Step): void {
    switch (step.verb) {
      case 'get':
      case 'stat':
        return;
      case 'put':
        this.now.set(step.key, this.afterPut(step));
        return;
      case 'delete':
        this.now.set(step.key, step.ifVersion === ANY_VERSION ? plainResult(Status.absent, 0) : UNKNOWN);
        return;
      default:
        this.now.set(step.key, UNKNOWN);
    }
  }

  private afterPut({ key, value, kind, ifVersion, ttl, deadline }: PutOperation): Result | typeof UNKNOWN {
    const before = this.now.get(key) ?? this.read.get(key);
    const needsBefore = ifVersion !== ANY_VERSION || ttl === KEEP_TTL;
    if (needsBefore && (before === undefined || before === UNKNOWN)) return UNKNOWN;
    const present = before as Result | undefined;
    if (ifVersion === MUST_EXIST && present?.value == null) return present!;
    if (ifVersion === MUST_BE_ABSENT && present?.value != null) return present;
    if (ifVersion > 0) return UNKNOWN;
    const expiresAt = ttl === KEEP_TTL ? (present?.expiresAt ?? 0) : ttl > 0 ? Math.ceil(this.time + ttl) : deadline;
    return valueResult(Status.ok, 0, value, kind, expiresAt);
  }
}
