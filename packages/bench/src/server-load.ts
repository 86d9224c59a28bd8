/**
 * What one client's behaviour costs the others, and how much memory, beside redis-server under the same attack.
 *
 * Run    node --import tsx packages/bench/src/server-load.ts
 *        [--seconds 5] [--redis 1] [--only idle,pipeline,…] [--json]
 *        (against what is built: pnpm build first; with --conditions=source against the TypeScript)
 *        10,000 connections need as many open files in two processes: ulimit -n 12000 or more.
 *        needs redis-server on the PATH (Debian: apt-get install redis-server) unless --redis 0.
 * Shows  how long a prober, a client in a process of its own that asks for one small value after the other, ever waited:
 *        for some seconds without a load, then under the attack, from another process still; and the server's resident
 *        memory before the attack and at most. On a machine with few processors the three processes are in each other's
 *        way, whatever the server does: what redis-server lets its prober wait tells how much that is.
 * Target no wait above 50 ms; 10,000 idle connections within 200 MB.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { printReport, type Quantiles, type Row, rounded } from './figures.ts';
import { ATTACKS } from './load/attacks.ts';
import { Child, residentMb } from './load/child.ts';
import { OwnRedis } from './own-redis.ts';

const STALL_MAX_MS = 50;
const IDLE_MAX_MB = 200;
const SAMPLE_MS = 20;
const WARM_UP_MS = 1500;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    redis: { type: 'string', default: '1' },
    only: { type: 'string', default: Object.keys(ATTACKS).join(',') },
    json: { type: 'boolean', default: false },
  },
});
const windowMs = Number(values.seconds) * 1000;
const names = values.only.split(',');
const unknown = names.find((name) => !(name in ATTACKS));
if (unknown !== undefined)
  throw new Error(`there is no attack ${unknown}; known are ${Object.keys(ATTACKS).join(', ')}`);

interface Peer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

interface Figures {
  readonly attack: string;
  readonly server: string;
  readonly quiet: Quantiles;
  readonly attacked: Quantiles;
  readonly beforeMb: number;
  readonly mostMb: number;
  readonly done: string;
}

async function startOurs(name: string): Promise<Peer> {
  const child = await Child.start('serve', [JSON.stringify(ATTACKS[name]!.server ?? {})]);
  return { port: child.greeting as number, pid: child.pid, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

/** Watches a process's memory while `work` is done. */
async function mostMemory<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ readonly mb: number; readonly result: T }> {
  let mb = residentMb(pid);
  const timer = setInterval(() => {
    mb = Math.max(mb, residentMb(pid));
  }, SAMPLE_MS);
  try {
    const result = await work();
    return { mb: Math.max(mb, residentMb(pid)), result };
  } finally {
    clearInterval(timer);
  }
}

async function measure(name: string, server: string, peer: Peer): Promise<Figures> {
  const { title, ends } = ATTACKS[name]!;
  await using prober = await Child.start('prober', [String(peer.port)]);
  await delay(WARM_UP_MS);
  await prober.ask('begin');
  await delay(windowMs);
  const quiet = (await prober.ask('end')) as Quantiles;
  const beforeMb = residentMb(peer.pid);
  await using attacker = await Child.start('attacker', [name, String(peer.port)]);
  await prober.ask('begin');
  const { mb, result } = await mostMemory(peer.pid, async () => {
    const done = (await attacker.ask('go')) as string;
    if (!ends) await delay(windowMs);
    return done;
  });
  const attacked = (await prober.ask('end')) as Quantiles;
  return { attack: title, server, quiet, attacked, beforeMb: rounded(beforeMb), mostMb: rounded(mb), done: result };
}

const figures: Figures[] = [];
for (const name of names) {
  {
    await using ours = await startOurs(name);
    figures.push(await measure(name, 'quintet', ours));
  }
  if (values.redis === '0') continue;
  await using redis = await OwnRedis.start();
  figures.push(await measure(name, 'redis', await peerOf(redis)));
}

/** OwnRedis keeps its process to itself; it tells by INFO. */
async function peerOf(redis: OwnRedis): Promise<Peer> {
  const info = await redis.client.info('server');
  const field = (key: string): number => Number(new RegExp(`^${key}:(\\d+)`, 'm').exec(info)?.[1]);
  return { port: field('tcp_port'), pid: field('process_id'), [Symbol.asyncDispose]: () => Promise.resolve() };
}

const ours = figures.filter(({ server }) => server === 'quintet');
const idle = ours.find(({ attack }) => attack === ATTACKS.idle!.title);
const idleMb = idle === undefined ? 0 : idle.mostMb - idle.beforeMb;
const row = ({ attack, server, quiet, attacked, beforeMb, mostMb, done }: Figures): Row => [
  attack,
  server,
  `${quiet.p99} / ${quiet.max}`,
  `${attacked.p99} / ${attacked.max}`,
  beforeMb,
  mostMb,
  done,
];
printReport(
  {
    title: 'longest waits of another client, p99 / max ms; resident memory, MB',
    rows: [
      ['attack', 'server', 'no load', 'attacked', 'MB before', 'MB at most', 'what was done'],
      ...figures.map(row),
    ],
    figures: { windowMs, idleMb: rounded(idleMb), figures },
    target: `no wait above ${STALL_MAX_MS} ms, 10,000 idle connections within ${IDLE_MAX_MB} MB`,
    met: ours.every(({ attacked }) => attacked.max <= STALL_MAX_MS) && idleMb <= IDLE_MAX_MB,
  },
  values.json,
);
