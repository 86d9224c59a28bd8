/**
 * Canary: the checks of the chaos script against stores that lie. A check that finds nothing here would find nothing
 * anywhere.
 *
 *   node --conditions=source --import tsx scripts/chaos/canary.ts
 *
 * Each lie goes between the callers and a healthy cluster, one call in a hundred; the honest store must pass, every lie
 * must be found. Exit 1 if not.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster, type Key, type Store } from '@quintet/engine';
import { monotonicNs, Prng } from '@quintet/testkit';
import { CallLog } from './call-log.ts';
import { LoadCaller } from './caller.ts';
import type { Finding } from './evidence.ts';
import { Lives } from './lives.ts';
import { prove, vouchedOnce } from './proof.ts';
import { readRemains, sharedKeys } from './remains.ts';

const CALLERS = 16;
const LOAD_MS = 700;
const prng = new Prng('canary');
const lies = (): boolean => prng.chance(0.01);

interface Lie {
  readonly name: string;
  readonly expected: Finding['kind'] | null;
  overrides(store: Store): Partial<Store>;
}

const LIES: readonly Lie[] = [
  { name: 'none', expected: null, overrides: () => ({}) },
  {
    name: 'a put is acknowledged and not done',
    expected: 'lost',
    overrides: (store) => ({
      put: (key, value, options) =>
        lies() ? Promise.resolve({ applied: true, version: 1e6 }) : store.put(key, value, options),
    }),
  },
  {
    name: 'an increment is done twice',
    expected: 'duplicated',
    overrides: (store) => ({
      increment: async (key: Key, by: number | bigint = 1) => {
        const sum = await store.increment(key, by);
        if (lies()) await store.increment(key, by);
        return sum as never;
      },
    }),
  },
  {
    name: 'an append is acknowledged and not done',
    expected: 'lost',
    overrides: (store) => ({
      append: (key, suffix) => (lies() ? Promise.resolve(suffix.length) : store.append(key, suffix)),
    }),
  },
  {
    name: 'a read is answered with what was there before',
    expected: 'not linearizable',
    overrides: staleReads,
  },
];

function staleReads(store: Store): Partial<Store> {
  const before = new Map<Key, Awaited<ReturnType<Store['getEntry']>>>();
  const getEntry = async (key: Key) => {
    const entry = await store.getEntry(key);
    const old = before.get(key);
    before.set(key, entry);
    return old !== undefined && lies() ? old : entry;
  };
  return { getEntry: getEntry as Store['getEntry'] };
}

/** The store, with some of its methods replaced. */
function lyingStore(store: Store, overrides: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const method = overrides[name as keyof Store] ?? target[name as keyof Store];
      return typeof method === 'function' ? method.bind(target) : method;
    },
  });
}

async function findingsOf(cluster: Cluster, lie: Lie): Promise<readonly Finding[]> {
  await cluster.clear();
  const store = lyingStore(cluster, lie.overrides(cluster));
  const log = new CallLog(0);
  const shared = {
    store,
    log,
    tally: { operations: 0, errors: 0, disordered: 0 },
    startedAt: monotonicNs(),
    thinkMs: 5,
  };
  const callers = Array.from(
    { length: CALLERS },
    (_, executor) => new LoadCaller({ ...shared, executor, prng: new Prng(`${lie.name}/${executor}`) }),
  );
  const ended = Promise.all(callers.map((executor) => executor.run()));
  await delay(LOAD_MS);
  for (const executor of callers) executor.stop();
  await ended;
  // Longer than any time to live.
  await delay(400);
  const parts = { logs: [log.pack()], lives: new Lives(), shardOf: (key: string) => cluster.executor.shardOf(key) };
  const keys = sharedKeys(2, CALLERS);
  const last = await readRemains({ cluster, shared: keys, names: vouchedOnce(parts), thread: 1 });
  return (await prove({ ...parts, logs: [...parts.logs, last.log] }, last.found)).findings;
}

const cluster = await Cluster.start();
for (const lie of LIES) {
  const kinds = new Set((await findingsOf(cluster, lie)).map(({ kind }) => kind));
  const good = lie.expected === null ? kinds.size === 0 : kinds.has(lie.expected);
  if (!good) process.exitCode = 1;
  const found = kinds.size === 0 ? 'nothing' : [...kinds].join(', ');
  process.stdout.write(`${good ? 'ok ' : 'BAD'}  ${lie.name.padEnd(48)}${found}\n`);
}
await cluster.close();
