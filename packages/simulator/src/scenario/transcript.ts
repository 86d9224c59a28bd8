/**
 * Transcript: what happens in a scenario, a line each: every message when it is sent, every note, every answer to a
 * caller. What is taken is in the commands.
 */
import {
  type Record as LogRecord,
  type Message,
  NOBODY,
  type NodeId,
  type Note,
  nodeName,
  type Result,
  Status,
  ValueKind,
} from '@quintet/engine/internal';
import type { SimulatedCall } from '../call.ts';
import { describeOperation } from '../event.ts';
import type { Watcher } from '../observer.ts';
import type { Change, SimulatedWatch } from '../watch.ts';

const STATUS_NAMES = Object.fromEntries(Object.entries(Status).map(([name, code]) => [code, name]));

export class Transcript implements Watcher {
  private lines: string[] = [];

  /** The lines since this was last asked. */
  take(): string[] {
    const { lines } = this;
    this.lines = [];
    return lines;
  }

  say(line: string): void {
    this.lines.push(line);
  }

  sent(from: NodeId, to: NodeId, message: Message): void {
    if (message.type !== 'clock') this.say(`${nodeName(from)} → ${nodeName(to)}  ${describeMessage(message)}`);
  }

  settled(call: SimulatedCall): void {
    const outcome = call.result === null ? call.code : describeResult(call.result);
    this.say(`call ${call.index} ${describeOperation(call.operation)}: ${outcome}`);
  }

  watchStarted({ name, begins }: SimulatedWatch): void {
    this.say(`${name} starts after ${[...begins].map(([shard, seq]) => `${shard}:${seq}`).join(' ')}`);
  }

  watchTold({ name }: SimulatedWatch, changes: readonly Change[]): void {
    const told = changes.map(({ type, key, shard, version }) => `${type} ${key} ${shard}:${version}`);
    this.say(`${name} is told ${told.join(', ')}`);
  }

  noted(note: Note): void {
    const { type, ...rest } = note;
    const fields = Object.entries(rest).filter(([, value]) => value !== '');
    const parts = fields.map(
      ([name, value]) => `${name} ${name === 'node' || name === 'source' ? nodeName(value) : value}`,
    );
    this.say(`note ${[type, ...parts].join(' ')}`);
  }
}

function describeMessage(message: Message): string {
  const shard = 'shard' in message && message.shard > 0 ? `[shard ${message.shard}] ` : '';
  return `${shard}${message.type}${details(message)}`;
}

function details(message: Message): string {
  switch (message.type) {
    case 'config': {
      const { epoch, chain, learner, since, committedSeq, base } = message;
      const learns = learner === NOBODY ? '' : ` learner ${nodeName(learner)} since ${since}`;
      const begins = base === null ? '' : ` base ${base.seq}/${base.request}`;
      return ` epoch ${epoch} chain ${chain.map(nodeName).join(' ')}${learns} committed ${committedSeq}${begins}`;
    }
    case 'request':
      return ` ${message.request} epoch ${message.epoch} ${describeOperation(message.operation)} committed ${message.committedSeq}`;
    case 'read':
      return ` ${message.id} epoch ${message.epoch} ${describeOperation(message.operation)}`;
    case 'record':
      return ` epoch ${message.epoch} ${describeRecord(message.record)} committed ${message.committedSeq}`;
    case 'stream-begin':
      return ` since ${message.since} seq ${message.lastSeq} request ${message.lastRequest} window ${message.window.length}`;
    case 'stream-slice':
      return ` since ${message.since} ${describeEntries(message.entries)}`;
    case 'stream-record':
      return ` since ${message.since} ${describeRecord(message.record)} committed ${message.committedSeq}`;
    case 'stream-end':
    case 'stream-ack':
      return ` since ${message.since}`;
    case 'answer':
      return ` epoch ${message.epoch} seq ${message.seq} request ${message.request}: ${describeResult(message.result)}`;
    case 'value':
      return ` ${message.id} epoch ${message.epoch}: ${describeResult(message.result)}`;
    case 'progress':
      return ` since ${message.since} seq ${message.seq}`;
    case 'seal':
    case 'sealed':
    case 'touched':
      return ` epoch ${message.epoch}`;
    default:
      return '';
  }
}

function describeRecord({ seq, request, effect }: LogRecord): string {
  const what =
    effect.type === 'put'
      ? `put ${effect.key}="${effect.value}"`
      : effect.type === 'patch'
        ? `patch ${effect.key} from ${effect.offset}: "${effect.bytes}"`
        : 'key' in effect
          ? `${effect.type} ${effect.key}`
          : effect.type;
  return `seq ${seq} request ${request} ${what}`;
}

function describeEntries(entries: readonly (string | number)[]): string {
  const shown: string[] = [];
  for (let at = 0; at < entries.length; at += 5) shown.push(`${entries[at]}="${entries[at + 1]}"@${entries[at + 3]}`);
  return shown.sort().join(' ');
}

function describeResult({ status, version, value, kind, expiresAt, items }: Result): string {
  const parts = [STATUS_NAMES[status]];
  if (value !== null) parts.push(`"${value}"`);
  if (kind === ValueKind.number) parts.push('(number)');
  if (version !== 0) parts.push(`version ${version}`);
  if (expiresAt !== 0) parts.push(`until ${expiresAt}`);
  if (items !== null) parts.push(`(${items.map(describeResult).join(', ')})`);
  return parts.join(' ');
}
