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
 * Fair   Every caller awaits its answer before it calls again. Each peer has a process of its own: in one process the
 *        garbage and the compiled code of one slow down the others. All peers run in every round, in turns, so that a
 *        busy machine hits all; figures are medians. A put of ours is on two nodes when it is answered; Redis' SET is on
 *        one (no WAIT).
 * Target puts at 1,000 callers >= 4 x SET.
 */
import { medianOf, printReport, type Row, readNumbers, rounded } from './figures.ts';
import { Child } from './load/child.ts';
import type { Answer, PeerName, Question } from './load/peer.ts';

const CALLERS = [1, 50, 1000];
const VERBS = ['put', 'get'] as const;
/** For the compilers: figures rise over the first seconds of a process. */
const WARM_UP_ROUNDS = 3;
const { numbers, json } = readNumbers({ rounds: 5, seconds: 1, keys: 100_000 });

type Peer = Exclude<PeerName, 'lmdb' | 'keyv'>;

interface Contest {
  readonly verb: Question['verb'];
  readonly callers: number;
  readonly rates: Readonly<Record<Peer, number[]>>;
}

const startPeer = (name: PeerName): Promise<Child> => Child.start('peer', [name, String(numbers.keys)]);
await using quintet = await startPeer('quintet');
await using ioredis = await startPeer('ioredis');
await using bare = await startPeer('bare');
const peers = Object.entries({ quintet, ioredis, bare }) as [Peer, Child][];

const contests = CALLERS.flatMap((callers) =>
  VERBS.map((verb): Contest => ({ verb, callers, rates: { quintet: [], ioredis: [], bare: [] } })),
);
for (let round = -WARM_UP_ROUNDS; round < numbers.rounds; round++) {
  for (const { verb, callers, rates } of contests) {
    for (const [name, peer] of peers) {
      const { rate } = (await peer.ask({ verb, callers, seconds: numbers.seconds } satisfies Question)) as Answer;
      if (round >= 0) rates[name].push(rate);
    }
  }
}

const results = contests.map(({ verb, callers, rates }) => {
  const rateOf = (name: Peer): number => Math.round(medianOf(rates[name]));
  const [ours, theirs, least] = [rateOf('quintet'), rateOf('ioredis'), rateOf('bare')];
  return {
    verb,
    callers,
    quintet: ours,
    ioredis: theirs,
    bare: least,
    ratio: rounded(ours / theirs),
    bareRatio: rounded(least / theirs),
  };
});
const decisive = results.find(({ verb, callers }) => verb === 'put' && callers === 1000)!;
printReport(
  {
    title: `calls/s, median of ${numbers.rounds} interleaved rounds; ${numbers.keys} keys of 16 + 64 bytes`,
    rows: [
      ['verb, callers', 'ioredis (1 copy)', 'quintet (2 copies)', 'x ioredis', 'bare prototype', 'x ioredis'],
      ...results.map(
        ({ verb, callers, quintet, ioredis, bare, ratio, bareRatio }): Row => [
          `${verb} ${callers}`,
          ioredis,
          quintet,
          ratio,
          bare,
          bareRatio,
        ],
      ),
    ],
    figures: { results },
    target: 'put at 1000 callers >= 4 x ioredis SET',
    met: decisive.ratio >= 4,
  },
  json,
);
