/**
 * The same random requests to a real Redis 7.0 and to us, over a real cluster: every reply must be the same, byte for byte.
 * fast-check cuts a difference down to the shortest run of requests that shows it, and prints the seed.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cluster } from '@quintet/engine';
import fc from 'fast-check';
import { type RunningServer, startServer } from '../src/index.ts';
import { anyRequest, keyRequest, listenerRequest, type Request } from './differential/commands.ts';
import { Conversation, comparable, PAUSE, RESET } from './differential/conversation.ts';
import { NO_REDIS, RedisServer } from './support/redis-server.ts';

const skip = NO_REDIS;
const SEED = Number(process.env.DIFFERENTIAL_SEED ?? 1);
const RUNS = Number(process.env.DIFFERENTIAL_RUNS ?? 150);

let redis: RedisServer;
let cluster: Cluster;
let server: RunningServer;
/** Two clients of each. */
let theirs: Conversation[];
let ours: Conversation[];

before(async () => {
  if (skip) return;
  redis = await RedisServer.start();
  cluster = await Cluster.start({ nodes: 3, shards: 8 });
  server = await startServer(cluster, { port: 0 });
  theirs = await Promise.all([Conversation.open(redis.port), Conversation.open(redis.port)]);
  ours = await Promise.all([Conversation.open(server.port), Conversation.open(server.port)]);
});

after(async () => {
  if (skip) return;
  for (const conversation of [...theirs, ...ours]) conversation.close();
  await server.close();
  await cluster.close();
  await redis.stop();
});

/** What was asked and answered, so that a difference can be read. */
function transcript(requests: readonly Request[], replies: string): string {
  return `${requests.map((args) => args.map((arg) => JSON.stringify(arg)).join(' ')).join('\n')}\n${comparable(replies)}`;
}

async function compare(requests: readonly Request[], client = 0, end = RESET): Promise<void> {
  const [expected, actual] = await Promise.all([theirs[client]!.say(requests, end), ours[client]!.say(requests, end)]);
  assert.equal(transcript(requests, actual), transcript(requests, expected));
}

const FLUSH: readonly Request[] = [['FLUSHALL']];
const KEYS = ['a', 'b', 'c', '{t}1', '{t}2', 'e', 'f'];
/** What is there in the end. */
const READ_ALL: readonly Request[] = KEYS.flatMap((key) => [
  ['GET', key],
  ['TTL', key],
]);

function check<T>(name: string, arbitrary: fc.Arbitrary<T>, run: (value: T) => Promise<void>): void {
  test(`the same replies as Redis: ${name}`, { skip, timeout: 170_000 }, async () => {
    const property = fc.asyncProperty(arbitrary, async (value) => {
      await compare(FLUSH);
      await run(value);
      await compare(READ_ALL);
    });
    await fc.assert(property, { seed: SEED, numRuns: RUNS, includeErrorInReport: true });
  });
}

function many(arbitrary: fc.Arbitrary<Request>, maxLength: number): fc.Arbitrary<Request[]> {
  return fc.array(arbitrary, { minLength: 1, maxLength });
}

check('all sorts of commands', many(anyRequest, 60), (list) => compare(list));

check('any commands on keys inside of MULTI', many(keyRequest, 25), (list) => compare([['MULTI'], ...list, ['EXEC']]));

check(
  'in RESP3, and MULTI on keys that are there',
  fc.tuple(many(keyRequest, 15), many(keyRequest, 15)),
  ([first, list]) => compare([['HELLO', '3'], ...first, ['MULTI'], ...list, ['EXEC']]),
);

check('publish and subscribe', many(listenerRequest, 30), (list) => compare(list));

check(
  'WATCH, and another client meanwhile',
  fc.tuple(many(keyRequest, 4), many(keyRequest, 4)),
  async ([theOther, list]) => {
    // All are there: one that comes and goes while it is watched is as absent to us as before.
    await compare([['MSET', ...KEYS.flatMap((key) => [key, '1'])]]);
    await compare([['WATCH', ...KEYS.slice(0, 3)]], 0, PAUSE);
    await compare(theOther, 1);
    await compare([['MULTI'], ...list, ['EXEC']]);
  },
);
