/**
 * control: what main thread and worker say to each other besides batches, on the same port, so that both keep one order:
 * a peer's port is always there before a Config that names the peer. Batches are strings or arrays, these are objects.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Batch } from '../../core/codec/writer.ts';
import type { NodeId } from '../../core/protocol/ids.ts';
import type { NodeSettings } from '../../core/protocol/settings.ts';

/** workerData: what a thread is started with, before it is known which node it will be. */
export interface BootData {
  /** The link to the master. */
  readonly master: MessagePort;
  /** Memory of its ControlBlock. */
  readonly block: SharedArrayBuffer;
  /** Module to take `createNode` from; undefined = the real node. */
  readonly nodeModule: string | undefined;
}

/** The link to another node. */
export interface Peer {
  readonly node: NodeId;
  readonly port: MessagePort;
}

export type Fault =
  | { readonly fault: 'crash' }
  | { readonly fault: 'exit' }
  | { readonly fault: 'exhaust-memory' }
  | { readonly fault: 'hang'; readonly ms: number }
  | { readonly fault: 'slow'; readonly ms: number };

export type Control =
  /** Be this node. The first thing a thread hears. */
  | {
      readonly type: 'init';
      readonly node: NodeId;
      readonly settings: NodeSettings;
      readonly peers: readonly Peer[];
    }
  /** A new node, and the way to it. */
  | { readonly type: 'peer'; readonly peer: Peer }
  /** A node is dead: forget the way to it. */
  | { readonly type: 'gone'; readonly node: NodeId }
  /** Give back to the system what memory is not used. */
  | { readonly type: 'purge' }
  | { readonly type: 'fault'; readonly fault: Fault };

/** Worker to main: the machine is built. */
export interface Ready {
  readonly type: 'ready';
}

export type ToWorker = Batch | Control;
export type FromWorker = Batch | Ready;

export function isBatch<T extends object>(message: Batch | T): message is Batch {
  return typeof message === 'string' || Array.isArray(message);
}
