/** The contract over the real thing: five worker threads, and a handle attached to them. */
import { attach, Cluster } from '../../src/index.ts';
import { storeContract } from './store-contract.ts';

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'];

/** Long enough that a busy machine does not look like a hang. */
const OPTIONS = { chaos: true, hangLimitMs: 20_000 };

/** What nobody watched is not remembered in the first place. */
const forgetChanges = (): void => undefined;

function hangAll(cluster: Cluster, ms: number): void {
  for (const node of NODES) cluster.chaos.hang(node, ms);
}

storeContract({
  name: 'Cluster',
  async open() {
    const cluster = await Cluster.start(OPTIONS);
    return { store: cluster, stall: (ms) => hangAll(cluster, ms), forgetChanges, close: () => cluster.close() };
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
    return { store, stall: (ms) => hangAll(cluster, ms), forgetChanges, close };
  },
});
