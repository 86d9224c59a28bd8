/**
 * The status as two tables: nodes and shards, with a headline that a newcomer understands. Pure: status in, text out.
 */
import type { ClusterStatus, NodeStatus, ShardStatus } from '@quintet/engine';
import Table from 'cli-table3';
import type { Colors, Formatter } from 'picocolors/types.js';
import { formatCount, formatDuration, formatSize } from '../text/quantities.ts';

// Lines only under the header: ten shards should fit on a screen.
const CHARS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

export function renderStatus(status: ClusterStatus, colors: Colors): string {
  return [
    headline(status, colors),
    '',
    nodeTable(status.nodes, colors),
    '',
    shardTable(status.shards, colors),
    '',
  ].join('\n');
}

function headline(status: ClusterStatus, colors: Colors): string {
  const { counters, shards } = status;
  const { health, nodes } = status;
  const color = { ok: colors.green, degraded: colors.yellow, full: colors.red, lost: colors.red }[health];
  const missing = shards.filter((shard) => shard.health !== 'ok').length;
  const copies = missing === 0 ? 'every shard has all its copies' : `${missing} of ${shards.length} shards lack a copy`;
  const full = nodes.filter(({ memoryFull }) => memoryFull).map(({ node }) => node);
  const memory = full.length === 0 ? '' : `; no room in ${full.join(', ')}: writes that need some are refused`;
  const facts = [
    `up ${formatDuration(status.uptimeMs)}`,
    plural(counters.reads, 'read'),
    plural(counters.writes, 'write'),
    plural(counters.nodeDeaths, 'node death'),
    plural(counters.promotions, 'promotion'),
  ];
  return `${color(`● ${health}`)}  ${copies}${memory}\n${colors.dim(facts.join(' · '))}`;
}

function plural(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;
}

function nodeTable(nodes: readonly NodeStatus[], colors: Colors): string {
  const rows = nodes.map((node) => [
    node.node,
    healthOf(node, colors)(node.health),
    `#${node.incarnation}`,
    String(node.primaries),
    String(node.replicas),
    node.learners === 0 ? '' : colors.yellow(String(node.learners)),
    formatCount(node.keys),
    memory(node, colors),
    `${node.loopDelayMs.mean.toFixed(1)} / ${node.loopDelayMs.max.toFixed(1)} ms`,
  ]);
  return table(
    ['NODE', 'HEALTH', 'LIFE', 'PRIMARY', 'REPLICA', 'LEARNER', 'KEYS', 'MEMORY', 'LOOP mean/max'],
    rows,
    colors,
    3,
  );
}

function healthOf(node: NodeStatus, colors: Colors): Formatter {
  if (node.health === 'up') return colors.green;
  return node.health === 'starting' ? colors.yellow : colors.red;
}

function memory(node: NodeStatus, colors: Colors): string {
  if (node.maxMemory === 0) return formatSize(node.memoryBytes);
  const share = node.memoryBytes / node.maxMemory;
  const text = `${formatSize(node.memoryBytes)} of ${formatSize(node.maxMemory)}`;
  if (node.memoryFull) return colors.red(`${text}, full`);
  return share >= 0.9 ? colors.yellow(text) : text;
}

function shardTable(shards: readonly ShardStatus[], colors: Colors): string {
  const rows = shards.map((shard) => [
    String(shard.shard),
    { ok: colors.green, degraded: colors.yellow, lost: colors.red }[shard.health](shard.health),
    chain(shard, colors),
    `${shard.inSync}/${shard.wanted}`,
    `${shard.slots[0]}–${shard.slots[1]}`,
    String(shard.epoch),
    formatCount(shard.committedSeq),
    formatCount(shard.keys),
    formatSize(shard.bytes),
  ]);
  return table(['SHARD', 'HEALTH', 'CHAIN', 'COPIES', 'SLOTS', 'EPOCH', 'COMMITTED', 'KEYS', 'BYTES'], rows, colors, 3);
}

/** `n1#1 → n4#2 (n3#3 learning)`: primary first. */
function chain(shard: ShardStatus, colors: Colors): string {
  const [primary, ...replicas] = shard.chain;
  if (primary === undefined) return colors.red('no copy left');
  const learner = shard.learner === null ? '' : colors.yellow(` (${shard.learner} learning)`);
  return [colors.bold(primary), ...replicas].join(' → ') + learner;
}

function table(head: string[], rows: string[][], colors: Colors, numbersFrom: number): string {
  const made = new Table({
    head: head.map((title) => colors.dim(title)),
    chars: CHARS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_title, i) => (i >= numbersFrom ? 'right' : 'left')),
  });
  made.push(...rows);
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
