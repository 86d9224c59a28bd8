/**
 * Watch: the changes of keys as a stream, from now on or from where an earlier watch got to.
 *
 * Owns      one feed, and writing no faster than the client reads: what it does not read stays in the feed, which is bounded
 *           (watch/change-feed.ts).
 * Ends      with the client, or with the status that says why no more can be told.
 */
import type * as grpc from '@grpc/grpc-js';
import { KvError, parsePosition } from '@quintet/engine';
import type { Change } from '@quintet/engine/internal';
import { happened } from '../engine/walk.ts';
import type { ServerContext } from '../state/server-context.ts';
import type { ChangeFeed } from '../watch/change-feed.ts';
import type { WatchStart } from '../watch/watch-request.ts';
import { abortSignalOf, entryOf, statusOf } from './answers.ts';
import { library } from './library.ts';
import type { GrpcConnections } from './memory.ts';
import { StreamOutput } from './stream-output.ts';

export interface WatchRequest {
  readonly prefix: Uint8Array;
  readonly from: string;
}

type WatchStream = grpc.ServerWritableStream<WatchRequest, object>;

/** Unsent bytes beyond which a watch waits until its client has taken them all. */
const UNSENT_BYTES_MAX = 1024 * 1024;

/** The method. Resolves when the client has gone, or the watch has ended. */
export async function watchKeys(
  context: ServerContext,
  stream: WatchStream,
  connections: GrpcConnections,
): Promise<void> {
  const watch = new GrpcWatch(stream, new StreamOutput(stream, connections));
  let feed: ChangeFeed | null = null;
  try {
    const { prefix, from } = stream.request;
    feed = context.feeds.open(
      { prefix },
      startOf(from),
      () => watch.onNews(),
      () => watch.onClosing(),
    );
    await watch.tell(feed);
  } catch (thrown) {
    stream.emit('error', statusOf(context, thrown));
  } finally {
    if (feed !== null) context.feeds.drop(feed);
  }
}

/** @throws {KvError} INVALID_OPTION */
function startOf(from: string): WatchStart {
  return from === '' ? {} : { from: parsePosition(from) };
}

class GrpcWatch {
  private readonly stream: WatchStream;
  private readonly output: StreamOutput;
  private readonly signal: AbortSignal;
  private closing = false;
  /** Calls whoever waits for news. */
  private wake = (): void => {};

  constructor(stream: WatchStream, output: StreamOutput) {
    this.stream = stream;
    this.output = output;
    this.signal = abortSignalOf(stream);
    this.signal.addEventListener('abort', () => this.wake(), { once: true });
  }

  onNews(): void {
    this.wake();
  }

  onClosing(): void {
    this.closing = true;
    this.wake();
  }

  private get isOver(): boolean {
    return this.closing || this.signal.aborted;
  }

  private news(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      if (this.isOver) resolve();
    });
  }

  /** Writes what comes until the client goes. Rejects with KvError if the server closes, or the feed ends. */
  async tell(feed: ChangeFeed): Promise<void> {
    while (feed.starting && !this.isOver) await this.news();
    if (!feed.starting) this.tellStart(feed);
    let told = feed.position;
    while (!this.isOver) {
      const changes = feed.take();
      const { position } = feed;
      if (changes !== undefined) await this.write(changes, position!);
      else if (position !== told && feed.failure === undefined) await this.writePosition(position!);
      else if (feed.failure === undefined) await this.news();
      else throw feed.failure;
      told = position;
    }
    if (this.closing) throw new KvError('CLOSED');
  }

  /** The client hears that the watch stands, and where, by the headers. */
  private tellStart(feed: ChangeFeed): void {
    const { startFailure } = feed;
    if (startFailure !== undefined) throw startFailure;
    const metadata = new library.grpc.Metadata();
    metadata.set('position', feed.position!);
    this.stream.sendMetadata(metadata);
  }

  /** Everything up to a position was told. */
  private async writePosition(position: string): Promise<void> {
    await this.roomAfter(this.output.write({ type: 'TYPE_POSITION', position }, position.length));
  }

  private async write(changes: readonly Change[], position: string): Promise<void> {
    const last = changes.length - 1;
    let room = true;
    for (const [at, change] of changes.entries()) {
      const { type, key, value } = change;
      const entry = type === 'put' ? entryOf(change) : { ...entryOf(change), kind: 'KIND_UNSPECIFIED' };
      const message = { type: `TYPE_${type.toUpperCase()}`, entry, position: at === last ? position : '' };
      room = this.output.write(message, key.length + value.length);
    }
    await this.roomAfter(room);
  }

  /** Resolves when there is room for more, or nobody wants it. */
  private async roomAfter(room: boolean): Promise<void> {
    if (this.output.unsent > UNSENT_BYTES_MAX) await happened(this.stream, 'taken', this.signal);
    else if (!room) await happened(this.stream, 'drain', this.signal);
  }
}
