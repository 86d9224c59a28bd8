/**
 * Event: one thing that happens to the virtual cluster. A run is its options and a list of these; the same list gives
 * the same run on any machine, whatever drew it.
 *
 * Owns      the shapes (plain JSON) and their text form.
 * Does not  choose events (scheduler.ts) or carry them out (cluster.ts).
 * Why       concrete and self-contained (counts of messages, not "some"): a log survives changes of the generator, and
 *           events can be dropped from it one by one when it is shrunk. One that no longer applies is skipped.
 */
import {
  type DeathReason,
  type MemoryLimitChange,
  type NodeId,
  nodeName,
  type Operation,
  type Seat,
  type ShardId,
  textOf,
} from '@quintet/engine/internal';
import type { WatchFilter } from './watch.ts';

/** How many messages a turn takes from the link of each sender, in this order. */
export type Takes = readonly (readonly [from: NodeId, count: number])[];

/** How many queued messages of a stopped node survive on each of its links; links not named lose nothing. */
export type Keeps = readonly (readonly [to: NodeId, count: number])[];

/** Why a thread stands still: by itself; with the whole process; or because it gets no processor, which the system may tell. */
export type HangReason = 'hung' | 'suspended' | 'starved';

export type Action =
  | { readonly type: 'submit'; readonly client: number; readonly shard: ShardId; readonly operation: Operation }
  | { readonly type: 'give-up'; readonly call: number; readonly reason: 'aborted' | 'timeout' }
  /** `resumes`: the watch, left before, whose position it goes on from. */
  | { readonly type: 'watch'; readonly filter: WatchFilter; readonly resumes: number | null }
  | { readonly type: 'unwatch'; readonly watch: number }
  | { readonly type: 'turn'; readonly node: NodeId; readonly takes: Takes }
  | { readonly type: 'master-turn'; readonly takes: Takes }
  | { readonly type: 'tick' }
  /** The node's thread ends. The master does not know yet. */
  | { readonly type: 'stop'; readonly node: NodeId; readonly keeps: Keeps }
  /** The master is told that the node is dead, whether or not it is. */
  | { readonly type: 'declare'; readonly node: NodeId; readonly reason: DeathReason }
  | { readonly type: 'ready'; readonly node: NodeId }
  | { readonly type: 'reset'; readonly shard: ShardId }
  | { readonly type: 'revive'; readonly seat: Seat }
  | { readonly type: 'memory-limit'; readonly limit: MemoryLimitChange }
  /** The node's thread stands still for `ms`, null = for ever. */
  | { readonly type: 'hang'; readonly node: NodeId; readonly ms: number | null; readonly why: HangReason }
  /** Nothing but the passing of time. */
  | { readonly type: 'wait' };

/** An action and the virtual time (ms) at which it happens. */
export type Event = Action & { readonly at: number };

export function describeAction(action: Action): string {
  switch (action.type) {
    case 'submit':
      return `submit client ${action.client} shard ${action.shard} ${describeOperation(action.operation)}`;
    case 'give-up':
      return `give-up call ${action.call} ${action.reason}`;
    case 'turn':
      return `turn ${nodeName(action.node)} ${describeCounts(action.takes)}`;
    case 'master-turn':
      return `turn master ${describeCounts(action.takes)}`;
    case 'stop':
      return `stop ${nodeName(action.node)} keeps ${describeCounts(action.keeps)}`;
    case 'declare':
      return `declare ${nodeName(action.node)} ${action.reason}`;
    case 'ready':
      return `ready ${nodeName(action.node)}`;
    case 'reset':
      return `reset shard ${action.shard}`;
    case 'revive':
      return `revive n${action.seat}`;
    case 'memory-limit':
      return `memory-limit ${action.limit.maxMemoryBytes} ${action.limit.eviction}`;
    case 'watch': {
      const { text, shard, previous } = action.filter;
      const of = `${text}${shard === null ? '*' : ''}${previous ? ' with previous' : ''}`;
      return `watch ${of}${action.resumes === null ? '' : ` from where watch ${action.resumes} was`}`;
    }
    case 'hang':
      return `hang ${nodeName(action.node)} ${action.ms ?? 'for ever'} ${action.why}`;
    case 'unwatch':
      return `unwatch ${action.watch}`;
    default:
      return action.type;
  }
}

function describeCounts(counts: Takes | Keeps): string {
  return counts.map(([node, count]) => `${nodeName(node)}:${count}`).join(' ');
}

/** `put r0.1="x7" if 3`: what matters of an operation on one line. */
export function describeOperation(operation: Operation): string {
  switch (operation.verb) {
    case 'put': {
      const { key, ifVersion, ttl, deadline, previous } = operation;
      const value = textOf(operation.value);
      const parts = [`put ${key}="${value.length > 24 ? `${value.slice(0, 12)}…${value.length}` : value}"`];
      if (ifVersion !== -1) parts.push(`if ${ifVersion}`);
      if (ttl !== 0) parts.push(`ttl ${ttl}`);
      if (deadline !== 0) parts.push(`until ${deadline}`);
      if (previous) parts.push('previous');
      return parts.join(' ');
    }
    case 'delete':
      return `delete ${operation.key}${operation.ifVersion === -1 ? '' : ` if ${operation.ifVersion}`}`;
    case 'increment':
    case 'increment-float':
      return `${operation.verb} ${operation.key} by ${operation.by}${describeTtl(operation)}`;
    case 'delete-if-value':
      return `delete ${operation.key} if it is "${operation.value}"`;
    case 'get-and-expire':
      return `get ${operation.key} and expire it ttl ${operation.ttl}`;
    case 'append':
      return `append ${operation.key} "${operation.value}"`;
    case 'expire':
      return `expire ${operation.key} ttl ${operation.ttl} when ${operation.when}`;
    case 'scan':
      return `scan from ${operation.cursor} limit ${operation.limit}`;
    case 'set-range':
    case 'set-bit':
      return `${operation.verb} ${operation.key} at ${operation.offset}`;
    case 'transaction':
      return `transaction${operation.lenient ? ' lenient' : ''} ${describeSteps(operation)}`;
    case 'gather':
      return `gather ${operation.keys.join(' ')}`;
    case 'install':
      return `install ${operation.effects.map(({ type, key }) => `${type} ${key}`).join(', ')}`;
    default:
      return `${operation.verb} ${operation.key}`.trimEnd();
  }
}

function describeTtl(operation: Operation): string {
  if (operation.verb !== 'increment' || operation.ttl === undefined) return '';
  return ` ttl ${operation.ttl}${operation.ttlOnlyIfNew ? ' if new' : ''}`;
}

function describeSteps({ conditions, then, otherwise }: Operation & { verb: 'transaction' }): string {
  const steps = then.map(describeOperation).join(', ');
  if (conditions.length === 0) return `(${steps})`;
  const held = conditions.map(
    ({ key, ifVersion, equals }) => `${key} ${equals === null ? ifVersion : `= "${equals.value}"`}`,
  );
  return `if (${held.join(', ')}) (${steps}) else (${otherwise.map(describeOperation).join(', ')})`;
}
