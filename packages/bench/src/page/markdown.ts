/** The page itself, from what was measured. */
import type { PeerName } from '../load/peer.ts';
import type { CallResult } from './embedded.ts';
import { grouped } from './plot.ts';
import type { ServedResult } from './served.ts';

export interface Machine {
  readonly processor: string;
  readonly memoryGib: number;
  readonly node: string;
  readonly redis: string;
  readonly loadBefore: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly keys: number;
}

const TITLES: Readonly<Record<PeerName, string>> = {
  quintet: 'Quintet',
  ioredis: 'ioredis',
  keyv: 'keyv 5',
  lmdb: 'lmdb 3',
  bare: 'bare prototype',
};

export function benchmarksPage(
  machine: Machine,
  names: readonly PeerName[],
  embedded: readonly CallResult[],
  served: readonly ServedResult[],
): string {
  return `# Benchmarks

\`make bench\` measures this on your machine and writes this page. Here: ${machine.processor}, ${machine.memoryGib} GiB, Node ${machine.node},
redis-server ${machine.redis}; load before the run ${machine.loadBefore}. All peers run in every round, one after the other; figures are medians of ${machine.rounds} rounds.
Absolute numbers move with the machine: compare within a line. In brackets the least and the greatest of the rounds.

What is unequal:

- **Copies.** A put or SET of Quintet is on two nodes when it is answered. Redis answers when it is on one (no \`WAIT\`); with a replica it
  sends it on, unconfirmed. keyv is a \`Map\` behind promises, lmdb one file (\`noSync\`): one copy each.
- **Processes.** Redis is another process, so a client pays the way there. Embedded Quintet, keyv and lmdb are in the caller's process;
  Quintet's nodes are threads of their own.
- **Processors.** Redis uses one of them for most of its work; Quintet six threads. Where processors are few, Quintet's threads share
  them with the client: that is why processor time stands beside the rates.
- **What survives.** Of Quintet data survives the loss of any node, and not that of the process: keep Redis with a disk for that today.

## Embedded

${machine.keys.toLocaleString('en-US')} keys of 16 bytes, values of 64; each caller awaits its answer before it calls again. ioredis pipelines automatically. Gets are of keys read
before, hot ones zipfian (0.99). Calls a second:

![calls a second](benchmarks/embedded.svg)

${embeddedTable(names, embedded)}

Processor time of the calling thread for one call, in ns (of ioredis and Quintet other processes and threads work too):

${cpuTable(names, embedded)}

## As a Redis

\`redis-benchmark -c 50 -d 64 -r 100000\`, of keys that are there and were read before. Requests a second:

![requests a second](benchmarks/served.svg)

${servedTable(served)}

Processor time of one request, in µs: of all threads of \`kvctl serve\`, and of Redis and its replica together:

${servedCpuTable(served)}
`;
}

function embeddedTable(names: readonly PeerName[], results: readonly CallResult[]): string {
  const rows = results.map(({ title, rates, ratios }) => [
    title,
    ...names.map((name) => grouped(rates[name]!)),
    withSpread(ratios),
  ]);
  return markdownTable(['', ...names.map((name) => TITLES[name]), 'x ioredis'], rows);
}

function cpuTable(names: readonly PeerName[], results: readonly CallResult[]): string {
  const rows = results.map(({ title, cpuNs }) => [title, ...names.map((name) => grouped(cpuNs[name]!))]);
  return markdownTable(['', ...names.map((name) => TITLES[name])], rows);
}

function servedTable(results: readonly ServedResult[]): string {
  const rows = results.map(({ title, rates, ratios }) => [
    title,
    grouped(rates.redis),
    grouped(rates['redis with a replica']),
    grouped(rates.quintet),
    withSpread(ratios),
  ]);
  return markdownTable(['', 'Redis', 'Redis with a replica', 'Quintet', 'x Redis with a replica'], rows);
}

function servedCpuTable(results: readonly ServedResult[]): string {
  const rows = results.map(({ title, cpuNs }) => [
    title,
    microseconds(cpuNs['redis with a replica']),
    microseconds(cpuNs.quintet),
    (cpuNs.quintet / cpuNs['redis with a replica']).toFixed(1),
  ]);
  return markdownTable(['', 'Redis with a replica', 'Quintet', 'x'], rows);
}

function microseconds(ns: number): string {
  return (ns / 1000).toFixed(1);
}

/** The median, and the ends of the rounds. */
function withSpread(ratios: readonly number[]): string {
  const [least, middle, most] = [ratios[0]!, ratios[ratios.length >> 1]!, ratios.at(-1)!];
  return `**${digits(middle)}** (${digits(least)}–${digits(most)})`;
}

function digits(ratio: number): string {
  return ratio.toFixed(ratio < 10 ? 2 : 0);
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = `|---|${head
    .slice(1)
    .map(() => '---:|')
    .join('')}`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
