/**
 * What gRPC connections keep in memory: requests coming in, requests and answers in flight.
 *
 * Owns      a count for each connection, and the interceptor that keeps it.
 * Estimate  grpc-js does not tell how much of a request has come so far. So while any call of a connection is still sending
 *           its request, all that the socket has received since none was counts, less the requests that are complete.
 */
import type { Socket } from 'node:net';
import type * as grpc from '@grpc/grpc-js';
import type { Guest } from '../access/strangers.ts';
import { CountedConnection } from '../listen/counted-connection.ts';
import { hostAndPort } from '../listen/socket-transport.ts';
import type { ServerContext } from '../state/server-context.ts';
import { library } from './library.ts';

/** What a call costs besides its messages. */
const CALL_BYTES = 1024;

export class GrpcConnection extends CountedConnection {
  protected readonly protocol = 'grpc';
  /** Calls whose requests are not complete. */
  private incoming = 0;
  /** The socket's bytesRead when there was none; and bytes of requests that were completed since. */
  private mark = 0;
  private complete = 0;

  protected get waitingBytes(): number {
    return this.incoming === 0 ? 0 : Math.max(0, this.socket.bytesRead - this.mark - this.complete);
  }

  requestBegins(): void {
    this.context.mayHold();
    if (this.incoming++ === 0) this.settle();
  }

  requestHas(bytes: number): void {
    this.complete += bytes;
  }

  requestEnds(): void {
    if (--this.incoming === 0) this.settle();
  }

  private settle(): void {
    this.mark = this.socket.bytesRead;
    this.complete = 0;
  }
}

/** The connections of one face, found by what a call knows of its own. */
export class GrpcConnections {
  private readonly byAddress = new Map<string, GrpcConnection>();

  /** To be called with a socket before its first call; forgets it when it closes. */
  add(socket: Socket, context: ServerContext, guest: Guest): void {
    const connection = new GrpcConnection(socket, context, guest);
    this.byAddress.set(connection.address, connection);
    context.memoryHolders.add(connection);
    socket.once('close', () => {
      this.byAddress.delete(connection.address);
      context.memoryHolders.remove(connection);
    });
  }

  /** Null if it is gone already. */
  of(call: { getPeer(): string }): GrpcConnection | null {
    return this.byAddress.get(peerKey(call.getPeer())) ?? null;
  }

  /** Counts what every call has in memory until it is over. Answers of streams are their methods' to count. */
  interceptor(): grpc.ServerInterceptor {
    return (method, call) => {
      const connection = this.of(call);
      if (connection === null) return new library.grpc.ServerInterceptingCall(call);
      let held = CALL_BYTES;
      let sending = true;
      const hold = (bytes: number): void => {
        held += bytes;
        connection.hold(bytes);
      };
      const requestEnds = (): void => {
        if (sending) connection.requestEnds();
        sending = false;
      };
      connection.hold(held);
      connection.requestBegins();
      return new library.grpc.ServerInterceptingCall(call, {
        start: (next) =>
          next({
            onReceiveMessage: (message, proceed) => {
              const bytes = bytesOf(message);
              connection.requestHas(bytes);
              hold(bytes);
              proceed(message);
            },
            onReceiveHalfClose: (proceed) => {
              requestEnds();
              proceed();
            },
            // Called at the end of every call, however it ended.
            onCancel: () => {
              requestEnds();
              connection.hold(-held);
              held = 0;
            },
          }),
        sendMessage: (message, proceed) => {
          if (!method.responseStream) hold(bytesOf(message));
          proceed(message);
        },
      });
    };
  }
}

/** grpc-js writes an IPv6 peer without brackets. */
function peerKey(peer: string): string {
  const colon = peer.lastIndexOf(':');
  return hostAndPort(peer.slice(0, colon), Number(peer.slice(colon + 1)));
}

/** About how much a message keeps: its strings and bytes, however deep. */
function bytesOf(message: unknown): number {
  if (typeof message === 'string' || message instanceof Uint8Array) return message.length;
  if (typeof message !== 'object' || message === null) return 8;
  let bytes = 0;
  for (const part of Object.values(message)) bytes += bytesOf(part);
  return bytes;
}
