/**
 * redis-benchmark against this server and against redis-server, in turns on the same machine.
 *
 * Run    node --import tsx packages/bench/src/redis-benchmark.ts
 *        [--rounds 5] [--requests 200000] [--clients 50] [--pipeline 16] [--size 3] [--json]
 *        (against what is built: pnpm build first; with --conditions=source against the TypeScript)
 *        needs redis-server and redis-benchmark on the PATH (Debian: apt-get install redis-server redis-tools).
 * Shows  requests a second of each test, medians of the rounds, and the share of Redis' that is ours. Ours keeps every write
 *        on two nodes when it is answered; Redis' is on one.
 * Target every round runs clean: a figure for each test and nothing else, no error.
 */
import { medianOf, printReport, type Row, readNumbers } from './figures.ts';
import { Child } from './load/child.ts';
import { runRedisBenchmark } from './load/redis-benchmark-run.ts';
import { OwnRedis } from './own-redis.ts';

const TESTS = ['set', 'get', 'incr', 'mset'];
const { numbers, json } = readNumbers({ rounds: 5, requests: 200_000, clients: 50, pipeline: 16, size: 3 });

const FLAGS = [
  ...['-P', String(numbers.pipeline), '-c', String(numbers.clients), '-n', String(numbers.requests)],
  ...['-d', String(numbers.size)],
];

await using ours = await Child.start('serve', ['{}']);
await using redis = await OwnRedis.start();
const peers = { quintet: ours.greeting as number, redis: redis.client.options.port! };
const rates = new Map<string, { readonly quintet: number[]; readonly redis: number[] }>();
for (let round = 0; round < numbers.rounds; round++) {
  for (const [name, port] of Object.entries(peers) as ['quintet' | 'redis', number][]) {
    for (const [test, rate] of await runRedisBenchmark(port, TESTS, FLAGS)) {
      if (!rates.has(test)) rates.set(test, { quintet: [], redis: [] });
      rates.get(test)![name].push(rate);
    }
  }
}

const figures = [...rates].map(([test, { quintet, redis: theirs }]) => ({
  test,
  quintet: Math.round(medianOf(quintet)),
  redis: Math.round(medianOf(theirs)),
  share: medianOf(quintet) / medianOf(theirs),
}));
printReport(
  {
    title: `redis-benchmark -t ${TESTS.join(',')} -P ${numbers.pipeline} -c ${numbers.clients} -q, requests/s, medians of ${numbers.rounds}`,
    rows: [
      ['', 'quintet', 'redis', 'quintet / redis'],
      ...figures.map((one): Row => [one.test, one.quintet, one.redis, one.share.toFixed(2)]),
    ],
    figures: { ...numbers, figures },
    target: 'every round runs clean',
    met: figures.length === TESTS.length,
  },
  json,
);
