/**
 * Commands that look for keys: SCAN, KEYS, RANDOMKEY. Many steps each; the walk itself is in shard-walk.ts.
 */
import { StepBudget } from '@quintet/engine/codec';
import { PAGE_STRIDE } from '@quintet/engine/internal';
import { globOf, safeInteger, syntaxError } from '../../command/arguments.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec } from '../../command/handler.ts';
import { replyTooLong } from '../../engine/errors.ts';
import { array, bulk } from '../../resp/encoder.ts';
import { readCursor, WALK_BEGIN, walkShards } from '../../session/shard-walk.ts';

const DEFAULT_COUNT = 10;
/** Entries a page may have, whatever a client asks for. */
export const PAGE_MAX = 4096;
/** Bytes after which one call of a scan ends, though it found fewer than COUNT. */
export const SCAN_REPLY_BYTES = 4 * 1024 * 1024;

interface ScanOptions {
  pattern: string;
  count: number;
  type: string;
}

function readScanOptions(args: readonly string[]): ScanOptions {
  const options: ScanOptions = { pattern: '*', count: DEFAULT_COUNT, type: 'string' };
  for (let at = 2; at < args.length; at += 2) {
    const word = args[at]!.toUpperCase();
    const value = args[at + 1];
    if (value === undefined) throw syntaxError();
    if (word === 'COUNT') options.count = safeInteger(value);
    else if (word === 'MATCH') options.pattern = value;
    else if (word === 'TYPE') options.type = value.toLowerCase();
    else throw syntaxError();
    if (options.count < 1) throw syntaxError();
  }
  return options;
}

/** COUNT counts the entries looked at, as in Redis: how many of them match is luck. */
function scan(session: CommandSession, args: readonly string[]): void {
  const from = readCursor(args[1]!);
  const { pattern, count, type } = readScanOptions(args);
  const glob = globOf(session, pattern);
  const keys: string[] = [];
  let seen = 0;
  let bytes = 0;
  walkShards(session, {
    from,
    prefix: '',
    keysOnly: true,
    pageSize: () => Math.min(count - seen, PAGE_MAX),
    visit: (entries) => {
      const budget = new StepBudget();
      for (let at = 0; at < entries.length; at += PAGE_STRIDE) {
        const key = entries[at] as string;
        if (type !== 'string' || !(glob.matchesAll || glob.matches(key, budget))) continue;
        keys.push(bulk(key));
        bytes += key.length;
      }
      seen += entries.length / PAGE_STRIDE;
      return seen < count && bytes < SCAN_REPLY_BYTES;
    },
    finish: (cursor) => array([bulk(cursor), array(keys)]),
  });
}

function keys(session: CommandSession, args: readonly string[]): void {
  const glob = globOf(session, args[1]!);
  const limit = session.context.limits.replyBytes;
  const found: string[] = [];
  let bytes = 0;
  walkShards(session, {
    from: WALK_BEGIN,
    prefix: glob.literalPrefix,
    keysOnly: true,
    pageSize: () => PAGE_MAX,
    visit: (entries) => {
      const budget = new StepBudget();
      for (let at = 0; at < entries.length; at += PAGE_STRIDE) {
        const key = entries[at] as string;
        if (!glob.matchesAll && !glob.matches(key, budget)) continue;
        const item = bulk(key);
        found.push(item);
        bytes += item.length;
      }
      return bytes < limit;
    },
    finish: () => (bytes < limit ? array(found) : replyTooLong(limit)),
  });
}

/** Keys RANDOMKEY chooses from. */
const CANDIDATES = 16;

/** A random place in a random shard, and one of the first keys from there on: fast, not perfectly even. */
function randomKey(session: CommandSession): void {
  const { encoder, executor } = session;
  const found: string[] = [];
  walkShards(session, {
    from: { shard: Math.floor(Math.random() * executor.shards), hash: Math.floor(Math.random() * 2 ** 32) },
    around: true,
    prefix: '',
    keysOnly: true,
    pageSize: () => CANDIDATES,
    visit: (entries) => {
      for (let at = 0; at < entries.length; at += PAGE_STRIDE) found.push(entries[at] as string);
      return found.length === 0;
    },
    finish: () => (found.length === 0 ? encoder.nil : bulk(found[Math.floor(Math.random() * found.length)]!)),
  });
}

export const scanCommands: readonly CommandSpec[] = [
  {
    name: 'scan',
    arity: -2,
    flags: ['readonly'],
    since: '2.8.0',
    group: 'generic',
    summary: 'Incrementally iterate the keys space',
    handler: scan,
  },
  {
    name: 'keys',
    arity: 2,
    flags: ['readonly'],
    since: '1.0.0',
    group: 'generic',
    summary: 'Find all keys matching the given pattern',
    handler: keys,
  },
  {
    name: 'randomkey',
    arity: 1,
    flags: ['readonly'],
    since: '1.0.0',
    group: 'generic',
    summary: 'Return a random key from the keyspace',
    handler: randomKey,
  },
];
