/**
 * Reads of an embedded cluster of keys that were read before, beside ioredis with automatic pipelining on a Redis of its own, lmdb, and
 * keyv in memory, both in the caller's thread: of all keys alike, and of hot ones (zipfian, 0.99).
 *
 * Run    node --import tsx packages/bench/src/hot-reads.ts [--rounds 5] [--seconds 1] [--keys 100000] [--json]
 *        (against the built engine: pnpm build first)
 *        needs redis-server on the PATH; lmdb and keyv are no dependencies: npm install lmdb@3 keyv@5 in a folder, and name it in
 *        PEERS. Without it they are left out.
 * Fair   as embedded-vs-redis.ts. lmdb's get is synchronous, and is awaited here as all others are.
 * CPU    of the calling thread, for one get: where other programs run beside, the ratio of that holds and the one of rates does not.
 * Target of all keys at 1, 50 and 1,000 callers >= 6, 4 and 8 x ioredis, of hot ones at 1,000 >= 20 x; of all keys at 1,000 callers >= 1 x
 *        lmdb and >= 2.5 x keyv.
 */
import { medianOf, printReport, type Row, readNumbers, rounded } from './figures.ts';
import { Child } from './load/child.ts';
import type { Answer, PeerName, Question } from './load/peer.ts';

const CALLERS = [1, 50, 1000];
const WARM_UP_ROUNDS = 2;
const { numbers, json } = readNumbers({ rounds: 5, seconds: 1, keys: 100_000 });
const folder = process.env.PEERS;
const names: PeerName[] = folder === undefined ? ['quintet', 'ioredis'] : ['quintet', 'ioredis', 'lmdb', 'keyv'];

const peers = new Map<PeerName, Child>();
for (const name of names) peers.set(name, await Child.start('peer', [name, String(numbers.keys), folder ?? '.']));
const contests = [false, true].flatMap((hot) =>
  CALLERS.map((callers) => ({ hot, callers, answers: new Map(names.map((name): [PeerName, Answer[]] => [name, []])) })),
);
for (let round = -WARM_UP_ROUNDS; round < numbers.rounds; round++) {
  for (const { hot, callers, answers } of contests) {
    for (const [name, peer] of peers) {
      const answer = (await peer.ask({
        verb: 'get',
        callers,
        seconds: numbers.seconds,
        hot,
      } satisfies Question)) as Answer;
      if (round >= 0) answers.get(name)!.push(answer);
    }
  }
}
for (const peer of peers.values()) await peer[Symbol.asyncDispose]();

interface Ratio {
  readonly rate: number;
  readonly cpu: number;
}
type Contest = { hot: boolean; callers: number; quintet: number; cpuNs: number } & Partial<Record<PeerName, Ratio>>;

const results = contests.map(({ hot, callers, answers }) => {
  const ours = answers.get('quintet')!;
  // Of the same round: a busy machine hits both.
  const ratioTo = (name: PeerName): Ratio => {
    const theirs = answers.get(name)!;
    const rate = medianOf(ours.map((one, round) => one.rate / theirs[round]!.rate));
    const cpu = medianOf(ours.map((one, round) => theirs[round]!.cpuNs / one.cpuNs));
    return { rate: rounded(rate), cpu: rounded(cpu) };
  };
  const [quintet, cpuNs] = [medianOf(ours.map(({ rate }) => rate)), medianOf(ours.map((one) => one.cpuNs))];
  const ratios = Object.fromEntries(names.slice(1).map((name) => [name, ratioTo(name)]));
  return { hot, callers, quintet: Math.round(quintet), cpuNs: Math.round(cpuNs), ...ratios } as Contest;
});

const at = (callers: number, hot: boolean) => results.find((one) => one.callers === callers && one.hot === hot)!;
const beats = (callers: number, hot: boolean, name: PeerName, times: number): boolean => {
  return (at(callers, hot)[name]?.rate ?? times) >= times;
};
const ofAll = beats(1, false, 'ioredis', 6) && beats(50, false, 'ioredis', 4) && beats(1000, false, 'ioredis', 8);
const inThread = beats(1000, false, 'lmdb', 1) && beats(1000, false, 'keyv', 2.5);
printReport(
  {
    title: `gets/s of keys read before beside other peers, medians of ${numbers.rounds} interleaved rounds; ${numbers.keys} keys of 16 + 64 bytes`,
    rows: [
      ['keys, callers', 'gets/s', 'ns of CPU', ...names.slice(1).flatMap((name) => [`x ${name}`, 'by CPU'])],
      ...results.map(
        (result): Row => [
          `${result.hot ? 'hot' : 'all'} ${result.callers}`,
          result.quintet,
          result.cpuNs,
          ...names.slice(1).flatMap((name) => [result[name]!.rate, result[name]!.cpu]),
        ],
      ),
    ],
    figures: { results },
    target: 'x ioredis >= 6, 4, 8 of all keys, >= 20 of hot ones; at 1,000 callers x lmdb >= 1, x keyv >= 2.5',
    met: ofAll && beats(1000, true, 'ioredis', 20) && inThread,
  },
  json,
);
