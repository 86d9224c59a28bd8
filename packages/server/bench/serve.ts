// A server over a real cluster, for redis-benchmark and for looking at by hand.
// node --conditions=source --import tsx packages/server/bench/serve.ts [port]
import { Cluster } from '@quintet/engine';
import { startServer } from '../src/index.ts';

const cluster = await Cluster.start({ chaos: true });
const server = await startServer(cluster, { port: Number(process.argv[2] ?? 1338) });
console.log(`listening on ${server.address}`);
process.once('SIGTERM', async () => {
  await server.close();
  await cluster.close();
});
