/**
 * Scan: every entry of every shard, page by page.
 *
 * Owns      the walk over shards and cursors, prefix and match, the limit.
 * Guarantee The core walks each shard in the order of a hash that all its copies share, and a cursor is a place in that
 *           order: so a key that is there throughout is shown exactly once, even if another copy answers the next page.
 * Nothing is held between pages: an iterator that is dropped, or returned early, leaves nothing behind.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ScanOperation, ValueKind } from '../../core/data/operation.ts';
import { PAGE_STRIDE } from '../../core/data/result.ts';
import { KvError } from '../../core/protocol/errors.ts';
import type { Executor } from '../../executor/executor.ts';
import { oneByteToBytes, textToOneByte } from '../../runtime/memory/one-byte.ts';
import { Glob, StepBudget } from '../codec/glob.ts';
import { decodeKey, encodeKey } from '../codec/keys.ts';
import { decodeValue } from '../codec/values.ts';
import { checkCallOptions, checkCount, checkFlag, invalidOption, SCAN_OPTIONS } from '../store/call-options.ts';
import type { CallOptions, Key, ScanOptions } from '../store/store.ts';
import { readResult } from './answers.ts';
import { abortedBefore, sendToShard } from './call.ts';

const PAGE_SIZE = 256;
const PAGE_SIZE_MAX = 65_536;
/** Longer patterns are refused, so that matching one key stays cheap. */
const PATTERN_BYTES_MAX = 1024;

/** A checked scan. */
export interface ScanPlan {
  /** Null if no key can match. */
  readonly prefix: string | null;
  readonly glob: Glob | undefined;
  readonly limit: number;
  readonly pageSize: number;
  readonly keysOnly: boolean;
  readonly keysAsBytes: boolean;
  readonly limits: CallOptions;
}

/** @throws {KvError} INVALID_OPTION, INVALID_KEY */
export function planScan(options: ScanOptions, keysOnly: boolean): ScanPlan {
  checkCallOptions(options, SCAN_OPTIONS);
  checkCount('limit', options.limit, 1, Number.MAX_SAFE_INTEGER);
  checkCount('pageSize', options.pageSize, 1, PAGE_SIZE_MAX);
  checkFlag('keysAsBytes', options.keysAsBytes);
  const glob = options.match === undefined ? undefined : new Glob(encodePattern(options.match));
  return {
    prefix: commonPrefix(encodePrefix(options.prefix), glob?.literalPrefix ?? ''),
    glob,
    limit: options.limit ?? Number.POSITIVE_INFINITY,
    pageSize: options.pageSize ?? PAGE_SIZE,
    keysOnly,
    keysAsBytes: options.keysAsBytes ?? false,
    limits: options,
  };
}

/** The keys of a scan. */
export async function* scanKeys(executor: Executor, plan: ScanPlan): AsyncGenerator<string | Uint8Array, undefined> {
  for await (const page of pagesOf(executor, plan)) {
    for (let at = 0; at < page.length; at += PAGE_STRIDE) {
      yield readKey(page[at] as string, plan);
      stopIfAborted(plan.limits);
    }
  }
}

/** The entries of a scan. */
export async function* scanEntries(
  executor: Executor,
  plan: ScanPlan,
): AsyncGenerator<[string | Uint8Array, unknown], undefined> {
  for await (const page of pagesOf(executor, plan)) {
    for (let at = 0; at < page.length; at += PAGE_STRIDE) {
      yield [readKey(page[at] as string, plan), decodeValue(page[at + 1] as string, page[at + 2] as ValueKind)];
      stopIfAborted(plan.limits);
    }
  }
}

type PageEntries = readonly (string | number)[];

/** Pages of what the plan asks for: matched, and no more than its limit altogether. */
async function* pagesOf(executor: Executor, plan: ScanPlan): AsyncGenerator<PageEntries, undefined> {
  if (plan.prefix === null) return;
  let left = plan.limit;
  for (let shard = 0; shard < executor.shards; shard++) {
    let cursor = 0;
    while (cursor >= 0) {
      // Without a pattern every entry counts, so no more than the limit need be fetched.
      const limit = plan.glob === undefined ? Math.min(plan.pageSize, left) : plan.pageSize;
      const operation: ScanOperation = {
        verb: 'scan',
        key: '',
        cursor,
        prefix: plan.prefix,
        limit,
        keysOnly: plan.keysOnly,
      };
      const { page } = await sendToShard(executor, shard, operation, readResult, plan.limits);
      const entries = cut(await matched(page!.entries, plan), left);
      if (entries.length > 0) yield entries;
      left -= entries.length / PAGE_STRIDE;
      if (left <= 0) return;
      cursor = page!.cursor;
    }
  }
}

/** What takes more than a turn's steps goes on in the next: patterns may be costly, and others have work to do as well. */
async function matched(entries: PageEntries, { glob, limits }: ScanPlan): Promise<PageEntries> {
  if (glob === undefined) return entries;
  const kept: (string | number)[] = [];
  let budget = new StepBudget();
  for (let at = 0; at < entries.length; at += PAGE_STRIDE) {
    const key = entries[at] as string;
    let found = glob.matchOrPause(key, budget);
    while (typeof found !== 'boolean') {
      await nextTurn();
      stopIfAborted(limits);
      budget = new StepBudget();
      found = glob.matchOrPause(key, budget, found);
    }
    if (found) kept.push(...entries.slice(at, at + PAGE_STRIDE));
  }
  return kept;
}

function cut(entries: PageEntries, limit: number): PageEntries {
  return entries.length / PAGE_STRIDE > limit ? entries.slice(0, limit * PAGE_STRIDE) : entries;
}

function readKey(key: string, plan: ScanPlan): string | Uint8Array {
  return plan.keysAsBytes ? oneByteToBytes(key) : decodeKey(key);
}

function stopIfAborted({ signal }: CallOptions): void {
  if (signal?.aborted) throw abortedBefore(signal);
}

function encodePrefix(prefix: Key | undefined): string {
  return prefix === undefined ? '' : encodeKey(prefix, Number.POSITIVE_INFINITY);
}

function encodePattern(pattern: string): string {
  const encoded = typeof pattern === 'string' ? textToOneByte(pattern) : undefined;
  if (encoded === undefined) throw invalidOption('match', 'a well-formed string', pattern);
  if (encoded.length > PATTERN_BYTES_MAX) {
    throw new KvError('INVALID_OPTION', `match is ${encoded.length} bytes long, the limit is ${PATTERN_BYTES_MAX}`);
  }
  return encoded;
}

/** What keys that begin with both begin with; null if none can. */
function commonPrefix(a: string, b: string): string | null {
  if (a.startsWith(b)) return a;
  return b.startsWith(a) ? b : null;
}
