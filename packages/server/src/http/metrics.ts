/**
 * /metrics: redis_exporter's names, so that its dashboards work unchanged, and our own under quintet_. prom-client is loaded
 * when first asked.
 */
import type { Registry } from 'prom-client';
import type { ServerContext } from '../server-context.ts';

type Row = readonly [name: string, help: string, value: (context: ServerContext) => number];

const COUNTERS: readonly Row[] = [
  ['redis_commands_processed_total', 'Commands begun', ({ counters }) => counters.commands],
  ['redis_connections_received_total', 'Connections accepted', ({ counters }) => counters.connections],
  ['redis_rejected_connections_total', 'Connections refused', ({ counters }) => counters.rejectedConnections],
  ['redis_keyspace_hits_total', 'Reads that found their key', ({ counters }) => counters.keyspaceHits],
  ['redis_keyspace_misses_total', 'Reads that did not', ({ counters }) => counters.keyspaceMisses],
  ['redis_net_input_bytes_total', 'Bytes received', ({ counters }) => counters.inputBytes],
  ['redis_net_output_bytes_total', 'Bytes sent', ({ counters }) => counters.outputBytes],
  ['redis_expired_keys_total', 'Keys removed at their deadline', ({ cluster }) => cluster.status().counters.expired],
  ['redis_evicted_keys_total', 'Keys evicted', ({ cluster }) => cluster.status().counters.evicted],
  ['quintet_node_deaths_total', 'Nodes that died', ({ cluster }) => cluster.status().counters.nodeDeaths],
  ['quintet_promotions_total', 'Replicas that became primary', ({ cluster }) => cluster.status().counters.promotions],
  ['quintet_learners_joined_total', 'Copies restored', ({ cluster }) => cluster.status().counters.learnersJoined],
  ['quintet_shards_lost_total', 'Shards lost', ({ cluster }) => cluster.status().counters.shardsLost],
];

const GAUGES: readonly Row[] = [
  ['redis_up', 'Whether the server answers', () => 1],
  ['redis_uptime_in_seconds', 'Since the server began', (context) => (context.now() - context.startedAt) / 1000],
  ['redis_connected_clients', 'RESP connections', ({ sessions }) => sessions.size],
  ['redis_max_clients', 'Connections at a time', ({ maxClients }) => maxClients],
  ['redis_connected_slaves', 'Replicas to a client: none', () => 0],
  ['redis_memory_used_bytes', 'Slabs and indexes of all nodes', ({ cluster }) => usedMemory(cluster)],
  ['redis_memory_max_bytes', 'What nodes may hold, 0 = unlimited', ({ memoryLimit }) => memoryLimit.total],
  ['redis_pubsub_channels', 'Channels with subscribers', ({ pubsub }) => pubsub.channelCount],
  ['redis_pubsub_patterns', 'Patterns with subscribers', ({ pubsub }) => pubsub.patternCount],
  ['redis_slowlog_length', 'Entries of the slow log', ({ slowLog }) => slowLog.length],
  ['quintet_nodes_up', 'Nodes in their seats', ({ cluster }) => countOf(cluster.status().nodes, 'up')],
  ['quintet_shards_ok', 'Shards with all copies', ({ cluster }) => countOf(cluster.status().shards, 'ok')],
  ['quintet_shards_lost', 'Shards without any copy', ({ cluster }) => countOf(cluster.status().shards, 'lost')],
  ['quintet_operations_in_flight', 'Operations under way', ({ cluster }) => cluster.status().counters.inFlight],
  ['quintet_operations_waiting', 'Operations waiting', ({ cluster }) => cluster.status().counters.waiting],
];

function usedMemory(cluster: ServerContext['cluster']): number {
  return cluster.status().nodes.reduce((total, { memoryBytes }) => total + memoryBytes, 0);
}

function countOf(parts: readonly { readonly health: string }[], health: string): number {
  return parts.filter((part) => part.health === health).length;
}

const registries = new WeakMap<ServerContext, Promise<Registry>>();

/** Of the process, whatever servers come and go: what observes it observes for ever, so there must be but one. */
let ofProcess: Promise<Registry> | undefined;

export async function metricsText(context: ServerContext): Promise<{ contentType: string; body: string }> {
  const known = registries.get(context) ?? registryOfServer(context);
  registries.set(context, known);
  ofProcess ??= registryOfProcess();
  const [server, rest] = await Promise.all([known, ofProcess]);
  return { contentType: server.contentType, body: (await server.metrics()) + (await rest.metrics()) };
}

async function registryOfProcess(): Promise<Registry> {
  const { collectDefaultMetrics, Registry } = (await import('prom-client')).default;
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register;
}

async function registryOfServer(context: ServerContext): Promise<Registry> {
  const { Counter, Gauge, Registry } = (await import('prom-client')).default;
  const registers = [new Registry()];
  for (const [name, help, value] of GAUGES) {
    const gauge: InstanceType<typeof Gauge> = new Gauge({
      name,
      help,
      registers,
      collect: () => gauge.set(value(context)),
    });
  }
  for (const [name, help, value] of COUNTERS) {
    const counter: InstanceType<typeof Counter> = new Counter({
      name,
      help,
      registers,
      collect: () => {
        counter.reset();
        counter.inc(value(context));
      },
    });
  }
  const calls: InstanceType<typeof Counter> = new Counter({
    name: 'redis_commands_total',
    help: 'Calls by command',
    labelNames: ['cmd'],
    registers,
    collect: () => {
      calls.reset();
      for (const { fullName, calls: count } of context.commandStatistics.list()) calls.inc({ cmd: fullName }, count);
    },
  });
  const seconds: InstanceType<typeof Counter> = new Counter({
    name: 'redis_commands_duration_seconds_total',
    help: 'Time from beginning to reply by command',
    labelNames: ['cmd'],
    registers,
    collect: () => {
      seconds.reset();
      for (const { fullName, totalMs } of context.commandStatistics.list()) {
        seconds.inc({ cmd: fullName }, totalMs / 1000);
      }
    },
  });
  const keys: InstanceType<typeof Gauge> = new Gauge({
    name: 'redis_db_keys',
    help: 'Keys',
    labelNames: ['db'],
    registers,
    collect: () =>
      keys.set(
        { db: 'db0' },
        context.cluster.status().shards.reduce((total, shard) => total + shard.keys, 0),
      ),
  });
  return registers[0]!;
}
