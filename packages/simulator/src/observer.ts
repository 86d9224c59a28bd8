/**
 * What there is to see of a simulated cluster: its hosts, and the moments at which whoever watches it may look.
 */
import type { MemoryLimitChange, Message, NodeId, Note, Result, ValueMessage } from '@quintet/engine/internal';
import type { Node } from '@quintet/engine/machines';
import type { SimulatedCall } from './call.ts';
import type { Heart } from './heart.ts';
import type { WatchObserver } from './watch.ts';

export interface Host {
  readonly id: NodeId;
  node: Node | null;
  stage: 'spawning' | 'up' | 'stopped';
  declared: boolean;
  /** The node's work() said that more is waiting. */
  more: boolean;
  time: number;
  /** Values that are being copied: one leaves per turn, in order (the runtime's large answers). */
  late: ValueMessage[];
  readonly heart: Heart;
}

/** A change of the memory limit. */
export interface LimitChange {
  readonly index: number;
  readonly limit: MemoryLimitChange;
  /** Who lived then, as the master knew. */
  readonly nodes: readonly NodeId[];
  answers: number;
}

/** Whoever watches a cluster: the truth (oracle/oracle.ts), a scenario's transcript. */
export interface Watcher extends WatchObserver {
  sent?(from: NodeId, to: NodeId, message: Message): void;
  /** A node has taken one message. */
  received?(host: Host, from: NodeId, message: Message): void;
  /** A node has done a slice of background work. */
  worked?(host: Host): void;
  masterReceives?(from: NodeId, message: Message): void;
  masterReceived?(from: NodeId, message: Message): void;
  /** The master has been told something else than a message. */
  masterMoved?(): void;
  /** The master is about to look at the nodes, and has. */
  masterTicks?(): void;
  masterTicked?(): void;
  submitted?(call: SimulatedCall): void;
  settled?(call: SimulatedCall): void;
  /** The master has answered a read at once; it is settled next. */
  known?(call: SimulatedCall, result: Result): void;
  noted?(note: Note): void;
  limitHeard?(change: LimitChange): void;
}
