/** The server under attack. Argument: options as JSON. Says its port; runs until it is killed. */
import { Cluster } from '@quintet/engine';
import { startServer } from '@quintet/server';

const { maxValueBytes } = JSON.parse(process.argv[2]!) as { readonly maxValueBytes?: number };
const cluster = await Cluster.start(maxValueBytes === undefined ? {} : { maxValueBytes });
const server = await startServer(cluster, { port: 0, maxClients: 20_000 });
process.send!(server.port);
