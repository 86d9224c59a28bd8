/**
 * One put, one get and one RESP SET, by the files and functions they touch, in all threads together.
 *
 * Run    node --conditions=source --import tsx packages/bench/src/walk.ts [--list]
 *        (the TypeScript: what is built has all of a node in one file)
 * Counts a function that was called in nearly every one of SAMPLES windows around one call each, in threads that the call went
 *        through: what timers do meanwhile is in few of them. Those of the call's own turns (batches, flushes) are in.
 * Target a put: 40 files, 140 functions; a RESP SET: 48 files.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { Cluster } from '@quintet/engine';
import { startServer } from '@quintet/server';

const SAMPLES = 30;
/** Of the samples, in how many a function must be. */
const SHARE = 0.9;
const WARM_UP = 300;

interface Told {
  readonly number: number;
  readonly threadId: number;
  readonly called: readonly string[];
}

const probe = new URL('walk-probe.mjs', import.meta.url).href;
const takeCalled = (globalThis as { walkTakeCalled?: () => string[] }).walkTakeCalled;
if (takeCalled === undefined) {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  // Nodes are given none of the options of the command line, but read the environment.
  const env = {
    ...process.env,
    QUINTET_NODES: 'files',
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import ${probe}`,
  };
  process.exit(spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1);
}

const NODES = 5;
const channel = new BroadcastChannel('walk');
let takes = 0;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What was called since the last time, by thread: the main thread is 0. */
async function take(): Promise<Map<number, readonly string[]>> {
  const number = ++takes;
  const told = new Map<number, readonly string[]>();
  const all = new Promise<void>((resolve) => {
    channel.onmessage = (event) => {
      const message = (event as { readonly data: Told }).data;
      if (message.number !== number) return;
      told.set(message.threadId, message.called);
      // The nodes and the spare.
      if (told.size === NODES + 1) resolve();
    };
  });
  told.set(0, takeCalled!());
  channel.postMessage({ take: number });
  await Promise.race([all, pause(1000)]);
  return told;
}

interface Walk {
  readonly name: string;
  readonly files: readonly string[];
  readonly functions: readonly string[];
  readonly byThread: string;
}

async function walk(name: string, call: () => Promise<unknown>): Promise<Walk> {
  for (let count = 0; count < WARM_UP; count++) await call();
  const seen = new Map<string, number>();
  const places = new Map<number, Set<string>>();
  for (let sample = 0; sample < SAMPLES; sample++) {
    await take();
    await call();
    const inSample = new Set<string>();
    for (const [thread, called] of await take()) {
      if (!called.some((place) => place.includes('/codec/decoder.ts'))) continue;
      for (const place of called) inSample.add(place);
      if (sample === SAMPLES - 1) places.set(thread, new Set(called));
    }
    for (const place of inSample) seen.set(place, (seen.get(place) ?? 0) + 1);
  }
  const functions = [...seen].filter(([, count]) => count >= SAMPLES * SHARE).map(([place]) => place);
  const files = [...new Set(functions.map(fileOf))].sort();
  const counts = [...places].map(([thread, called]) => {
    const own = functions.filter((place) => called.has(place));
    return { thread, files: new Set(own.map(fileOf)).size, functions: own.length };
  });
  const busy = counts.filter((count) => count.functions > 0).sort((one, other) => other.functions - one.functions);
  const byThread = busy.map((count) => `${count.files}/${count.functions}`).join(' ');
  return { name, files, functions: functions.sort(), byThread };
}

const fileOf = (place: string): string => place.slice(0, place.indexOf(' '));

const cluster = await Cluster.start({ nodes: NODES, hangLimitMs: 60_000 });
await cluster.settled();
const server = await startServer(cluster, { port: 0 });
const client = connect(server.port, server.host);
await once(client, 'connect');
const say = async (text: string): Promise<void> => {
  client.write(text);
  await once(client, 'data');
};
await pause(1000);

const walks = [
  await walk('put', () => cluster.put('key', 'value')),
  await walk('get', () => cluster.get('key')),
  await walk('RESP SET', () => say('*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n')),
  await walk('RESP GET', () => say('*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n')),
];
for (const { name, files, functions, byThread } of walks) {
  const server = files.filter((file) => file.startsWith('server/')).length;
  console.log(
    `${name}: ${files.length} files (${files.length - server} engine, ${server} server), ${functions.length} functions; ` +
      `threads, files/functions: ${byThread}`,
  );
  if (process.argv.includes('--list')) for (const place of functions) console.log(`  ${place}`);
}
channel.close();
client.destroy();
await server.close();
await cluster.close();
