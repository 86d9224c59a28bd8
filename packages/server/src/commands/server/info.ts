/**
 * INFO: the server's state as Redis prints it, section by section. Fields that tools look for keep Redis's names and
 * meaning; what is ours alone has a section of its own, `quintet`.
 */
import { arch, platform, release } from 'node:os';
import type { ClusterStatus } from '@quintet/engine';
import type { ServerContext } from '../../state/server-context.ts';
import { QUINTET_VERSION, REDIS_VERSION } from '../../state/version.ts';

type Field = readonly [name: string, value: string | number];
type Section = (context: ServerContext, status: ClusterStatus) => readonly Field[];

function server(context: ServerContext): readonly Field[] {
  const now = context.now();
  const uptime = Math.floor((now - context.startedAt) / 1000);
  return [
    ['redis_version', REDIS_VERSION],
    ['quintet_version', QUINTET_VERSION],
    ['redis_git_sha1', '00000000'],
    ['redis_git_dirty', 0],
    ['redis_build_id', 0],
    ['redis_mode', 'standalone'],
    ['os', `${platform()} ${release()} ${arch()}`],
    ['arch_bits', 64],
    ['node_version', process.versions.node],
    ['process_id', process.pid],
    ['run_id', context.runId],
    ['tcp_port', context.port],
    ['server_time_usec', now * 1000],
    ['uptime_in_seconds', uptime],
    ['uptime_in_days', Math.floor(uptime / 86_400)],
    ['executable', process.execPath],
    ['config_file', ''],
  ];
}

function clients(context: ServerContext): readonly Field[] {
  return [
    ['connected_clients', context.sessions.size],
    ['cluster_connections', 0],
    ['maxclients', context.maxClients],
    ['blocked_clients', context.blockedClients],
    ['tracking_clients', 0],
    ['clients_in_timeout_table', 0],
  ];
}

function memory(context: ServerContext, { readCache }: ClusterStatus): readonly Field[] {
  const used = context.memoryWatch.used();
  const { total: limit, policy } = context.memoryLimit;
  const { rss, heapUsed } = process.memoryUsage();
  return [
    ['used_memory', used],
    ['used_memory_human', human(used)],
    ['used_memory_rss', rss],
    ['used_memory_rss_human', human(rss)],
    ['used_memory_peak', context.memoryWatch.peak],
    ['used_memory_peak_human', human(context.memoryWatch.peak)],
    ['used_memory_dataset', used],
    ['used_memory_overhead', heapUsed],
    ['mem_read_cache', readCache.bytes],
    ['maxmemory', limit],
    ['maxmemory_human', human(limit)],
    ['maxmemory_policy', policy],
    ['mem_fragmentation_ratio', (used === 0 ? 0 : rss / used).toFixed(2)],
    ['mem_allocator', 'quintet-slab'],
  ];
}

/** Nothing is ever saved, so that is every change since the start. */
function persistence(_context: ServerContext, status: ClusterStatus): readonly Field[] {
  return [
    ['loading', 0],
    ['async_loading', 0],
    ['rdb_changes_since_last_save', status.counters.changes],
    ['rdb_bgsave_in_progress', 0],
    ['rdb_last_bgsave_status', 'ok'],
    ['aof_enabled', 0],
  ];
}

function stats(context: ServerContext, status: ClusterStatus): readonly Field[] {
  const { counters } = context;
  const { hits, misses } = context.lookups(status);
  return [
    ['total_connections_received', counters.connections],
    ['total_commands_processed', counters.commands],
    ['total_net_input_bytes', counters.inputBytes],
    ['total_net_output_bytes', counters.outputBytes],
    ['rejected_connections', counters.rejectedConnections],
    ['expired_keys', status.counters.expired],
    ['evicted_keys', status.counters.evicted],
    ['keyspace_hits', hits],
    ['keyspace_misses', misses],
    ['pubsub_channels', context.pubsub.channelCount],
    ['pubsub_patterns', context.pubsub.patternCount],
    ['client_output_buffer_limit_disconnections', counters.outputLimitDisconnections],
    ['evicted_clients', counters.evictedClients],
    ['protocol_errors', counters.protocolErrors],
    ['total_error_replies', context.errorStatistics.total],
  ];
}

/** To a client we are one master without replicas: the copies inside are not servers it could talk to. */
function replication(context: ServerContext, status: ClusterStatus): readonly Field[] {
  return [
    ['role', 'master'],
    ['connected_slaves', 0],
    ['master_failover_state', 'no-failover'],
    ['master_replid', context.runId],
    ['master_replid2', '0'.repeat(40)],
    ['master_repl_offset', sum(status.shards, (shard) => shard.committedSeq)],
    ['second_repl_offset', -1],
    ['repl_backlog_active', 0],
  ];
}

function cpu(): readonly Field[] {
  const { user, system } = process.cpuUsage();
  return [
    ['used_cpu_sys', (system / 1e6).toFixed(6)],
    ['used_cpu_user', (user / 1e6).toFixed(6)],
    ['used_cpu_sys_children', '0.000000'],
    ['used_cpu_user_children', '0.000000'],
  ];
}

/** Without Redis's avg_ttl: nobody keeps a sum of deadlines. */
function keyspace(_context: ServerContext, status: ClusterStatus): readonly Field[] {
  const keys = sum(status.shards, (shard) => shard.keys);
  const expires = sum(status.shards, (shard) => shard.expiring);
  return keys === 0 ? [] : [['db0', `keys=${keys},expires=${expires}`]];
}

function quintet(_context: ServerContext, status: ClusterStatus): readonly Field[] {
  const { counters, readCache } = status;
  return [
    ['health', status.health],
    ['nodes', status.nodes.length],
    ['nodes_up', status.nodes.filter((node) => node.health === 'up').length],
    ['nodes_full', status.nodes.filter((node) => node.memoryFull).length],
    ['shards', status.shards.length],
    ['shards_ok', status.shards.filter((shard) => shard.health === 'ok').length],
    ['shards_lost', status.shards.filter((shard) => shard.health === 'lost').length],
    ['replicas', status.replicas],
    ['operations_in_flight', counters.inFlight],
    ['operations_waiting', counters.waiting],
    ['errors_busy', counters.busy],
    ['errors_out_of_memory', counters.outOfMemory],
    ['errors_timeout', counters.timeouts],
    ['read_cache_bytes', readCache.bytes],
    ['read_cache_max_bytes', readCache.maxBytes],
    ['read_cache_keys', readCache.keys],
    ['read_cache_hits', readCache.hits],
    ['node_deaths', counters.nodeDeaths],
    ['promotions', counters.promotions],
  ];
}

/** Times are from a command's beginning to its reply: many are in flight at once, and none has the server to itself. */
function commandStatistics(context: ServerContext): readonly Field[] {
  return context.commandStatistics.list().map(({ fullName, calls, rejected, totalMs }) => {
    const perCall = calls === 0 ? 0 : (totalMs * 1000) / calls;
    const times = `usec=${Math.round(totalMs * 1000)},usec_per_call=${perCall.toFixed(2)}`;
    const counts = `calls=${calls},${times},rejected_calls=${rejected},failed_calls=0`;
    return [`cmdstat_${fullName}`, counts];
  });
}

/** Errors replied, by their first word. */
function errorStatistics({ errorStatistics: errors }: ServerContext): readonly Field[] {
  return errors.list().map(([word, count]) => [`errorstat_${word}`, `count=${count}`]);
}

/** In the order they are printed. */
const SECTIONS: ReadonlyMap<string, Section> = new Map<string, Section>([
  ['server', server],
  ['clients', clients],
  ['memory', memory],
  ['persistence', persistence],
  ['stats', stats],
  ['replication', replication],
  ['cpu', cpu],
  ['commandstats', commandStatistics],
  ['errorstats', errorStatistics],
  // The cluster client of Debian's python3-redis begins only where this is 1; all commands of CLUSTER are answered here.
  ['cluster', () => [['cluster_enabled', 1]]],
  ['keyspace', keyspace],
  ['quintet', quintet],
]);

/** Long ones that must be asked for. */
const NOT_BY_DEFAULT: ReadonlySet<string> = new Set(['commandstats']);

/** The text of INFO with these arguments (none = default); unknown sections are left out, as in Redis. */
export function infoText(context: ServerContext, wanted: readonly string[]): string {
  const names = new Set(wanted.map((name) => name.toLowerCase()));
  const all = names.has('all') || names.has('everything');
  const byDefault = names.size === 0 || names.has('default');
  const status = context.cluster.status();
  return [...SECTIONS]
    .filter(([name]) => all || names.has(name) || (byDefault && !NOT_BY_DEFAULT.has(name)))
    .map(([name, section]) => sectionText(name, section(context, status)))
    .join('\r\n');
}

const TITLES: Readonly<Record<string, string>> = { cpu: 'CPU' };

function sectionText(name: string, fields: readonly Field[]): string {
  const title = TITLES[name] ?? name[0]!.toUpperCase() + name.slice(1);
  return `# ${title}\r\n${fields.map(([field, value]) => `${field}:${value}\r\n`).join('')}`;
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function human(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(2)}${'BKMGT'[power]}`;
}
