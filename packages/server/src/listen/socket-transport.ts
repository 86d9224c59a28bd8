/** A TCP socket as a session's Transport. */
import type { Socket } from 'node:net';
import type { Transport } from './transport.ts';

/** How long a client may take to hang up after we did; until then its bytes are read away, lest a reset eat our last reply. */
const LINGER_MS = 1000;
/** How long it may take to read what was written before that. */
const LAST_WORDS_MS = 30_000;
/** What is read of a client while it is paused, as Node does: without reading nobody would notice that it is gone. */
const READ_AHEAD_BYTES = 16 * 1024;

export class SocketTransport implements Transport {
  readonly remoteAddress: string;
  readonly localAddress: string;
  private readonly socket: Socket;
  private readonly inPlace: boolean;
  private paused = false;
  /** Bytes read since it is paused. */
  private readAhead = 0;

  /** `inPlace`: it keeps nothing of what it reads (read-in-place.ts). */
  constructor(socket: Socket, inPlace: boolean) {
    this.socket = socket;
    this.inPlace = inPlace;
    this.remoteAddress = hostAndPort(socket.remoteAddress ?? '', socket.remotePort ?? 0);
    this.localAddress = hostAndPort(socket.localAddress ?? '', socket.localPort ?? 0);
  }

  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  /** Node counts whole writes only; a reader so slow that one takes it long is seen to read by its handle alone. */
  get stuckBytes(): number {
    const { _handle: handle } = this.socket as Socket & {
      readonly _handle?: { readonly writeQueueSize?: number } | null;
    };
    return handle?.writeQueueSize ?? 0;
  }

  write(text: string | Uint8Array): void {
    if (typeof text === 'string') this.socket.write(text, 'latin1');
    else this.socket.write(text);
  }

  /** What is read in place goes on to be read, for a few bytes; any other socket keeps those few to itself. */
  pause(): void {
    this.paused = true;
    if (!this.inPlace) this.socket.pause();
  }

  resume(): void {
    this.paused = false;
    this.readAhead = 0;
    this.socket.resume();
  }

  /** So many bytes were read in place. Whether the next may be read too. */
  readsOn(length: number): boolean {
    if (!this.paused) return true;
    this.readAhead += length;
    return this.readAhead < READ_AHEAD_BYTES;
  }

  end(): void {
    finish(this.socket);
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Ends a connection that was never served, with a last word. */
export function hangUp(socket: Socket, text: string): void {
  socket.resume();
  socket.write(text, 'latin1');
  finish(socket);
}

/** Half-open sockets do not end by themselves: a client that stays is not waited for. */
function finish(socket: Socket): void {
  socket.end();
  const lastWords = setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref();
  socket.on('close', () => clearTimeout(lastWords));
  socket.on('finish', () => {
    if (socket.readableEnded) socket.destroy();
    else setTimeout(() => socket.destroy(), LINGER_MS).unref();
  });
  socket.on('end', () => socket.destroySoon());
}

/** `host:port` with an IPv6 host in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
