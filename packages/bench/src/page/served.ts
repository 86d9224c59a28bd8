/**
 * Served: redis-benchmark against `kvctl serve`, against redis-server alone, and against one with a replica, in turns.
 *
 * Owns      the rounds, and the processor time of the servers: of all their threads and, of the pair, of both processes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { medianOf } from '../figures.ts';
import { runRedisBenchmark } from '../load/redis-benchmark-run.ts';
import { ServedCluster } from '../load/served-cluster.ts';
import { OwnRedis } from '../own-redis.ts';

export type ServerName = 'quintet' | 'redis' | 'redis with a replica';

export interface Workload {
  readonly test: 'set' | 'get' | 'incr' | 'mset';
  readonly pipeline: number;
  readonly requests: number;
}

export const WORKLOADS: readonly Workload[] = [
  ...(['set', 'get', 'incr'] as const).flatMap((test) => [
    { test, pipeline: 1, requests: 100_000 },
    { test, pipeline: 16, requests: 500_000 },
    { test, pipeline: 64, requests: 1_000_000 },
  ]),
  { test: 'mset', pipeline: 16, requests: 50_000 },
];

/** Of 100,000 keys hardly one is left out. */
const READ_ALL: Workload = { test: 'get', pipeline: 64, requests: 1_500_000 };

export interface ServedResult {
  readonly title: string;
  readonly rates: Readonly<Record<ServerName, number>>;
  /** Processor time of one request. */
  readonly cpuNs: Readonly<Record<ServerName, number>>;
  /** Our rate over that of Redis with a replica, round by round. */
  readonly ratios: readonly number[];
}

interface Server {
  readonly name: ServerName;
  readonly port: number;
  readonly pids: readonly number[];
}

interface Run {
  readonly rate: number;
  readonly cpuNs: number;
}

export async function measureServed(rounds: number, onRound: (round: number) => void): Promise<ServedResult[]> {
  await using ours = await ServedCluster.start();
  await using alone = await OwnRedis.start();
  await using pair = await OwnRedis.start();
  await using replica = await OwnRedis.start(pair);
  const servers: Server[] = [
    { name: 'quintet', port: ours.port, pids: [ours.pid] },
    { name: 'redis', port: alone.port, pids: [alone.pid] },
    { name: 'redis with a replica', port: pair.port, pids: [pair.pid, replica.pid] },
  ];
  // Every key is there, and was read before.
  for (const server of servers) {
    for (const test of ['set', 'get', 'get', 'get'] as const)
      await run(server, { test, pipeline: 64, requests: 1_000_000 });
  }
  const runs = WORKLOADS.map(() => new Map(servers.map(({ name }): [ServerName, Run[]] => [name, []])));
  for (let round = 0; round < rounds; round++) {
    onRound(round);
    for (const [at, workload] of WORKLOADS.entries()) {
      // The SETs of this round have driven out what was read before.
      if (workload.test === 'get' && workload.pipeline === 1)
        await Promise.all(servers.map((server) => run(server, READ_ALL)));
      for (const server of servers) runs[at]!.get(server.name)!.push(await run(server, workload));
    }
  }
  return WORKLOADS.map((workload, at) => resultOf(workload, runs[at]!));
}

async function run({ port, pids }: Server, { test, pipeline, requests }: Workload): Promise<Run> {
  const before = cpuNsOf(pids);
  const flags = ['-c', '50', '-d', '64', '-r', '100000', '-P', String(pipeline), '-n', String(requests)];
  const rates = await runRedisBenchmark(port, [test], flags);
  return { rate: [...rates.values()][0]!, cpuNs: (cpuNsOf(pids) - before) / requests };
}

/** Of all threads that live. NaN where the system does not tell (Linux does). */
function cpuNsOf(pids: readonly number[]): number {
  try {
    const tasks = pids.flatMap((pid) =>
      readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}/schedstat`),
    );
    return tasks.reduce((sum, file) => sum + Number(readFileSync(file, 'latin1').split(' ')[0]), 0);
  } catch {
    return Number.NaN;
  }
}

function resultOf({ test, pipeline }: Workload, runs: ReadonlyMap<ServerName, readonly Run[]>): ServedResult {
  const medians = (pick: (one: Run) => number): ServedResult['rates'] =>
    Object.fromEntries(
      [...runs].map(([name, list]) => [name, Math.round(medianOf(list.map(pick)))]),
    ) as ServedResult['rates'];
  const [ours, theirs] = [runs.get('quintet')!, runs.get('redis with a replica')!];
  return {
    title: `${test.toUpperCase()}${test === 'mset' ? ' of 10 keys' : ''}, -P ${pipeline}`,
    rates: medians(({ rate }) => rate),
    cpuNs: medians(({ cpuNs }) => cpuNs),
    ratios: ours.map(({ rate }, round) => rate / theirs[round]!.rate).toSorted((a, b) => a - b),
  };
}
