/**
 * Redis 7.0.15's own test suite against this server over a real cluster, and against another while nodes are being killed. Both at
 * once, each in a process of its own: the suite is one client that waits for one answer after the other.
 *
 *   pnpm redis-suite [--calm | --chaos] [--durable] [--verbose] [--only unit/...,unit/...]
 *
 * The suite comes from Debian's source package and is kept in the OS's temporary folder; it is not vendored. What it cannot
 * ask of us stands in skip.txt, each name with a reason. Exit code 0: every other test passed.
 *
 * --calm     only without kills
 * --chaos    only with: a node every 200 ms, or as soon after as every shard has all its copies again
 * --durable  goes on after an unexpected error reply (counted as a failure) instead of ending the run
 * --verbose  shows every test
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Cluster } from '@quintet/engine';
import { startServer } from '../../src/index.ts';
import { redisSource } from './redis-source.ts';
import { staleNames } from './skip-list.ts';
import { runSuite } from './suite.ts';

const KILL_EVERY_MS = 200;

/** Kills seats in turn while every shard has another copy to go on with. */
function wreak(cluster: Cluster): { stop(): number } {
  let kills = 0;
  const timer = setInterval(() => {
    const { health, nodes } = cluster.status();
    const up = nodes.filter((node) => node.health === 'up');
    if (health !== 'ok' || up.length === 0) return;
    cluster.chaos.kill(up[kills++ % up.length]!.node);
  }, KILL_EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return kills;
    },
  };
}

const flag = { type: 'boolean' } as const;
const { values } = parseArgs({
  options: { calm: flag, chaos: flag, durable: flag, verbose: flag, only: { type: 'string' } },
});
const folder = redisSource();

async function runOnce(chaos: boolean): Promise<boolean> {
  const startedAt = performance.now();
  const cluster = await Cluster.start({ chaos: true });
  const server = await startServer(cluster, { port: 0 });
  const havoc = chaos ? wreak(cluster) : null;
  const { durable = false, verbose = false, only } = values;
  const result = await runSuite({ folder, port: server.port, durable, verbose, chaos, units: only?.split(',') });
  const kills = havoc?.stop();
  await server.close();
  await cluster.close();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const counts = `${result.passed} ok, ${result.skipped.size} skipped by name, ${result.ignored} by tag`;
  const deaths = kills === undefined ? '' : `, ${kills} nodes killed meanwhile`;
  console.log(`redis suite: ${counts}${deaths}; ${seconds} s, exit code ${result.exitCode}`);
  const stale = only === undefined ? staleNames(result.skipped) : [];
  for (const name of stale) console.error(`skip.txt names a test that is not there: ${name}`);
  return result.exitCode === 0 && result.passed > 0 && stale.length === 0;
}

/** This program with `--calm` or `--chaos`; its lines begin with that word. */
async function runMode(mode: 'calm' | 'chaos'): Promise<boolean> {
  const others = process.argv.slice(2).filter((arg) => arg !== '--calm' && arg !== '--chaos');
  const args = [...process.execArgv, process.argv[1]!, `--${mode}`, ...others];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  createInterface(child.stdout).on('line', (line) => console.log(`${mode}: ${line}`));
  createInterface(child.stderr).on('line', (line) => console.error(`${mode}: ${line}`));
  const [code] = await once(child, 'close');
  return code === 0;
}

const { calm, chaos } = values;
const passed =
  calm !== chaos ? [await runOnce(chaos === true)] : await Promise.all([runMode('calm'), runMode('chaos')]);
if (passed.includes(false)) process.exitCode = 1;
