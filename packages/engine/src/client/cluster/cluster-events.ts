/**
 * ClusterEvents: the master's notes as typed events, and as counters.
 *
 * Owns      the listeners, the names and shapes of events, the counters kept from them.
 * Errors    INVALID_OPTION for a name that is no event: a listener to it would never hear anything.
 * Why a Cluster has an emitter and is none: it is a Store already, and a class has one base.
 */
import { EventEmitter } from 'node:events';
import { KvError } from '../../core/protocol/errors.ts';
import { nodeName, seatName } from '../../core/protocol/ids.ts';
import type { Note } from '../../core/protocol/notes.ts';
import { didYouMean } from '../store/did-you-mean.ts';
import type { EventCounters } from './describe-status.ts';
import type { ClusterEventName, ClusterEvents } from './status.ts';

/** Every event, once: one that is missing here, or that ClusterEvents does not know, does not compile. */
const EVENTS = {
  'node-up': true,
  'node-down': true,
  promoted: true,
  'learner-started': true,
  'learner-joined': true,
  'shard-restored': true,
  'redundancy-restored': true,
  'shard-lost': true,
  'shard-reset': true,
  'node-backing-off': true,
  'node-stopped': true,
  'memory-full': true,
  'memory-freed': true,
  error: true,
} as const satisfies { readonly [N in ClusterEventName]: true };

type Told = { [N in ClusterEventName]: [name: N, detail: ClusterEvents[N]] }[ClusterEventName];

/** An EventEmitter that knows its events. */
export type ClusterEmitter = EventEmitter<{ [N in ClusterEventName]: [detail: ClusterEvents[N]] }>;

export class EventHub {
  readonly emitter: ClusterEmitter = new EventEmitter();
  readonly counters: { -readonly [K in keyof EventCounters]: number } = {
    nodeDeaths: 0,
    promotions: 0,
    learnersJoined: 0,
    shardsLost: 0,
  };

  /** `at`: ms since the epoch. What a listener throws is thrown on. */
  tell(note: Note, at: number): void {
    this.#count(note);
    const told = eventOf(note, at);
    if (told !== null) this.emitter.emit(told[0], told[1] as never);
  }

  /** The cluster died of a bug. Not thrown here: whoever told us is in the middle of closing. */
  tellFatal(error: Error): void {
    if (this.emitter.listenerCount('error') > 0) this.emitter.emit('error', error);
    else
      setImmediate(() => {
        throw error;
      });
  }

  #count(note: Note): void {
    if (note.type === 'node-down') this.counters.nodeDeaths++;
    else if (note.type === 'promoted') this.counters.promotions++;
    else if (note.type === 'learner-joined') this.counters.learnersJoined++;
    else if (note.type === 'shard-lost') this.counters.shardsLost++;
  }
}

/** @throws {KvError} INVALID_OPTION */
export function checkEventName(name: string): void {
  if (Object.hasOwn(EVENTS, name)) return;
  throw new KvError(
    'INVALID_OPTION',
    `there is no event ${String(name)}${didYouMean(String(name), Object.keys(EVENTS))}`,
  );
}

/** Null for what is no event. */
function eventOf(note: Note, at: number): Told | null {
  switch (note.type) {
    case 'cluster-ready':
      return null; // what Cluster.start waits for
    case 'node-up':
      return ['node-up', { at, node: nodeName(note.node) }];
    case 'node-down':
      return ['node-down', { at, node: nodeName(note.node), reason: note.reason, detail: note.detail }];
    case 'promoted':
      return ['promoted', { at, shard: note.shard, node: nodeName(note.node), epoch: note.epoch }];
    case 'learner-started': {
      const { shard, node, source } = note;
      return ['learner-started', { at, shard, node: nodeName(node), source: nodeName(source) }];
    }
    case 'learner-joined':
      return ['learner-joined', { at, shard: note.shard, node: nodeName(note.node), tookMs: rounded(note.tookMs) }];
    case 'shard-restored':
      return ['shard-restored', { at, shard: note.shard, tookMs: rounded(note.tookMs) }];
    case 'redundancy-restored':
      return ['redundancy-restored', { at, tookMs: rounded(note.tookMs) }];
    case 'shard-lost':
      return ['shard-lost', { at, shard: note.shard }];
    case 'shard-reset':
      return ['shard-reset', { at, shard: note.shard }];
    case 'node-backing-off':
      return ['node-backing-off', { at, node: seatName(note.seat), delayMs: note.delayMs }];
    case 'node-stopped':
      return ['node-stopped', { at, node: seatName(note.seat) }];
    case 'memory-full':
    case 'memory-freed': {
      const { reservedBytes: memoryBytes, maxMemoryBytes: maxMemory } = note;
      return [note.type, { at, node: nodeName(note.node), memoryBytes, maxMemory }];
    }
  }
}

/** Tenths of a millisecond: the master's clock has no more to say. */
function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
