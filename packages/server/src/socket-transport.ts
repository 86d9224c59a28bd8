/** A TCP socket as a session's Transport. */
import type { Socket } from 'node:net';
import type { Transport } from './session.ts';

/** How long a client may take to hang up after we did; until then its bytes are read away, lest a reset eat our last reply. */
const LINGER_MS = 1000;

export class SocketTransport implements Transport {
  readonly remoteAddress: string;
  readonly localAddress: string;
  private readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    this.remoteAddress = hostAndPort(socket.remoteAddress ?? '', socket.remotePort ?? 0);
    this.localAddress = hostAndPort(socket.localAddress ?? '', socket.localPort ?? 0);
  }

  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    const { socket } = this;
    socket.end();
    socket.on('finish', () => {
      if (socket.readableEnded) socket.destroy();
      else setTimeout(() => socket.destroy(), LINGER_MS).unref();
    });
    socket.on('end', () => socket.destroySoon());
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** `host:port` with an IPv6 host in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
