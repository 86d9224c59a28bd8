/** A server over a real cluster for one file of tests, which can be restarted on its port. */
import { Cluster } from '@quintet/engine';
import { type RunningServer, startServer } from '../../src/index.ts';

export class World {
  private readonly cluster: Cluster;
  private server: RunningServer;

  private constructor(cluster: Cluster, server: RunningServer) {
    this.cluster = cluster;
    this.server = server;
  }

  static async start(): Promise<World> {
    const cluster = await Cluster.start({ nodes: 3, shards: 4 });
    return new World(cluster, await startServer(cluster, { port: 0 }));
  }

  get port(): number {
    return this.server.port;
  }

  get address(): string {
    return this.server.address;
  }

  /** Closes the server, calls `meanwhile`, and listens on the same port again. The cluster keeps its data. */
  async restart(meanwhile: () => Promise<unknown>): Promise<void> {
    const { port } = this.server;
    await this.server.close();
    try {
      await meanwhile();
    } finally {
      this.server = await startServer(this.cluster, { port });
    }
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.cluster.close();
  }
}

/** Unlike `once` of node:events it does not mind an `error` in between: a client tells each attempt that failed. */
export function happens(emitter: NodeJS.EventEmitter, event: string): Promise<unknown> {
  return new Promise((resolve) => emitter.once(event, resolve));
}
