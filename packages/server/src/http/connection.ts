/**
 * HttpConnection: one client's HTTP/1.1 connection: its requests in their order, and the memory they take.
 *
 * Owns      the order (a request is begun when the answer before it is out, so a thousand pipelined reads of large values
 *           are not in memory at once), the bytes of the body and of the answer under way, and its end while draining.
 * Does not  parse or route.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { CutOffReason } from '../incidents.ts';
import type { MemoryHolder } from '../memory-holders.ts';
import type { ServerContext } from '../server-context.ts';
import { hostAndPort } from '../socket-transport.ts';

export class HttpConnection implements MemoryHolder {
  readonly noEvict = false;
  readonly address: string;
  private readonly socket: Socket;
  private readonly context: ServerContext;
  private held = 0;
  private waiting = 0;
  private last: Promise<void> = Promise.resolve();
  private draining = false;

  constructor(socket: Socket, context: ServerContext) {
    this.socket = socket;
    this.context = context;
    this.address = hostAndPort(socket.remoteAddress ?? '', socket.remotePort ?? 0);
  }

  get heldBytes(): number {
    return this.held;
  }

  /** The exchange under way keeps so many bytes more: of its body, or its answer. */
  hold(bytes: number): void {
    this.held += bytes;
  }

  /** Has `serve` called when the answers before `response` are out; it must end `response`, and not reject. */
  queue(response: ServerResponse, serve: () => Promise<void>): void {
    this.waiting++;
    this.last = this.last.then(async () => {
      if (!response.destroyed && !this.socket.destroyed) {
        if (this.draining) response.setHeader('connection', 'close');
        await Promise.all([serve(), ended(response)]);
      }
      this.held = 0;
      if (--this.waiting === 0 && this.draining) this.socket.destroySoon();
    });
  }

  /** Ends when what is asked is answered. */
  drain(): void {
    this.draining = true;
    if (this.waiting === 0) this.socket.end();
  }

  cutOff(reason: CutOffReason): void {
    this.context.incidents.cutOff('http', this.address, reason);
    this.destroy();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** The response is sent, or its connection is gone. */
function ended(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.closed) resolve();
    else response.once('close', resolve);
  });
}
