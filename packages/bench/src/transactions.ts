/**
 * What transactions and watches cost, each against plain puts in the same rounds.
 *
 * Run    node --import tsx packages/bench/src/transactions.ts
 *        [--callers 50] [--rounds 9] [--ms 300] [--background 500] [--watchers 10000] [--json]
 *        (against the built engine: pnpm build first; with --conditions=source against its TypeScript)
 * Shows  time of a transfer between two shards, and inside of one, over that of a put; put throughput while `background`
 *        transactions a second run on other keys, and with `watchers` watchers on other keys, over that without.
 *        Every round measures each once, in turn; ratios are made within a round, and the median of them is shown.
 * Target two shards <= 6, one shard <= 1.5; puts >= 0.9 beside transactions, >= 0.95 beside watchers.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster, type Watcher } from '@quintet/engine';
import { medianOf, printReport, readNumbers } from './figures.ts';
import { benchKey, benchValue } from './mixed-load.ts';

const { numbers, json } = readNumbers({ callers: 50, rounds: 9, ms: 300, background: 500, watchers: 10_000 });

/** Enough that two of 50 callers seldom meet. */
const ACCOUNTS = 2000;
/** Long: what is measured is throughput, not who looks hung on a busy machine. */
const HANG_LIMIT_MS = 10_000;

type Operation = (turn: number) => Promise<unknown>;

/** Operations a second of all callers. */
async function throughput(operation: Operation): Promise<number> {
  const endsAt = performance.now() + numbers.ms;
  let done = 0;
  const executor = async (first: number): Promise<void> => {
    for (let turn = first; performance.now() < endsAt; turn += numbers.callers) {
      await operation(turn);
      done++;
    }
  };
  const beganAt = performance.now();
  await Promise.all(Array.from({ length: numbers.callers }, (_, index) => executor(index)));
  return (done / (performance.now() - beganAt)) * 1000;
}

/** Pairs of accounts: of two shards, or with a key tag of one. */
function pairsOf(cluster: Cluster, together: boolean): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let index = 0; pairs.length < ACCOUNTS; index++) {
    const pair = together ? [`{${index}}a`, `{${index}}b`] : [`a:${index}`, `b:${index}`];
    const shards = new Set(pair.map((key) => cluster.executor.shardOf(key)));
    if ((shards.size === 1) === together) pairs.push([pair[0]!, pair[1]!]);
  }
  return pairs;
}

function transferBetween(cluster: Cluster, pairs: readonly (readonly [string, string])[]): Operation {
  return (turn) => {
    const [from, to] = pairs[turn % pairs.length]!;
    return cluster.transaction({
      then: [
        { increment: from, by: -1 },
        { increment: to, by: 1 },
      ],
    });
  };
}

/** Starts `background` transfers a second; returns how to stop, which tells how many were done. */
function inBackground(transfer: Operation): () => Promise<number> {
  const beganAt = performance.now();
  let stopped = false;
  const run = async (): Promise<number> => {
    const underWay: Promise<unknown>[] = [];
    while (!stopped) {
      const due = ((performance.now() - beganAt) / 1000) * numbers.background;
      while (underWay.length < due) underWay.push(transfer(underWay.length));
      await delay(5);
    }
    return (await Promise.all(underWay)).length;
  };
  const running = run();
  return () => {
    stopped = true;
    return running;
  };
}

async function watchMany(cluster: Cluster): Promise<Watcher[]> {
  const watchers = Array.from({ length: numbers.watchers }, (_, index) => cluster.watch({ key: `watched:${index}` }));
  await Promise.all(watchers.map(({ ready }) => ready));
  return watchers;
}

await using cluster = await Cluster.start({ hangLimitMs: HANG_LIMIT_MS });
await using watched = await Cluster.start({ hangLimitMs: HANG_LIMIT_MS });
const watchers = await watchMany(watched);

const put: Operation = (turn) => cluster.put(benchKey(turn % ACCOUNTS), benchValue(turn));
const putWatched: Operation = (turn) => watched.put(benchKey(turn % ACCOUNTS), benchValue(turn));
const twoShards = transferBetween(cluster, pairsOf(cluster, false));
const oneShard = transferBetween(cluster, pairsOf(cluster, true));

interface Round {
  readonly put: number;
  readonly oneShard: number;
  readonly twoShards: number;
  readonly beside: number;
  readonly watched: number;
}

async function measure(): Promise<Round> {
  const first = await throughput(put);
  const watchedRate = await throughput(putWatched);
  const oneRate = await throughput(oneShard);
  const twoRate = await throughput(twoShards);
  const stop = inBackground(twoShards);
  const beside = await throughput(put);
  await stop();
  // Of two measures of the same, the mean: a machine that others use drifts within a round.
  const last = await throughput(put);
  return { put: (first + last) / 2, oneShard: oneRate, twoShards: twoRate, beside, watched: watchedRate };
}

await measure();
const rounds: Round[] = [];
for (let round = 0; round < numbers.rounds; round++) rounds.push(await measure());
for (const watcher of watchers) watcher.close();

const rateOf = (what: keyof Round): number => Math.round(medianOf(rounds.map((round) => round[what])));
const ratio = (of: (round: Round) => number): number => Math.round(medianOf(rounds.map(of)) * 100) / 100;
const twoTime = ratio((round) => round.put / round.twoShards);
const oneTime = ratio((round) => round.put / round.oneShard);
const beside = ratio((round) => round.beside / round.put);
const besideWatchers = ratio((round) => round.watched / round.put);
printReport(
  {
    title: `transactions and watches against puts; ${numbers.callers} callers, ${numbers.rounds} rounds of ${numbers.ms} ms`,
    rows: [
      ['', 'per second', 'ratio', 'target'],
      ['put', rateOf('put'), '', ''],
      ['transfer between two shards, time', rateOf('twoShards'), twoTime, '<= 6'],
      ['transfer inside of one, time', rateOf('oneShard'), oneTime, '<= 1.5'],
      [`put beside ${numbers.background} transfers a second`, rateOf('beside'), beside, '>= 0.9'],
      [`put beside ${numbers.watchers} watchers`, rateOf('watched'), besideWatchers, '>= 0.95'],
    ],
    figures: { putsPerSecond: rateOf('put'), twoTime, oneTime, beside, besideWatchers },
    target: 'two shards <= 6, one shard <= 1.5, puts >= 0.9 beside transactions and >= 0.95 beside watchers',
    met: twoTime <= 6 && oneTime <= 1.5 && beside >= 0.9 && besideWatchers >= 0.95,
  },
  json,
);
