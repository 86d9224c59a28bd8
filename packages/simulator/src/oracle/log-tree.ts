/**
 * The log as a tree: every record any primary ever made for a shard, each below the one it followed.
 *
 * A copy's log is the path from the root to its head, so "a prefix of" is "an ancestor of", and two copies disagree
 * exactly when their heads lie on different branches. A branch that no survivor follows is what died with its primary.
 *
 * Owns      entries, ancestry, and what the store must hold at an entry.
 * Does not  know who holds which head (shard-oracle.ts).
 */
import {
  type Effect,
  type Entry,
  type Record as LogRecord,
  type PatchEffect,
  type PreviousValue,
  type Result,
  textOf,
} from '@quintet/engine/internal';

export interface LogEntry {
  readonly seq: number;
  /** Which beginning of the shard it descends from: a reset begins another. */
  readonly life: number;
  /** Null for the root: where the shard began, or was begun anew. */
  readonly record: LogRecord | null;
  /** The last request at or before this entry. */
  readonly lastRequest: number;
  readonly parent: LogEntry | null;
  readonly children: LogEntry[];
}

export function rootEntry(seq: number, lastRequest: number, life: number): LogEntry {
  return { seq, life, record: null, lastRequest, parent: null, children: [] };
}

/** The child of `parent` for this record: the one known, or a new one. */
export function childFor(parent: LogEntry, record: LogRecord): LogEntry {
  const known = parent.children.find((child) => sameRecord(child.record!, record));
  if (known !== undefined) return known;
  const lastRequest = record.request === 0 ? parent.lastRequest : record.request;
  const { life } = parent;
  const child: LogEntry = { seq: parent.seq + 1, life, record, lastRequest, parent, children: [] };
  parent.children.push(child);
  return child;
}

export function knownChild(parent: LogEntry, record: LogRecord): LogEntry | undefined {
  return parent.children.find((child) => sameRecord(child.record!, record));
}

/** The entry of a seq on the path to `entry`; undefined if the path does not have it. */
export function ancestorAt(entry: LogEntry | undefined, seq: number): LogEntry | undefined {
  let at: LogEntry | null | undefined = entry;
  while (at && at.seq > seq) at = at.parent;
  return at?.seq === seq ? at : undefined;
}

/** Whether the log that ends at `shorter` is a prefix of the one that ends at `longer`. */
export function isPrefix(shorter: LogEntry, longer: LogEntry): boolean {
  return ancestorAt(longer, shorter.seq) === shorter;
}

export function sameRecord(one: LogRecord, other: LogRecord): boolean {
  if (one === other) return true;
  if (one.seq !== other.seq || one.request !== other.request) return false;
  return sameEffect(one.effect, other.effect) && sameResult(one.result, other.result);
}

export function sameEffect(one: Effect, other: Effect): boolean {
  if (one.type !== other.type) return false;
  if (one.type === 'put' && other.type === 'put') {
    const { key, value, kind, expiresAt } = other;
    const same = one.key === key && one.value === value && one.kind === kind && one.expiresAt === expiresAt;
    return same && samePrevious(one.previous, other.previous);
  }
  if (one.type === 'patch' && other.type === 'patch') {
    const { key, offset, bytes, kind } = other;
    return one.key === key && one.offset === offset && one.bytes === bytes && one.kind === kind;
  }
  if (one.type === 'remove' && other.type === 'remove') {
    return one.key === other.key && one.cause === other.cause && samePrevious(one.previous, other.previous);
  }
  if (one.type === 'deadline' && other.type === 'deadline') {
    return one.key === other.key && one.expiresAt === other.expiresAt;
  }
  if (one.type === 'many' && other.type === 'many') {
    if (one.effects.length !== other.effects.length) return false;
    return one.effects.every((part, at) => sameEffect(part, other.effects[at]!));
  }
  return true;
}

function samePrevious(one: PreviousValue | null | undefined, other: PreviousValue | null | undefined): boolean {
  if (!one || !other) return one === other;
  return one.value === other.value && one.kind === other.kind;
}

export function sameResult(one: Result, other: Result): boolean {
  if (one === other) return true;
  const { status, version, value, kind, expiresAt } = other;
  return (
    one.status === status &&
    one.version === version &&
    one.value === value &&
    one.kind === kind &&
    one.expiresAt === expiresAt &&
    one.page === other.page &&
    sameItems(one.items, other.items)
  );
}

function sameItems(one: Result['items'], other: Result['items']): boolean {
  if (one === null || other === null) return one === other;
  return one.length === other.length && one.every((item, at) => sameResult(item, other[at]!));
}

// ---- what a log leaves behind -------------------------------------------------------------------------------------

export type Contents = Map<string, Entry>;

export function applyTo(contents: Contents, { effect, seq }: Pick<LogRecord, 'effect' | 'seq'>): void {
  switch (effect.type) {
    case 'none':
      return;
    case 'many':
      for (const part of effect.effects) applyTo(contents, { effect: part, seq });
      return;
    case 'clear':
      return contents.clear();
    case 'remove':
      contents.delete(effect.key);
      return;
    case 'put': {
      const { key, value, kind, expiresAt } = effect;
      contents.set(key, { value: textOf(value), kind, version: seq, expiresAt });
      return;
    }
    case 'patch': {
      const before = contents.get(effect.key);
      if (before !== undefined) contents.set(effect.key, afterPatch(before, effect, seq));
      return;
    }
    case 'deadline': {
      const before = contents.get(effect.key);
      if (before !== undefined) contents.set(effect.key, { ...before, version: seq, expiresAt: effect.expiresAt });
    }
  }
}

/** An entry with a patch applied, byte by byte. */
export function afterPatch({ value, expiresAt }: Entry, { offset, bytes, kind }: PatchEffect, version: number): Entry {
  const after = [...value];
  while (after.length < offset) after.push('\0');
  after.splice(offset, bytes.length, ...bytes);
  return { value: after.join(''), kind, version, expiresAt };
}

/** What a store must hold at `entry`, given what it must hold at one of its ancestors. Null: not an ancestor. */
export function contentsAt(entry: LogEntry, ancestor: LogEntry, known: Contents): Contents | null {
  const path: LogRecord[] = [];
  let at: LogEntry | null = entry;
  for (; at !== null && at !== ancestor; at = at.parent) if (at.record !== null) path.push(at.record);
  if (at === null) return null;
  const contents: Contents = new Map(known);
  for (const record of path.reverse()) applyTo(contents, record);
  return contents;
}

/** One key at `entry`, without building everything: as {@link contentsAt}. */
export function valueAt(entry: LogEntry, ancestor: LogEntry, known: Contents, key: string): Entry | undefined {
  /** Of the deadlines and patches that were met, how each changes what was before; the last is the earliest. */
  const later: ((before: Entry) => Entry)[] = [];
  const finish = (before: Entry | undefined): Entry | undefined =>
    before && later.reduceRight((value, change) => change(value), before);
  for (let at: LogEntry | null = entry; at !== null; at = at.parent) {
    if (at === ancestor) return finish(known.get(key));
    const { seq: version } = at;
    for (const effect of newestFirst(at.record)) {
      if (effect.type === 'clear') return undefined;
      if (effect.key !== key) continue;
      if (effect.type === 'remove') return undefined;
      if (effect.type === 'put') {
        const { value, kind, expiresAt } = effect;
        return finish({ value: textOf(value), kind, version, expiresAt });
      }
      if (effect.type === 'patch') later.push((before) => afterPatch(before, effect, version));
      else later.push((before) => ({ ...before, version, expiresAt: effect.expiresAt }));
    }
  }
  return undefined;
}

/** The effects on keys in one record, the last first. */
function newestFirst(record: LogRecord | null): Exclude<Effect, { type: 'none' | 'many' }>[] {
  if (record === null || record.effect.type === 'none') return [];
  return record.effect.type === 'many' ? [...record.effect.effects].reverse() : [record.effect];
}
