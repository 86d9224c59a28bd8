/**
 * Protocol §7.8: a direct read shows nothing above what the master has accepted, nothing past its deadline, and exactly
 * what was committed when it was sent: no write of its key is in flight meanwhile (§5).
 */
import {
  type Entry,
  type GatherOperation,
  type Operation,
  PAGE_STRIDE,
  type Result,
  Status,
} from '@quintet/engine/internal';
import { expected, isPast } from '../model.ts';
import type { KnownRead } from '../oracle/shard-oracle.ts';
import { check } from '../violation.ts';
import type { Checker, Valued, World } from './checker.ts';

export function values({ cluster }: World): Checker {
  function checkKeyRead({ shard, read }: Valued, operation: Operation, result: Result): void {
    const { key } = operation;
    const asked = `${shard.name}: ${operation.verb} ${key}`;
    check(
      result.version <= shard.committed.seq,
      'values',
      () => `${asked} showed seq ${result.version}, not accepted yet`,
    );
    const entry = read.contents.get(key);
    if (result.status === Status.absent) {
      const gone = entry === undefined || !shard.contents.has(key) || isPast(entry.expiresAt, cluster.now);
      check(gone, 'values', () => `${asked} found nothing where seq ${entry?.version} is committed`);
      return;
    }
    check(entry !== undefined && entry.version === result.version, 'values', () => {
      return `${asked} showed version ${result.version}; committed when it was sent: ${entry?.version ?? 'nothing'}`;
    });
    check(!isPast(entry.expiresAt, read.sentAt), 'values', () => `${asked} showed an entry past its deadline`);
    if (operation.verb === 'get-range') return checkRange(asked, entry, result, operation);
    checkShown(asked, entry, result, operation.verb === 'stat' && operation.tells === undefined);
  }

  function checkRange(asked: string, entry: Entry, result: Result, operation: Operation): void {
    const moment = { time: cluster.now, seq: 0, maxValueBytes: 0 };
    const wanted = expected(operation, { ...entry, expiresAt: 0 }, moment).result;
    const same = result.status === wanted.status && result.value === wanted.value;
    check(same, 'values', () => `${asked} showed ${JSON.stringify(result)}, stored is ${JSON.stringify(entry)}`);
  }

  /** Each entry gathered is a read of its key. */
  function checkGather(valued: Valued, { keys, heads }: GatherOperation): void {
    const items = valued.value.result.items ?? [];
    check(
      items.length === keys.length,
      'values',
      () => `${valued.shard.name}: ${items.length} of ${keys} were gathered`,
    );
    for (const [at, key] of keys.entries()) {
      const verb = at < keys.length - heads ? 'get' : 'stat';
      checkKeyRead(valued, { verb, key }, items[at]!);
    }
  }

  function checkShown(asked: string, entry: Entry, result: Result, lengthOnly: boolean): void {
    const wanted = lengthOnly ? String(entry.value.length) : entry.value;
    const same = result.value === wanted && result.kind === entry.kind && result.expiresAt === entry.expiresAt;
    check(same, 'values', () => `${asked} showed ${JSON.stringify(result)}, stored is ${JSON.stringify(entry)}`);
  }

  /** A page shows committed entries, and from first to last cursor every one that lived throughout. */
  function checkScan({ shard, value: { result }, read }: Valued): void {
    const { operation } = read.call;
    if (operation.verb !== 'scan' || result.page === null) return;
    const { entries, cursor } = result.page;
    const shown = new Set<string>();
    for (let at = 0; at < entries.length; at += PAGE_STRIDE) {
      const [key, , , version, expiresAt] = entries.slice(at, at + PAGE_STRIDE) as [
        string,
        string,
        number,
        number,
        number,
      ];
      check(!shown.has(key), 'values', () => `${shard.name}: a scan showed ${key} twice`);
      shown.add(key);
      check(
        version <= shard.committed.seq,
        'values',
        () => `${shard.name}: a scan showed seq ${version}, not accepted yet`,
      );
      check(!isPast(expiresAt, read.sentAt), 'values', () => `${shard.name}: a scan showed ${key} past its deadline`);
    }
    if (operation.cursor === 0 && cursor === -1) checkWhole(read, shown, shard.contents);
  }

  function checkWhole(read: KnownRead, shown: ReadonlySet<string>, contents: ReadonlyMap<string, Entry>): void {
    const prefix = read.call.operation.verb === 'scan' ? read.call.operation.prefix : '';
    for (const [key, entry] of read.contents) {
      const lived = contents.get(key)?.version === entry.version && !isPast(entry.expiresAt, cluster.now);
      if (lived && key.startsWith(prefix)) check(shown.has(key), 'values', () => `a whole scan left out ${key}`);
    }
  }

  return {
    name: 'values',
    valued(valued) {
      const { operation } = valued.read.call;
      if (operation.verb === 'gather') checkGather(valued, operation);
      else if (operation.key === '') checkScan(valued);
      else checkKeyRead(valued, operation, valued.value.result);
    },
  };
}
