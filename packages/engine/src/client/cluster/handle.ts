/**
 * Handles: the same Store in other threads of the application.
 *
 * `cluster.handle()` gives a MessagePort; it goes to another thread by workerData or postMessage, listed in the transfer
 * list; there `attach(handle)` makes a Store of it. Every call still goes through the cluster's master.
 *
 * Owns      the two ends' beginning: the channel with its greeting, and what attach makes of it.
 * Does not  move calls (port-host.ts, port-executor.ts).
 */
import { MessageChannel, MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { KvError } from '../../core/protocol/errors.ts';
import { VERSION } from '../../core/protocol/version.ts';
import type { StoreExecutor } from '../../executor/executor.ts';
import { PortExecutor } from '../../executor/handle/port-executor.ts';
import { PortHost, type PortLimits } from '../../executor/handle/port-host.ts';
import { type Greeting, isGreeting } from '../../executor/handle/port-wire.ts';
import { nameOf } from '../codec/keys.ts';
import type { Store } from '../store/store.ts';
import { TypedStore } from '../typed/typed-store.ts';
import type { ClusterHandle } from './cluster-api.ts';

/** The handles a cluster has given out. */
export class Handles {
  readonly #executor: StoreExecutor;
  readonly #limits: PortLimits;
  readonly #hosts = new Set<PortHost>();

  constructor(executor: StoreExecutor, limits: PortLimits) {
    this.#executor = executor;
    this.#limits = limits;
  }

  /** Handles that are open, attached or not. */
  get size(): number {
    return this.#hosts.size;
  }

  /** A port for one attach. */
  open(): ClusterHandle {
    const { port1, port2 } = new MessageChannel();
    this.#hosts.add(new PortHost(port1, this.#executor, this.#limits, (host) => this.#hosts.delete(host)));
    return port2;
  }

  /** Closes all; what was answered before still arrives. */
  close(): void {
    for (const host of this.#hosts) host.close();
  }
}

/** A Store in another thread than its cluster. Positions of watches serve here and there. */
export interface AttachedStore extends Store, Disposable {
  /** Releases the cluster: calls in flight fail with CLOSED or CLOSED_IN_FLIGHT, later ones with CLOSED. Idempotent. */
  close(): void;
}

class HandleStore extends TypedStore implements AttachedStore {
  readonly #port: PortExecutor;

  constructor(port: PortExecutor) {
    super(port);
    this.#port = port;
  }

  close(): void {
    this.#port.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Makes a Store of a handle, in whatever thread it was brought to. Each handle serves one attach. The thread may end by
 * itself when no call is in flight and nobody waits for a change.
 * @throws {KvError} INVALID_OPTION if `handle` is no handle, was attached before, or is of another version of the engine
 *   (as a rejection)
 */
export async function attach(handle: ClusterHandle): Promise<AttachedStore> {
  if (!(handle instanceof MessagePort)) {
    throw new KvError('INVALID_OPTION', `attach needs the MessagePort of cluster.handle(), got ${nameOf(handle)}`);
  }
  // The greeting was posted before anyone could have the port, so it is there already.
  const first: unknown = receiveMessageOnPort(handle)?.message;
  if (isGreeting(first)) {
    refuseOtherBuild(first);
    return new HandleStore(new PortExecutor(handle, first));
  }
  throw new KvError('INVALID_OPTION', 'attach needs a port of cluster.handle() that was not attached before');
}

function refuseOtherBuild({ version }: Partial<Greeting>): void {
  if (version === VERSION) return;
  throw new KvError(
    'INVALID_OPTION',
    `the handle is of a cluster of @quintet/engine ${version ?? 'of no version'}, attach is of ${VERSION}: load one build in all threads`,
  );
}
