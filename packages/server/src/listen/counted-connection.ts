/**
 * CountedConnection: what HTTP and gRPC connections have in common as holders of memory (memory-holders.ts).
 *
 * Owns      the socket's address, bytes held that others count, the cut.
 */
import type { Socket } from 'node:net';
import type { Guest } from '../access/strangers.ts';
import type { ServerContext } from '../state/server-context.ts';
import type { CutOffReason } from './incidents.ts';
import type { MemoryHolder } from './memory-holders.ts';
import { hostAndPort } from './socket-transport.ts';

export abstract class CountedConnection implements MemoryHolder {
  readonly noEvict = false;
  readonly address: string;
  readonly guest: Guest;
  protected abstract readonly protocol: 'http' | 'grpc';
  protected readonly socket: Socket;
  protected readonly context: ServerContext;
  protected held = 0;

  constructor(socket: Socket, context: ServerContext, guest: Guest) {
    this.socket = socket;
    this.context = context;
    this.guest = guest;
    guest.holder = this;
    this.address = hostAndPort(socket.remoteAddress ?? '', socket.remotePort ?? 0);
  }

  get isStranger(): boolean {
    return this.guest.isStranger;
  }

  /** Destroyed, it counts no more, though what is in flight takes a moment to end. */
  get heldBytes(): number {
    return this.socket.destroyed ? 0 : this.held + this.waitingBytes;
  }

  /** Bytes it holds besides those it was told. */
  protected abstract get waitingBytes(): number;

  /** What is in flight keeps so many bytes more. */
  hold(bytes: number): void {
    this.held += bytes;
  }

  cutOff(reason: CutOffReason): void {
    this.context.incidents.cutOff(this.protocol, this.address, reason);
    this.socket.destroy();
  }
}
