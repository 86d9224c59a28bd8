/**
 * Redis 7.0.15's own test suite against this server over a real cluster.
 *
 *   node --conditions=source --import tsx packages/server/test/redis-suite/run.ts [--chaos] [--durable] [--only unit/...]
 *
 * The suite comes from Debian's source package and is kept in the OS's temporary folder; it is not vendored. What it cannot
 * ask of us stands in skip.txt, each name with a reason. Exit code 0: every other test passed.
 *
 * --chaos    kills a node every 200 ms meanwhile, or as soon after as every shard has all its copies again
 * --durable  goes on after an unexpected error reply (counted as a failure) instead of ending the run
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster } from '@quintet/engine';
import { startServer } from '../../src/index.ts';
import { redisSource } from './redis-source.ts';

const UNITS = [
  ...['type/string', 'type/incr', 'keyspace', 'scan', 'expire', 'multi', 'pubsub', 'protocol', 'quit', 'info-command'],
  ...['other', 'bitops', 'introspection-2'],
].map((name) => `unit/${name}`);

/** What must be true of a server for a test to be run at all. */
const TAGS = [
  ...['needs:debug', 'needs:repl', 'needs:save', 'needs:config-maxmemory', 'needs:config-resetstat', 'needs:reset'],
  ...['needs:pfdebug', 'slow'],
].map((tag) => `-${tag}`);

const KILL_EVERY_MS = 200;

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** The names in skip.txt without their reasons, as the suite wants them. */
function writeSkipFile(): string {
  const lines = readFileSync(new URL('./skip.txt', import.meta.url), 'utf8').split('\n');
  const names = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const path = join(tmpdir(), `quintet-skip-${process.pid}.txt`);
  writeFileSync(path, names.map((name) => `${name}\n`).join(''));
  return path;
}

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

async function runSuite(folder: string, port: number): Promise<number> {
  const only = option('--only');
  const args = [
    ...['--host', '127.0.0.1', '--port', String(port), '--singledb', '--ignore-encoding', '--ignore-digest'],
    ...['--tags', TAGS.join(' '), '--skipfile', writeSkipFile()],
    ...(only === undefined ? UNITS : only.split(',')).flatMap((unit) => ['--single', unit]),
    ...(process.argv.includes('--durable') ? ['--durable'] : []),
  ];
  const child = spawn('./runtest', args, { cwd: folder, stdio: 'inherit' });
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}

const folder = redisSource();
const chaos = process.argv.includes('--chaos');
const cluster = await Cluster.start({ chaos: true });
const server = await startServer(cluster, { port: 0 });
const havoc = chaos ? wreak(cluster) : null;
const code = await runSuite(folder, server.port);
const kills = havoc?.stop();
if (kills !== undefined) console.log(`${kills} nodes killed meanwhile; ${cluster.status().counters.nodeDeaths} died`);
await server.close();
await cluster.close();
process.exitCode = code;
