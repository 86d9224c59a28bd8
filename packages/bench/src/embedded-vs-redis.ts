/**
 * Replicated puts and gets of an embedded cluster beside ioredis with automatic pipelining on a Redis of its own, and
 * beside the barest thing that replicates over threads (bare-prototype.ts), in the same run on the same machine.
 *
 * Run    node --import tsx packages/bench/src/embedded-vs-redis.ts
 *        [--rounds 5] [--seconds 1] [--keys 100000] [--json]
 *        (against the built engine: pnpm build first; with --conditions=source against its TypeScript, whose nodes start
 *        more slowly)
 *        needs redis-server on the PATH (Debian: apt-get install redis-server); starts and stops its own, on loopback,
 *        without persistence.
 * Fair   Every caller awaits its answer before it calls again. All peers run in every round, in turns, so that a busy
 *        machine hits all; figures are medians. A put of ours is on two nodes when it is answered; Redis' SET is on one
 *        (no WAIT).
 * Target puts at 1,000 callers >= 4 x SET.
 */
import { Cluster } from '@quintet/engine';
import { BarePrototype } from './bare-prototype.ts';
import { medianOf, printReport, type Row, readNumbers, rounded } from './figures.ts';
import { benchKey, benchValue, fill } from './mixed-load.ts';
import { OwnRedis } from './own-redis.ts';

const CALLERS = [1, 50, 1000];
const { numbers, json } = readNumbers({ rounds: 5, seconds: 1, keys: 100_000 });
const keys = Array.from({ length: numbers.keys }, (_, index) => benchKey(index));
const value = benchValue(7);

type Call = (key: string) => Promise<unknown>;
interface Contest {
  readonly verb: 'put' | 'get';
  readonly callers: number;
  readonly ours: number[];
  readonly theirs: number[];
  readonly bare: number[];
}

await using redis = await OwnRedis.start();
await using cluster = await Cluster.start();
await using prototype = new BarePrototype();
await fill(cluster, numbers.keys);
await Promise.all(keys.map((key) => redis.client.set(key, value)));
await Promise.all(keys.map((key) => prototype.put(key, value)));

const calls: Record<Contest['verb'], { ours: Call; theirs: Call; bare: Call }> = {
  put: {
    ours: (key) => cluster.put(key, value),
    theirs: (key) => redis.client.set(key, value),
    bare: (key) => prototype.put(key, value),
  },
  get: {
    ours: (key) => cluster.get(key),
    theirs: (key) => redis.client.get(key),
    bare: (key) => prototype.get(key),
  },
};
const contests = CALLERS.flatMap((callers) =>
  (['put', 'get'] as const).map((verb): Contest => ({ verb, callers, ours: [], theirs: [], bare: [] })),
);
for (let round = 0; round <= numbers.rounds; round++) {
  for (const { verb, callers, ours, theirs, bare } of contests) {
    const ourRate = await measure(calls[verb].ours, callers);
    const theirRate = await measure(calls[verb].theirs, callers);
    const bareRate = await measure(calls[verb].bare, callers);
    // The first round is for the compilers.
    if (round === 0) continue;
    ours.push(ourRate);
    theirs.push(theirRate);
    bare.push(bareRate);
  }
}

const results = contests.map(({ verb, callers, ...rates }) => {
  const [quintet, ioredis, bare] = [rates.ours, rates.theirs, rates.bare].map((each) => Math.round(medianOf(each)));
  const ratio = rounded(quintet! / ioredis!);
  return { verb, callers, quintet: quintet!, ioredis: ioredis!, bare: bare!, ratio, ofBare: rounded(quintet! / bare!) };
});
const decisive = results.find(({ verb, callers }) => verb === 'put' && callers === 1000)!;
printReport(
  {
    title: `calls/s, median of ${numbers.rounds} interleaved rounds; ${numbers.keys} keys of 16 + 64 bytes`,
    rows: [
      ['verb, callers', 'quintet (2 copies)', 'ioredis (1 copy)', 'ratio', 'bare prototype', 'ratio'],
      ...results.map(
        ({ verb, callers, quintet, ioredis, ratio, bare, ofBare }): Row => [
          `${verb} ${callers}`,
          quintet,
          ioredis,
          ratio,
          bare,
          ofBare,
        ],
      ),
    ],
    figures: { results },
    target: 'put at 1000 callers >= 4 x ioredis SET',
    met: decisive.ratio >= 4,
  },
  json,
);

/** Calls per second of so many callers, each awaiting its own answers. */
async function measure(call: Call, callers: number): Promise<number> {
  const beganAt = performance.now();
  const endAt = beganAt + numbers.seconds * 1000;
  let done = 0;
  const loop = async (caller: number): Promise<void> => {
    for (let at = caller * 97; performance.now() < endAt; at += 7919) {
      await call(keys[at % keys.length]!);
      done++;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => loop(caller)));
  return (done / (performance.now() - beganAt)) * 1000;
}
