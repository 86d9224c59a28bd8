/**
 * One peer of embedded-vs-redis or hot-reads in a process of its own, filled. Arguments: its name, the number of keys, and for lmdb and
 * keyv the folder they are installed in. Asked for a verb and a number of callers, it says how many calls a second they made, each
 * awaiting its own answers.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Cluster } from '@quintet/engine';
import { BarePrototype } from '../bare-prototype.ts';
import { benchKey, benchValue } from '../mixed-load.ts';
import { OwnRedis } from '../own-redis.ts';

/** Who can be asked. */
export type PeerName = 'quintet' | 'ioredis' | 'bare' | 'lmdb' | 'keyv';
/** What it is asked. */
export interface Question {
  readonly verb: 'put' | 'get';
  readonly callers: number;
  readonly seconds: number;
  /** Few keys get most of the calls: zipfian, 0.99. Else all get the same. */
  readonly hot?: boolean;
}

/** What it says: calls a second, and what one took of the calling thread's processor time (NaN where the system does not tell). */
export interface Answer {
  readonly rate: number;
  readonly cpuNs: number;
}

type Call = (key: string) => Promise<unknown>;
type Calls = Readonly<Record<Question['verb'], Call>>;

const CALLERS_OF_FILL = 1000;

const [name, keyCount, folder = '.'] = process.argv.slice(2);
const keys = Array.from({ length: Number(keyCount) }, (_, index) => benchKey(index));
const value = benchValue(7);
const PEERS: Readonly<Record<PeerName, () => Promise<Calls>>> = {
  async quintet() {
    const cluster = await Cluster.start();
    return { put: (key) => cluster.put(key, value), get: (key) => cluster.get(key) };
  },
  async ioredis() {
    const { client } = await OwnRedis.start();
    return { put: (key) => client.set(key, value), get: (key) => client.get(key) };
  },
  async bare() {
    const prototype = new BarePrototype();
    return { put: (key) => prototype.put(key, value), get: (key) => prototype.get(key) };
  },
  async lmdb() {
    const path = mkdtempSync(join(tmpdir(), 'quintet-bench-'));
    process.once('exit', () => rmSync(path, { recursive: true }));
    const { open } = await load<{ open(options: object): LmdbLike }>('lmdb');
    const db = open({ path, noSync: true });
    return { put: (key) => db.put(key, value), get: async (key) => db.get(key) };
  },
  async keyv() {
    const { Keyv } = await load<{ Keyv: new () => KeyvLike }>('keyv');
    const keyv = new Keyv();
    return { put: (key) => keyv.set(key, value), get: (key) => keyv.get(key) };
  },
};

interface LmdbLike {
  put(key: string, value: string): Promise<unknown>;
  get(key: string): unknown;
}
interface KeyvLike {
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
}

/** A package that is no dependency of ours. */
async function load<M>(package_: string): Promise<M> {
  const file = createRequire(resolve(folder, 'package.json')).resolve(package_);
  return (await import(pathToFileURL(file).href)) as M;
}

const calls = await PEERS[name as PeerName]();
for (let at = 0; at < keys.length; at += CALLERS_OF_FILL) {
  await Promise.all(keys.slice(at, at + CALLERS_OF_FILL).map(calls.put));
}
process.on('message', async (question: Question) => process.send!(await rateOf(question)));
// SIGTERM would leave a Redis behind: what ends it waits for 'exit'.
process.once('SIGTERM', () => process.exit());
process.once('disconnect', () => process.exit());
process.send!('filled');

/** Numbers of keys in the order they are asked for: drawn once, the same for every peer. */
const ORDER_LENGTH = 1 << 16;
const ordersByHeat = new Map<boolean, Int32Array>();

function orderOf(hot: boolean): Int32Array {
  const known = ordersByHeat.get(hot);
  if (known !== undefined) return known;
  const sums = new Float64Array(keys.length);
  for (let at = 0, sum = 0; at < keys.length; at++) sums[at] = sum += hot ? (at + 1) ** -0.99 : 1;
  const order = new Int32Array(ORDER_LENGTH);
  let state = 1;
  for (let at = 0; at < ORDER_LENGTH; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    order[at] = placeOf(sums, (state / 2 ** 32) * sums[keys.length - 1]!);
  }
  ordersByHeat.set(hot, order);
  return order;
}

/** The first sum that is at least so much. */
function placeOf(sums: Float64Array, wanted: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function rateOf({ verb, callers, seconds, hot = false }: Question): Promise<Answer> {
  const order = orderOf(hot);
  const call = calls[verb];
  const cpuBefore = cpuNs();
  const beganAt = performance.now();
  const endAt = beganAt + seconds * 1000;
  let done = 0;
  const loop = async (executor: number): Promise<void> => {
    for (let at = executor * 97; performance.now() < endAt; at++) {
      await call(keys[order[at & (ORDER_LENGTH - 1)]!]!);
      done++;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, executor) => loop(executor)));
  return { rate: (done / (performance.now() - beganAt)) * 1000, cpuNs: (cpuNs() - cpuBefore) / done };
}

function cpuNs(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]);
  } catch {
    return Number.NaN;
  }
}
