// What strict TypeScript makes of the packages, their declarations checked too. Compiled only.
import { Cluster, type ClusterStatus, KvError, type Store } from '@quintet/engine';
import { Status } from '@quintet/engine/internal';
import { type RunningServer, startServer } from '@quintet/server';
import { TestCluster } from '@quintet/testkit';

export async function use(): Promise<string | number> {
  const cluster: Cluster = await Cluster.start({ chaos: true });
  const store: Store = cluster;
  await store.put('name', { first: 'ada' });
  const count: number | bigint = await store.increment('visits');
  const status: ClusterStatus = cluster.status();
  const server: RunningServer = await startServer(cluster, { port: 0 });
  const kit = await TestCluster.start({ server: true });
  kit.kill(kit.primaryOf('name'));
  const missing: number = Status.absent;
  try {
    await store.get('name');
  } catch (error) {
    if (error instanceof KvError) return error.code;
    throw error;
  }
  // @ts-expect-error a count is no text
  const wrong: string = count;
  return `${status.health} ${server.address} ${missing} ${wrong}`;
}
