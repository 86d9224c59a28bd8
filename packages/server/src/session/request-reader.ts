/**
 * RequestReader: the way in of one connection: bytes become requests, which are begun one at a time.
 *
 * Owns      the decoder, the holds, and whether the transport is read.
 * Does not  run requests (dispatch.ts does, for the session) or know of replies but how full their way is (reply-writer.ts).
 * Invariants
 *   RR1  requests are begun in the order they came
 *   RR2  none is begun while one holds the session, while more than the limits are pending, or after closing
 *   RR3  one turn of the event loop is not taken up by those who send much: after TURN_MS their next requests wait for the
 *       next turn; nor is more than READ_BYTES read of one client, and of one that cannot be served one chunk
 * Why pull  Requests are pulled from the decoder one at a time, so any command can stop the next from being begun
 *           without a second queue: what is not begun stays bytes, and the socket is not read meanwhile.
 */

import type { Transport } from '../listen/transport.ts';
import { Decoder } from '../resp/decoder.ts';
import type { ServerContext } from '../state/server-context.ts';
import type { ReplyWriter } from './reply-writer.ts';

/** What the way in needs of the session it belongs to. */
export interface RequestReaderOwner {
  /** Begins a request, whatever comes of it. */
  begin(args: string[]): void;
  /** Replies to the GET that the decoder sees, if that needs nothing but its bytes. */
  getAtOnce(): boolean;
  /** What came is no request. */
  onProtocolError(text: string): void;
  /** The client will send no more, and all it asked for is begun. */
  onInputDone(): void;
  /** An error that is a bug came out of beginning requests. */
  onBug(thrown: unknown): void;
}

/** Share of a limit at which a paused transport is read again. */
const RESUME_AT = 0.5;

/**
 * What beginning requests may take of one turn, those of all clients together, and how often the clock is asked: so many
 * requests each client may begin in any turn. A request of somebody else waits for a turn twice, on its way in and out.
 */
const TURN_MS = 4;
const LOOK_EVERY = 8;

/** What is read of one client in a turn. Copying a large value, in memory never touched before, takes 1 to 3 ms per MiB. */
const READ_BYTES = 256 * 1024;

export class RequestReader {
  readonly decoder: Decoder;
  /** When what is being begun was begun (ServerContext.turnTime). */
  begunAt = 0;
  private readonly owner: RequestReaderOwner;
  private readonly output: ReplyWriter;
  private readonly context: ServerContext;
  private readonly transport: Transport;
  /** A request that was taken from the decoder and must wait (CLIENT PAUSE). */
  private parked: string[] | null = null;
  private parkedBytes = 0;
  /** What arrived while nothing could be begun, as it arrived: to join it with what is there would copy it all. */
  private readonly backlog: Buffer[] = [];
  private backlogBytes = 0;
  private holds = 0;
  private pumping = false;
  /** Requests wait; the transport may be read all the same. */
  private blocked = false;
  private paused = false;
  /** Not read again before the next turn (RR3), and what was read since it last was so. */
  private pausing = false;
  private readBytes = 0;
  /** Waiting for the next turn (RR3). */
  private resting = false;
  private inputEnded = false;

  /** `output`: requests are begun only while it is open, and not full. */
  constructor(owner: RequestReaderOwner, output: ReplyWriter, context: ServerContext, transport: Transport) {
    this.owner = owner;
    this.output = output;
    this.context = context;
    this.transport = transport;
    this.decoder = new Decoder(context.limits, context.executor.limits.copies);
    this.decoder.authenticated = !context.passwordRequired;
  }

  /** Bytes received and not yet begun. */
  get bytes(): number {
    return this.decoder.bufferedBytes + this.parkedBytes + this.backlogBytes;
  }

  get isBlocked(): boolean {
    return this.blocked;
  }

  /** Takes the first `length` of `bytes`. They are copied, unless all of them are begun at once. */
  feed(bytes: Buffer, length: number): void {
    if (this.blocked) {
      this.backlog.push(Buffer.from(bytes.subarray(0, length)));
      this.backlogBytes += length;
      this.pauseReading();
      return;
    }
    this.decoder.feed(bytes, length);
    this.pump();
    this.decoder.keepRest();
    this.readBytes += length;
    if (this.readBytes >= READ_BYTES) this.pauseReading();
  }

  /** The client will send no more; what it asked for is still begun. */
  end(): void {
    this.inputEnded = true;
    this.pump();
  }

  /** Takes back the request being begun: it is begun anew after {@link release}, which must follow. */
  park(args: readonly string[]): void {
    this.parked = [...args];
    this.parkedBytes = this.decoder.lastRequestBytes;
    this.hold();
  }

  forgetParked(): void {
    this.parked = null;
    this.parkedBytes = 0;
  }

  hold(): void {
    this.holds++;
  }

  release(): void {
    this.holds--;
    this.pump();
  }

  /** Begins the requests that are there, as far as they may be begun. */
  pump(): void {
    if (this.pumping || this.resting) return;
    this.pumping = true;
    try {
      this.begunAt = this.context.turnTime();
      this.afterBeginning(this.beginMany());
    } catch (thrown) {
      this.owner.onBug(thrown);
    }
    this.pumping = false;
  }

  private afterBeginning(exhausted: boolean): void {
    if (this.decoder.error !== null) this.owner.onProtocolError(this.decoder.error);
    if (exhausted && this.inputEnded) this.owner.onInputDone();
    this.adjustReading();
  }

  /** Whether there is no whole request left. */
  private beginMany(): boolean {
    const { owner, output } = this;
    let startedAt = 0;
    for (let count = 1; output.isOpen && this.holds === 0 && !output.isFull(1); count++) {
      if (this.parked === null && this.decoder.seesGet() && owner.getAtOnce()) {
        this.decoder.skipGet();
      } else {
        const args = this.parked ?? this.next();
        if (args === null) return true;
        if (this.parked !== null) this.forgetParked();
        owner.begin(args);
      }
      if (count % LOOK_EVERY !== 0) continue;
      const now = performance.now();
      if (startedAt > 0) this.context.beginningMs += now - startedAt;
      startedAt = now;
      if (this.context.beginningMs > TURN_MS) {
        this.rest();
        return false;
      }
    }
    return false;
  }

  private next(): string[] | null {
    const { decoder, backlog } = this;
    for (;;) {
      const args = decoder.next();
      if (args !== null || backlog.length === 0 || decoder.error !== null) return args;
      const chunk = backlog.shift()!;
      this.backlogBytes -= chunk.length;
      decoder.feed(chunk, chunk.length);
    }
  }

  private rest(): void {
    this.resting = true;
    setImmediate(() => {
      this.resting = false;
      this.pump();
    });
  }

  /** Until the next turn, and then as long as it must be. */
  private pauseReading(): void {
    if (this.pausing || !this.output.isOpen) return;
    this.pausing = true;
    this.setPaused(true);
    setImmediate(() => {
      this.pausing = false;
      this.readBytes = 0;
      if (this.resting) this.adjustReading();
      else this.pump();
    });
  }

  private adjustReading(): void {
    const { output } = this;
    if (!output.isOpen) return;
    const isFull = output.isFull(this.blocked ? RESUME_AT : 1);
    this.blocked = this.holds > 0 || this.resting || isFull;
    this.setPaused(this.pausing || (this.blocked && this.bytes >= this.readAheadBytes));
  }

  /**
   * What waits for us is left to the network, but for a little while a command waits: a client that hangs up is only seen
   * to by who reads. What waits for the client to take its replies is read on for a while: many clients send a whole
   * pipeline before they read the first reply, and each would wait for the other for ever. Strangers are given no such room.
   */
  private get readAheadBytes(): number {
    if (!this.decoder.authenticated) return 0;
    if (this.output.isUntaken) return this.context.limits.requestBytes;
    return this.holds > 0 ? READ_BYTES : 0;
  }

  private setPaused(wanted: boolean): void {
    const { transport } = this;
    if (wanted === this.paused) return;
    this.paused = wanted;
    if (wanted) transport.pause();
    else transport.resume();
  }
}
