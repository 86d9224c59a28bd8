/** A real cluster with its real server on a free port, for one test file. */
import { Cluster, type ClusterApi, type ClusterOptions } from '@quintet/engine';
import { startServer } from '@quintet/server';

export interface RunningCluster {
  cluster: ClusterApi;
  port: number;
  close(): Promise<void>;
}

export async function realCluster(options: ClusterOptions = {}): Promise<RunningCluster> {
  const cluster = await Cluster.start({ chaos: true, ...options });
  const server = await startServer(cluster, { host: '127.0.0.1', port: 0 });
  return {
    cluster,
    port: server.port,
    async close() {
      await server.close();
      await cluster.close();
    },
  };
}
