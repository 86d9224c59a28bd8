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
import { spawn } from 'node:child_process';
import { medianOf, printReport, type Row, readNumbers } from './figures.ts';
import { Child } from './load/child.ts';
import { OwnRedis } from './own-redis.ts';

const TESTS = ['set', 'get', 'incr', 'mset'];
const { numbers, json } = readNumbers({ rounds: 5, requests: 200_000, clients: 50, pipeline: 16, size: 3 });

/** Requests a second by test, in the order redis-benchmark runs them. @throws with its output if there is anything else */
async function benchmark(port: number): Promise<Map<string, number>> {
  const args = [
    ...['-h', '127.0.0.1', '-p', String(port), '-t', TESTS.join(','), '-q'],
    ...['-P', String(numbers.pipeline), '-c', String(numbers.clients), '-n', String(numbers.requests)],
    ...['-d', String(numbers.size)],
  ];
  const child = spawn('redis-benchmark', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => reject(new Error('redis-benchmark does not start', { cause })));
    child.once('close', resolve);
  });
  const rates = new Map<string, number>();
  // Progress is written over with carriage returns; what stays is a line for each test.
  const lines = output.split('\n').map((line) => line.slice(line.lastIndexOf('\r') + 1).trim());
  for (const line of lines.filter((text) => text !== '')) {
    const [, name, rate] = /^([A-Z]+(?: \(10 keys\))?): ([\d.]+) requests per second/.exec(line) ?? [];
    if (name === undefined) throw new Error(`redis-benchmark said: ${line}`);
    rates.set(name, Number(rate));
  }
  if (code !== 0 || rates.size !== TESTS.length) throw new Error(`redis-benchmark ended with ${code}:\n${output}`);
  return rates;
}

await using ours = await Child.start('serve', ['{}']);
await using redis = await OwnRedis.start();
const peers = { quintet: ours.greeting as number, redis: redis.client.options.port! };
const rates = new Map<string, { readonly quintet: number[]; readonly redis: number[] }>();
for (let round = 0; round < numbers.rounds; round++) {
  for (const [name, port] of Object.entries(peers) as ['quintet' | 'redis', number][]) {
    for (const [test, rate] of await benchmark(port)) {
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
