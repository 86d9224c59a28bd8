/**
 * CLUSTER in the single-endpoint view: one node, this port, owns all 16,384 slots; the engine behind it routes by itself.
 * The address told is the one the client came in by: an empty or unreachable one makes cluster clients hang.
 */
import { HASH_SLOTS, hashSlotOf, PAGE_STRIDE, shardOfSlot } from '@quintet/engine/internal';
import { safeInteger } from '../../command/arguments.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec, Handler, PlainSpec } from '../../command/handler.ts';
import { CommandError } from '../../engine/errors.ts';
import { array, bulk, integer, OK } from '../../resp/encoder.ts';
import { WALK_BEGIN, walkShards } from '../../session/shard-walk.ts';
import { PAGE_MAX } from '../keys/scan.ts';

const LAST_SLOT = HASH_SLOTS - 1;

function ownAddress({ transport }: CommandSession): { host: string; port: number } {
  const { localAddress } = transport;
  const colon = localAddress.lastIndexOf(':');
  return { host: localAddress.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(localAddress.slice(colon + 1)) };
}

function slots(session: CommandSession): void {
  const { host, port } = ownAddress(session);
  const node = array([bulk(host), integer(port), bulk(session.context.runId), array([])]);
  session.reply(array([array([integer(0), integer(LAST_SLOT), node])]));
}

function shards(session: CommandSession): void {
  const { host, port } = ownAddress(session);
  const { encoder, context } = session;
  const offset = context.cluster.status().shards.reduce((total, shard) => total + shard.committedSeq, 0);
  const node = encoder.map([
    ...[bulk('id'), bulk(context.runId), bulk('port'), integer(port), bulk('ip'), bulk(host)],
    ...[bulk('endpoint'), bulk(host), bulk('role'), bulk('master')],
    ...[bulk('replication-offset'), integer(offset), bulk('health'), bulk('online')],
  ]);
  const shard = encoder.map([
    ...[bulk('slots'), array([integer(0), integer(LAST_SLOT)])],
    ...[bulk('nodes'), array([node])],
  ]);
  session.reply(array([shard]));
}

function nodes(session: CommandSession): void {
  const { host, port } = ownAddress(session);
  const { runId } = session.context;
  const line = `${runId} ${host}:${port}@${port + 10_000} myself,master - 0 0 1 connected 0-${LAST_SLOT}\n`;
  session.reply(session.encoder.verbatim('txt', line));
}

function info(session: CommandSession): void {
  const lost = session.context.cluster.status().shards.some(({ health }) => health === 'lost');
  const fields = {
    cluster_enabled: 0,
    cluster_state: lost ? 'fail' : 'ok',
    cluster_slots_assigned: HASH_SLOTS,
    cluster_slots_ok: HASH_SLOTS,
    cluster_slots_pfail: 0,
    cluster_slots_fail: 0,
    cluster_known_nodes: 1,
    cluster_size: 1,
    cluster_current_epoch: 1,
    cluster_my_epoch: 1,
    cluster_stats_messages_sent: 0,
    cluster_stats_messages_received: 0,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}:${value}\r\n`);
  session.reply(session.encoder.verbatim('txt', lines.join('')));
}

function readSlot(argument: string): number {
  const slot = safeInteger(argument);
  if (slot < 0 || slot > LAST_SLOT) throw new CommandError('ERR Invalid slot');
  return slot;
}

/** Walks the one shard that has the slot, and gives up to `most` of the slot's keys to `finish`. */
function withKeysOfSlot(
  session: CommandSession,
  slot: number,
  most: number,
  finish: (keys: readonly string[]) => string,
): void {
  const shard = shardOfSlot(slot, session.executor.shards);
  const keys: string[] = [];
  let ended = false;
  walkShards(session, {
    ...{ from: { ...WALK_BEGIN, shard }, lastShard: shard, prefix: '', keysOnly: true },
    pageSize: () => PAGE_MAX,
    visit: (entries) => {
      for (let at = 0; at < entries.length && !ended; at += PAGE_STRIDE) {
        if (hashSlotOf(entries[at] as string) === slot) keys.push(entries[at] as string);
        ended = keys.length >= most;
      }
      return !ended;
    },
    finish: () => finish(keys),
  });
}

function countKeys(session: CommandSession, args: readonly string[]): void {
  withKeysOfSlot(session, readSlot(args[2]!), Number.POSITIVE_INFINITY, (keys) => integer(keys.length));
}

function getKeys(session: CommandSession, args: readonly string[]): void {
  const slot = readSlot(args[2]!);
  const most = safeInteger(args[3]!);
  if (most < 0) throw new CommandError('ERR Invalid slot or number of keys');
  withKeysOfSlot(session, slot, most, (keys) => array(keys.slice(0, most).map(bulk)));
}

type Row = readonly [name: string, arity: number, since: string, summary: string, handler: Handler];

const ROWS: readonly Row[] = [
  ['slots', 2, '3.0.0', 'Get array of cluster slot to node mappings', slots],
  ['shards', 2, '7.0.0', 'Get array of cluster slots to node mappings', shards],
  ['nodes', 2, '3.0.0', 'Get cluster config for the node', nodes],
  ['info', 2, '3.0.0', 'Provides info about cluster node state', info],
  ['myid', 2, '3.0.0', 'Return the node id', (session) => session.reply(bulk(session.context.runId))],
  [
    'keyslot',
    3,
    '3.0.0',
    'Returns the hash slot of the specified key',
    (session, args) => session.reply(integer(hashSlotOf(args[2]!))),
  ],
  ['countkeysinslot', 3, '3.0.0', 'Return the number of local keys in the specified hash slot', countKeys],
  ['getkeysinslot', 4, '3.0.0', 'Return local key names in the specified hash slot', getKeys],
];

export const clusterCommands: readonly CommandSpec[] = [
  {
    name: 'cluster',
    arity: -2,
    flags: [],
    since: '3.0.0',
    group: 'cluster',
    summary: 'A container for cluster commands',
    subcommands: ROWS.map(
      ([name, arity, since, summary, handler]): PlainSpec => ({
        name,
        arity,
        flags: ['stale'],
        since,
        group: 'cluster',
        summary,
        handler,
      }),
    ),
  },
  {
    name: 'asking',
    arity: 1,
    flags: ['fast'],
    since: '3.0.0',
    group: 'cluster',
    summary: 'Does nothing: no slot ever moves to another server',
    handler: (session) => session.reply(OK),
  },
];
