/**
 * keyspace_hits and keyspace_misses beside a Redis 7.0: what counts as a read is decided by the engine (core/master/tally.ts), and
 * comes to what Redis counts. Not so for those that look before they write (RENAME, COPY, MSETNX, BITFIELD SET, WATCH): DIFFERENCES.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from '@quintet/engine';
import { startServer } from '../src/index.ts';
import { Conversation, PAUSE } from './differential/conversation.ts';
import { NO_REDIS, RedisServer } from './support/redis-server.ts';

/** `n`, `s`, `f` and `d` are there, `x` is not. */
const LINES: readonly string[] = [
  ...['GET s', 'GET x', 'MGET s x', 'EXISTS s x', 'TOUCH s x', 'TYPE s', 'TYPE x', 'TTL s', 'PTTL x', 'EXPIRETIME s'],
  ...['STRLEN s', 'STRLEN x', 'GETRANGE s 0 1', 'GETRANGE x 0 1', 'SUBSTR s 0 1', 'LCS s d', 'LCS s x'],
  ...[
    'SET s y',
    'SET s y GET',
    'SET x y GET',
    'SET s y NX',
    'SET s y XX',
    'SET s y NX GET',
    'GETSET s y',
    'GETSET x y',
  ],
  ...['GETDEL s', 'GETDEL x', 'GETEX s', 'GETEX x', 'GETEX s EX 100', 'GETEX x EX 100', 'GETEX s PERSIST'],
  ...['INCR n', 'INCR x', 'DECRBY n 2', 'INCRBYFLOAT f 1', 'APPEND s x', 'SETRANGE s 1 x', 'SETNX s y', 'SETNX x y'],
  ...['GETBIT s 1', 'GETBIT x 1', 'SETBIT s 1 1', 'BITCOUNT s', 'BITCOUNT x', 'BITPOS s 1', 'BITFIELD s GET u8 0'],
  ...['BITFIELD_RO x GET u8 0', 'BITOP AND r s x', 'DEL s x', 'UNLINK s', 'EXPIRE s 100', 'EXPIRE x 100', 'PERSIST s'],
  ...['OBJECT ENCODING s', 'OBJECT IDLETIME s', 'OBJECT ENCODING x', 'KEYS *', 'SCAN 0', 'RANDOMKEY'],
  ...['MULTI;GET s;GET x;INCR n;SET s y GET;STRLEN s;EXEC', 'MULTI;GETDEL s;EXISTS s x;TTL s;EXEC'],
];

const PREPARED = [['FLUSHALL'], ['MSET', 'n', '5', 's', 'abc', 'f', '1.5', 'd', 'x'], ['CONFIG', 'RESETSTAT']];

async function play(port: number): Promise<readonly string[]> {
  const client = await Conversation.open(port);
  const lines: string[] = [];
  for (const line of LINES) {
    await client.say([...PREPARED, ...line.split(';').map((request) => request.split(' '))], PAUSE);
    const stats = await client.say([['INFO', 'stats']], PAUSE);
    const [, hits, misses] = /keyspace_hits:(\d+)\r\nkeyspace_misses:(\d+)/.exec(stats)!;
    lines.push(`${line}: ${hits} hits, ${misses} misses`);
  }
  client.close();
  return lines;
}

test('what counts as a hit or a miss is what Redis counts', { skip: NO_REDIS, timeout: 30_000 }, async () => {
  const redis = await RedisServer.start();
  const cluster = await Cluster.start({ nodes: 2, shards: 4, replicas: 0 });
  const server = await startServer(cluster, { port: 0 });
  try {
    assert.deepEqual(await play(server.port), await play(redis.port));
  } finally {
    await server.close();
    await cluster.close();
    await redis.stop();
  }
});
