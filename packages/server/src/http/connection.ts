/**
 * HttpConnection: one client's HTTP/1.1 connection: its requests in their order, and the memory they take.
 *
 * Owns      the order (a request is begun when the answer before it is out, so a thousand pipelined reads of large values
 *           are not in memory at once), the bytes of the body and of the answer in flight, whether the socket is read, and
 *           its end while draining.
 * Does not  parse or route.
 * Invariants
 *   CN1  while more than WAITING_MAX requests wait, the socket is not read: what is parsed is at most that, and what one
 *       read of the socket (64 KB) brings, however long the first takes (/v1/watch has no end). All that waits counts. The
 *       head that read ends amid is under httpHeadMs as any: who goes on pipelining behind a watch is cut off by that.
 *   CN2  a request whose answer is due never waits for its own body: others wait behind it only once it is complete.
 *   CN3  a client that stops reading its answer loses the connection (output-guard.ts).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Guest, STRANGER_BYTES } from '../access/strangers.ts';
import { CountedConnection } from '../listen/counted-connection.ts';
import { type Output, OutputGuard } from '../listen/output-guard.ts';
import { SocketTransport } from '../listen/socket-transport.ts';
import type { ServerContext } from '../state/server-context.ts';

/** Requests that may wait for their answers while more are read; with so few waiting, reading goes on. */
const WAITING_MAX = 16;
const WAITING_FEW = 8;
/** About what a request and its answer keep until it is out, besides the head's text. */
const REQUEST_BYTES = 2048;

export class HttpConnection extends CountedConnection {
  protected readonly protocol = 'http';
  protected waitingBytes = 0;
  private readonly output: OutputGuard;
  private waiting = 0;
  private crowded = false;
  /** Once crowded, it has ears for whoever reads on. */
  private guarded = false;
  private last: Promise<void> = Promise.resolve();
  private draining = false;

  constructor(socket: Socket, context: ServerContext, guest: Guest) {
    super(socket, context, guest);
    const transport = new SocketTransport(socket, false);
    const measure = (): Output => {
      const { unsentBytes: bytes, stuckBytes } = transport;
      return { bytes, taken: socket.bytesWritten - bytes - stuckBytes };
    };
    this.output = new OutputGuard(context.limits, measure, () => this.onStalled());
    socket.once('close', () => this.output.stop());
  }

  /** Has `serve` called when the answers before `response` are out; it must end `response`, and not reject. */
  queue(request: IncomingMessage, response: ServerResponse, serve: () => Promise<void>): void {
    const bytes = REQUEST_BYTES + headBytes(request);
    this.waitingBytes += bytes;
    this.context.mayHold();
    const isMuch = ++this.waiting > WAITING_MAX || (this.isStranger && this.waitingBytes > STRANGER_BYTES);
    if (isMuch && !this.crowded) this.stopReading();
    this.last = this.last.then(async () => {
      if (!response.destroyed && !this.socket.destroyed) {
        if (this.draining) response.setHeader('connection', 'close');
        await Promise.all([serve().then(() => this.output.check(this.socket.writableLength, false)), ended(response)]);
      }
      this.held = 0;
      this.waitingBytes -= bytes;
      if (--this.waiting === 0 && this.draining) this.socket.destroySoon();
      else if (this.crowded && this.waiting <= WAITING_FEW) this.readOn();
    });
  }

  private onStalled(): void {
    this.context.counters.outputLimitDisconnections++;
    this.cutOff('output-limit');
  }

  private stopReading(): void {
    this.crowded = true;
    this.socket.pause();
    if (this.guarded) return;
    this.guarded = true;
    this.socket.on('resume', () => this.onReadOn());
  }

  /** Node reads on after each answer and for each body, whatever waits. Its own listener came first, so it has done so now. */
  private onReadOn(): void {
    if (!this.crowded) return;
    // A stream that takes itself for paused (pause() came between resume() and this event) would not tell node again.
    if (this.socket.isPaused()) this.socket.emit('pause');
    else this.socket.pause();
  }

  private readOn(): void {
    this.crowded = false;
    this.socket.resume();
  }

  /** Ends when what is asked is answered. */
  drain(): void {
    this.draining = true;
    if (this.waiting === 0) this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

function headBytes({ url = '', rawHeaders }: IncomingMessage): number {
  let bytes = url.length;
  for (const { length } of rawHeaders) bytes += length;
  return bytes;
}

/** The response is sent, or its connection is gone. */
function ended(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.closed) resolve();
    else response.once('close', resolve);
  });
}
