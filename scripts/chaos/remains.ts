/**
 * Remains: what is there when the load has ended, read through the ordinary API.
 *
 * Owns      the reading, a bounded number at a time; the log of the reads of shared keys (the checker wants them too).
 * Does not  compare (evidence.ts, copies.ts).
 */
import type { Cluster } from '@quintet/engine';
import { monotonicNs } from '@quintet/testkit';
import { CallLog, NOTHING, type PackedLog } from './call-log.ts';
import { FAMILIES, keyName, keyNumber, keysInRound } from './keys.ts';
import { isError, send, VERBS } from './verbs.ts';

/** Reads under way at a time. */
const WINDOW = 256;

/** Every key all callers share, of all rounds. */
export function sharedKeys(rounds: number, callers: number): number[] {
  const keys: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const family of FAMILIES) {
      const count = family === 'own' ? callers : keysInRound(family);
      for (let index = 0; index < count; index++) keys.push(keyNumber(round, family, index));
    }
  }
  return keys;
}

export interface ReadParts {
  readonly cluster: Cluster;
  /** Shared keys, read with a log. */
  readonly shared: readonly number[];
  /** Keys read without. */
  readonly names: readonly string[];
  readonly thread: number;
}

/** Reads all keys; the values found (absent keys are left out), and the log of the shared ones. */
export async function readRemains(parts: ReadParts): Promise<{ found: Map<string, string | number>; log: PackedLog }> {
  const { cluster, shared, names, thread } = parts;
  const found = new Map<string, string | number>();
  const log = new CallLog(thread);
  const read = async (name: string, key: number | null): Promise<void> => {
    const call = key === null ? -1 : log.open(key, VERBS.indexOf('get'), 0, monotonicNs());
    const ended = await send('get', { store: cluster, key: name, call, argument: 0 });
    if (key !== null) log.close(call, monotonicNs(), ended);
    if (!isError(ended) && ended.value !== NOTHING) found.set(name, ended.value);
  };
  await inWindows(shared, (key) => read(keyName(key), key));
  await inWindows(names, (name) => read(name, null));
  return { found, log: log.pack() };
}

/** Does something for every item, a window at a time. */
export async function inWindows<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += WINDOW) {
    await Promise.all(items.slice(from, from + WINDOW).map(act));
  }
}
