/** The contract over the real thing: five worker threads, and a handle attached to them. */
import { attach, Cluster } from '../../src/index.ts';
import { storeContract } from './store-contract.ts';

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'];

/** Long enough that a busy machine does not look like a hang. */
const OPTIONS = { chaos: true, hangLimitMs: 20_000 };

/** Longer than all that is remembered of a shard (historyBytes), so that nothing else is. */
const LONG = 'x'.repeat(5 * 1024 * 1024);

/** Has a change in every shard that leaves no room for others. */
async function forgetChanges(cluster: Cluster): Promise<void> {
  const keys = new Map(
    Array.from({ length: 1000 }, (_, i) => [cluster.executor.shardOf(`forget:${i}`), `forget:${i}`]),
  );
  const watcher = cluster.watch({ prefix: 'forget:', bufferMax: 1 });
  await watcher.ready;
  await cluster.putMany([...keys.values()].map((key) => [key, LONG] as const));
  await cluster.deleteMany([...keys.values()]);
  watcher.close();
}

function hangAll(cluster: Cluster, ms: number): void {
  for (const node of NODES) cluster.chaos.hang(node, ms);
}

storeContract({
  name: 'Cluster',
  async open() {
    const cluster = await Cluster.start(OPTIONS);
    return {
      store: cluster,
      stall: (ms) => hangAll(cluster, ms),
      forgetChanges: () => forgetChanges(cluster),
      close: () => cluster.close(),
    };
  },
});

storeContract({
  name: 'attached handle',
  async open() {
    const cluster = await Cluster.start(OPTIONS);
    const store = await attach(cluster.handle());
    const close = async () => {
      store.close();
      await cluster.close();
    };
    return { store, stall: (ms) => hangAll(cluster, ms), forgetChanges: () => forgetChanges(cluster), close };
  },
});
