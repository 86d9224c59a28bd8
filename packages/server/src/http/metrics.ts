/**
 * /metrics: redis_exporter's names, so that its dashboards work unchanged, and our own under quintet_. prom-client is loaded
 * when first asked.
 *
 * Invariant ME1  one scrape is one moment: everything is read at once, from one status, into a registry of its own.
 */
import type { ClusterStatus, NodeStatus } from '@quintet/engine';
import type { Registry } from 'prom-client';
import type { ServerContext } from '../state/server-context.ts';

/** What a scrape is made of. */
interface Scrape {
  readonly context: ServerContext;
  readonly status: ClusterStatus;
}

type Row = readonly [name: string, help: string, value: (scrape: Scrape) => number];

const COUNTERS: readonly Row[] = [
  ['redis_commands_processed_total', 'Commands begun', ({ context }) => context.counters.commands],
  ['redis_connections_received_total', 'Connections accepted', ({ context }) => context.counters.connections],
  ['redis_rejected_connections_total', 'Connections refused', ({ context }) => context.counters.rejectedConnections],
  ['redis_keyspace_hits_total', 'Reads that found their key', ({ context, status }) => context.lookups(status).hits],
  ['redis_keyspace_misses_total', 'Reads that did not', ({ context, status }) => context.lookups(status).misses],
  ['redis_net_input_bytes_total', 'Bytes received', ({ context }) => context.counters.inputBytes],
  ['redis_net_output_bytes_total', 'Bytes sent', ({ context }) => context.counters.outputBytes],
  ['redis_expired_keys_total', 'Keys removed at their deadline', ({ status }) => status.counters.expired],
  ['redis_evicted_keys_total', 'Keys evicted', ({ status }) => status.counters.evicted],
  ['quintet_node_deaths_total', 'Nodes that died', ({ status }) => status.counters.nodeDeaths],
  ['quintet_promotions_total', 'Replicas that became primary', ({ status }) => status.counters.promotions],
  ['quintet_learners_joined_total', 'Copies restored', ({ status }) => status.counters.learnersJoined],
  ['quintet_shards_lost_total', 'Shards lost', ({ status }) => status.counters.shardsLost],
];

const GAUGES: readonly Row[] = [
  ['redis_up', 'Whether the server answers', () => 1],
  ['redis_uptime_in_seconds', 'Since the server began', ({ context }) => (context.now() - context.startedAt) / 1000],
  ['redis_connected_clients', 'RESP connections', ({ context }) => context.sessions.size],
  ['redis_blocked_clients', 'RESP connections that wait', ({ context }) => context.blockedClients],
  ['redis_max_clients', 'Connections at a time', ({ context }) => context.maxClients],
  ['redis_connected_slaves', 'Replicas to a client: none', () => 0],
  ['redis_memory_used_bytes', 'Slabs and indexes of all nodes', ({ status }) => usedMemory(status)],
  ['redis_memory_max_bytes', 'What nodes may hold, 0 = unlimited', ({ context }) => context.memoryLimit.total],
  ['redis_pubsub_channels', 'Channels with subscribers', ({ context }) => context.pubsub.channelCount],
  ['redis_pubsub_patterns', 'Patterns with subscribers', ({ context }) => context.pubsub.patternCount],
  ['redis_slowlog_length', 'Entries of the slow log', ({ context }) => context.slowLog.length],
  ['quintet_nodes_up', 'Nodes in their seats', ({ status }) => countOf(status.nodes, 'up')],
  ['quintet_nodes_full', 'Nodes that refuse writes for want of memory', ({ status }) => fullNodes(status).length],
  ['quintet_shards_ok', 'Shards with all copies', ({ status }) => countOf(status.shards, 'ok')],
  ['quintet_shards_lost', 'Shards without any copy', ({ status }) => countOf(status.shards, 'lost')],
  ['quintet_operations_in_flight', 'Operations under way', ({ status }) => status.counters.inFlight],
  ['quintet_operations_waiting', 'Operations waiting', ({ status }) => status.counters.waiting],
];

/** Of each node, labelled with its seat. */
const NODE_GAUGES: readonly (readonly [name: string, help: string, value: (node: NodeStatus) => number])[] = [
  ['quintet_node_up', 'Whether a node sits in the seat', ({ health }) => (health === 'up' ? 1 : 0)],
  ['quintet_node_memory_bytes', 'Slabs and indexes', ({ memoryBytes }) => memoryBytes],
  ['quintet_node_memory_max_bytes', 'What it may hold, 0 = unlimited', ({ maxMemory }) => maxMemory],
  ['quintet_node_memory_full', 'Whether it has no room', ({ memoryFull }) => (memoryFull ? 1 : 0)],
  ['quintet_node_keys', 'Keys over all of its copies', ({ keys }) => keys],
  [
    'quintet_node_loop_delay_mean_seconds',
    'Delay of its event loop, 15 s',
    ({ loopDelayMs }) => loopDelayMs.mean / 1e3,
  ],
  ['quintet_node_loop_delay_max_seconds', 'Worst delay, 15 s', ({ loopDelayMs }) => loopDelayMs.max / 1e3],
];

/** A metric whose values differ by one label. */
interface Labelled {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  readonly values: (scrape: Scrape) => readonly (readonly [label: string, value: number])[];
}

const LABELLED_COUNTERS: readonly Labelled[] = [
  {
    name: 'redis_commands_total',
    help: 'Calls by command',
    label: 'cmd',
    values: ({ context }) => context.commandStatistics.list().map(({ fullName, calls }) => [fullName, calls]),
  },
  {
    name: 'redis_commands_duration_seconds_total',
    help: 'Time from beginning to reply by command',
    label: 'cmd',
    values: ({ context }) => context.commandStatistics.list().map(({ fullName, totalMs }) => [fullName, totalMs / 1e3]),
  },
  {
    name: 'redis_errors_total',
    help: 'Errors replied to RESP clients by their first word',
    label: 'err',
    values: ({ context }) => context.errorStatistics.list(),
  },
  {
    name: 'quintet_errors_total',
    help: 'Operations that failed so, whichever front they came by',
    label: 'code',
    values: ({ status: { counters } }) => [
      ['BUSY', counters.busy],
      ['OUT_OF_MEMORY', counters.outOfMemory],
      ['TIMEOUT', counters.timeouts],
    ],
  },
];

const LABELLED_GAUGES: readonly Labelled[] = [
  {
    name: 'redis_db_keys',
    help: 'Keys',
    label: 'db',
    values: ({ status }) => [['db0', status.shards.reduce((total, { keys }) => total + keys, 0)]],
  },
  {
    name: 'redis_db_keys_expiring',
    help: 'Keys with a time to live',
    label: 'db',
    values: ({ status }) => [['db0', status.shards.reduce((total, { expiring }) => total + expiring, 0)]],
  },
  ...NODE_GAUGES.map(
    ([name, help, value]): Labelled => ({
      name,
      help,
      label: 'node',
      values: ({ status }) => status.nodes.map((node) => [node.node, value(node)]),
    }),
  ),
];

function usedMemory({ nodes }: ClusterStatus): number {
  return nodes.reduce((total, { memoryBytes }) => total + memoryBytes, 0);
}

/** The seats of the nodes that have no room. */
export function fullNodes({ nodes }: ClusterStatus): readonly string[] {
  return nodes.filter(({ memoryFull }) => memoryFull).map(({ node }) => node);
}

function countOf(parts: readonly { readonly health: string }[], health: string): number {
  return parts.filter((part) => part.health === health).length;
}

/** Of the process, whatever servers come and go: what observes it observes for ever, so there must be but one. */
let ofProcess: Registry | undefined;

export async function metricsText(context: ServerContext): Promise<{ contentType: string; body: string }> {
  const library = (await import('prom-client')).default;
  ofProcess ??= registryOfProcess(library);
  const server = registryOfServer(library, { context, status: context.cluster.status() });
  return { contentType: server.contentType, body: (await server.metrics()) + (await ofProcess.metrics()) };
}

type Library = typeof import('prom-client');

function registryOfProcess({ collectDefaultMetrics, Registry }: Library): Registry {
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register;
}

function registryOfServer({ Counter, Gauge, Registry }: Library, scrape: Scrape): Registry {
  const registry = new Registry();
  const registers = [registry];
  for (const [name, help, value] of GAUGES) new Gauge({ name, help, registers }).set(value(scrape));
  for (const [name, help, value] of COUNTERS) new Counter({ name, help, registers }).inc(value(scrape));
  for (const { name, help, label, values } of LABELLED_COUNTERS) {
    const counter = new Counter({ name, help, labelNames: [label], registers });
    for (const [of, value] of values(scrape)) counter.inc({ [label]: of }, value);
  }
  for (const { name, help, label, values } of LABELLED_GAUGES) {
    const gauge = new Gauge({ name, help, labelNames: [label], registers });
    for (const [of, value] of values(scrape)) gauge.set({ [label]: of }, value);
  }
  return registry;
}
