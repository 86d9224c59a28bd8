/**
 * Embedded: calls of one process to a cluster in it, beside ioredis on a Redis of its own, and keyv and lmdb in the caller's thread.
 *
 * Owns      the rounds. Every peer has a process of its own and runs in every round, in turns.
 */
import { medianOf } from '../figures.ts';
import { Child } from '../load/child.ts';
import type { Answer, PeerName, Question } from '../load/peer.ts';

export interface Call {
  readonly title: string;
  readonly question: Omit<Question, 'seconds'>;
}

export const CALLS: readonly Call[] = [
  ...[1, 50, 1000].map((callers): Call => ({ title: `put, ${named(callers)}`, question: { verb: 'put', callers } })),
  ...[1, 50, 1000].map((callers): Call => ({ title: `get, ${named(callers)}`, question: { verb: 'get', callers } })),
  { title: 'get of hot keys, 1,000 callers', question: { verb: 'get', callers: 1000, hot: true } },
];

function named(callers: number): string {
  return callers === 1 ? 'one caller' : `${callers.toLocaleString('en-US')} callers`;
}

/** Of one kind of call: medians by peer, and the spread of our rate over that of ioredis, round by round. */
export interface CallResult {
  readonly title: string;
  readonly rates: Readonly<Partial<Record<PeerName, number>>>;
  readonly cpuNs: Readonly<Partial<Record<PeerName, number>>>;
  readonly ratios: readonly number[];
}

export interface EmbeddedTerms {
  readonly names: readonly PeerName[];
  readonly folder: string;
  readonly keys: number;
  readonly rounds: number;
  readonly seconds: number;
  onRound(verb: Question['verb'], round: number): void;
}

const WARM_UP_ROUNDS = 2;

export async function measureEmbedded({
  names,
  folder,
  keys,
  rounds,
  seconds,
  onRound,
}: EmbeddedTerms): Promise<CallResult[]> {
  const peers = new Map<PeerName, Child>();
  for (const name of names) peers.set(name, await Child.start('peer', [name, String(keys), folder]));
  const answers = CALLS.map(() => new Map(names.map((name): [PeerName, Answer[]] => [name, []])));
  // Gets first: what is written is no longer a key that was read before.
  for (const verb of ['get', 'put'] as const) {
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      onRound(verb, round);
      for (const [at, { question }] of CALLS.entries()) {
        if (question.verb !== verb) continue;
        for (const [name, peer] of peers) {
          const answer = (await peer.ask({ ...question, seconds } satisfies Question)) as Answer;
          if (round >= 0) answers[at]!.get(name)!.push(answer);
        }
      }
    }
  }
  for (const peer of peers.values()) await peer[Symbol.asyncDispose]();
  return CALLS.map(({ title }, at) => resultOf(title, answers[at]!));
}

function resultOf(title: string, answers: ReadonlyMap<PeerName, readonly Answer[]>): CallResult {
  const medians = (pick: (answer: Answer) => number): CallResult['rates'] =>
    Object.fromEntries([...answers].map(([name, list]) => [name, Math.round(medianOf(list.map(pick)))]));
  const [ours, theirs] = [answers.get('quintet')!, answers.get('ioredis')!];
  return {
    title,
    rates: medians(({ rate }) => rate),
    cpuNs: medians(({ cpuNs }) => cpuNs),
    ratios: ours.map(({ rate }, round) => rate / theirs[round]!.rate).toSorted((a, b) => a - b),
  };
}
