/**
 * Log records: the deterministic effect of one request, with its result.
 *
 * Owns      the shapes, and the constructors of the most frequent ones.
 * Does not  apply them (node/copy-state.ts) or number them (node/primary.ts).
 * Why effects: a record is the effect of one request, not the request. Replicas apply effects and never evaluate conditions,
 * clocks or limits again, so two copies cannot diverge.
 */
import type { Bytes } from './block.ts';
import type { Result } from './result.ts';
import type { ValueKind } from './value-kind.ts';

export type RemovalCause = 'delete' | 'expire' | 'evict';

/** The previous value, if a watcher requested it: null = none. */
export interface PreviousValue {
  readonly value: string;
  readonly kind: ValueKind;
}

export interface PutEffect {
  readonly type: 'put';
  readonly key: string;
  readonly value: Bytes;
  readonly kind: ValueKind;
  readonly expiresAt: number;
  readonly previous?: PreviousValue | null;
}

export interface RemoveEffect {
  readonly type: 'remove';
  readonly key: string;
  readonly cause: RemovalCause;
  readonly previous?: PreviousValue | null;
}

/** A new deadline (and version) for an entry whose value stays. */
export interface DeadlineEffect {
  readonly type: 'deadline';
  readonly key: string;
  readonly expiresAt: number;
}

/**
 * New bytes over a part of a value, or behind it; what lies between its end and them is zero. The deadline stays. It says what
 * the bytes are from `offset` on, so to apply it to what has it already changes nothing but the version.
 */
export interface PatchEffect {
  readonly type: 'patch';
  readonly key: string;
  readonly offset: number;
  readonly bytes: string;
  readonly kind: ValueKind;
}

export interface ClearEffect {
  readonly type: 'clear';
}

/** A failed condition, a refusal or a logged read: it has its place in the log and changes nothing. */
export interface NoEffect {
  readonly type: 'none';
}

/** Several effects under one seq: they become visible together. */
export interface ManyEffect {
  readonly type: 'many';
  readonly effects: readonly (PutEffect | RemoveEffect | DeadlineEffect)[];
}

export type Effect = PutEffect | PatchEffect | RemoveEffect | DeadlineEffect | ClearEffect | ManyEffect | NoEffect;

/** Whether a change is watched: not, by some watcher, or by one that also requests the previous value. */
export const Watched = { no: 0, yes: 1, withPrevious: 2 } as const;
export type Watched = (typeof Watched)[keyof typeof Watched];

/** One position of a shard's log. `request` 0 is the primary's own (expiry, eviction). */
export interface Record {
  readonly seq: number;
  readonly request: number;
  /** The tail sends the master the effect with the answer. */
  readonly watched: Watched;
  readonly effect: Effect;
  readonly result: Result;
}

export const NO_EFFECT: NoEffect = { type: 'none' };

class PutEffectRecord implements PutEffect {
  readonly type = 'put';
  readonly key: string;
  readonly value: Bytes;
  readonly kind: ValueKind;
  readonly expiresAt: number;

  constructor(key: string, value: Bytes, kind: ValueKind, expiresAt: number) {
    this.key = key;
    this.value = value;
    this.kind = kind;
    this.expiresAt = expiresAt;
  }
}

/** What a put leaves behind. */
export function newPutEffect(key: string, value: Bytes, kind: ValueKind, expiresAt: number): PutEffect {
  return new PutEffectRecord(key, value, kind, expiresAt);
}

class LogRecord implements Record {
  readonly seq: number;
  readonly request: number;
  readonly watched: Watched;
  readonly effect: Effect;
  readonly result: Result;

  constructor(seq: number, request: number, watched: Watched, effect: Effect, result: Result) {
    this.seq = seq;
    this.request = request;
    this.watched = watched;
    this.effect = effect;
    this.result = result;
  }
}

/** One position of a log. */
export function newRecord(seq: number, request: number, watched: Watched, effect: Effect, result: Result): Record {
  return new LogRecord(seq, request, watched, effect, result);
}
