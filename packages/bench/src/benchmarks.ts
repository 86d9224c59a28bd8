/**
 * The page of benchmarks: Quintet beside what it is compared with, in one run on one machine, as docs/benchmarks.md and its plots.
 *
 * Run    make bench                    or   node --import tsx packages/bench/src/benchmarks.ts
 *        [--rounds 5] [--seconds 1] [--keys 100000] [--json]       some 12 minutes; --rounds 1 --seconds 0.3 to see it work
 *        needs redis-server and redis-benchmark on the PATH (Debian: apt-get install redis-server redis-tools); of npm it takes lmdb and
 *        keyv, which are no dependencies, into a temporary folder: PEERS names one where they are. What is missing is left out.
 * Fair   what is unequal stands on the page. A busy machine makes figures worthless: the load stands beside them.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { readNumbers, rounded } from './figures.ts';
import type { PeerName } from './load/peer.ts';
import { type CallResult, measureEmbedded } from './page/embedded.ts';
import { benchmarksPage, type Machine } from './page/markdown.ts';
import { barPlot } from './page/plot.ts';
import { measureServed, type ServedResult } from './page/served.ts';

const DOCS = new URL('../../../docs/', import.meta.url);
const { numbers, json } = readNumbers({ rounds: 5, seconds: 1, keys: 100_000 });
const tell = (what: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
};

function installed(): { folder: string; names: PeerName[] } {
  if (process.env.PEERS !== undefined)
    return { folder: process.env.PEERS, names: ['ioredis', 'keyv', 'lmdb', 'quintet'] };
  const folder = mkdtempSync(join(tmpdir(), 'quintet-peers-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const { status } = spawnSync('npm', [
    'install',
    '--prefix',
    folder,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    'lmdb@3',
    'keyv@5',
  ]);
  if (status !== 0) process.stderr.write('lmdb and keyv could not be installed: they are left out\n');
  return { folder, names: status === 0 ? ['ioredis', 'keyv', 'lmdb', 'quintet'] : ['ioredis', 'quintet'] };
}

const version = (command: string): string =>
  /\d+\.\d+\.\d+/.exec(spawnSync(command, ['--version']).stdout?.toString() ?? '')?.[0] ?? '?';
const loadBefore = rounded(loadavg()[0]!);
const { folder, names } = installed();
const embedded = await measureEmbedded({
  ...{ names, folder, keys: numbers.keys, rounds: numbers.rounds, seconds: numbers.seconds },
  onRound: (verb, round) =>
    tell(`embedded, ${verb}s: ${round < 0 ? 'warming up' : `round ${round + 1} of ${numbers.rounds}`}`),
});
const served = await measureServed(numbers.rounds, (round) => tell(`served: round ${round + 1} of ${numbers.rounds}`));
tell('');
const machine: Machine = {
  processor: `${cpus().length} x ${cpus()[0]!.model.trim()}`,
  memoryGib: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  redis: version('redis-server'),
  loadBefore,
  rounds: numbers.rounds,
  seconds: numbers.seconds,
  keys: numbers.keys,
};
if (json) process.stdout.write(`${JSON.stringify({ machine, embedded, served })}\n`);
else writePage();

function writePage(): void {
  mkdirSync(new URL('benchmarks/', DOCS), { recursive: true });
  writeFileSync(new URL('benchmarks/embedded.svg', DOCS), embeddedPlot(embedded));
  writeFileSync(new URL('benchmarks/served.svg', DOCS), servedPlot(served));
  const page = benchmarksPage(machine, names, embedded, served);
  writeFileSync(new URL('benchmarks.md', DOCS), page);
  process.stdout.write(page);
}

function embeddedPlot(results: readonly CallResult[]): string {
  const groups = results.map(({ title, rates }) => ({
    title,
    bars: names.map((name) => ({ label: name, value: thousands(rates[name]!), ours: name === 'quintet' })),
  }));
  return barPlot('Embedded: calls a second, in thousands', ' k', groups);
}

function servedPlot(results: readonly ServedResult[]): string {
  const groups = results.map(({ title, rates }) => ({
    title,
    bars: Object.entries(rates).map(([label, rate]) => ({ label, value: thousands(rate), ours: label === 'quintet' })),
  }));
  return barPlot('Served: requests a second, in thousands', ' k', groups);
}

function thousands(rate: number): number {
  return rate < 10_000 ? rounded(rate / 1000) : Math.round(rate / 1000);
}
