/**
 * Watch: the changes of keys as a stream, from now on or from where an earlier watch got to.
 *
 * Owns      the messages, and writing no faster than the client reads (watch/follow.ts).
 * Ends      with the client, or with the status that says why no more can be told.
 */
import type * as grpc from '@grpc/grpc-js';
import { parsePosition } from '@quintet/engine';
import type { Change } from '@quintet/engine/internal';
import { happened } from '../engine/walk.ts';
import type { ServerContext } from '../state/server-context.ts';
import { follow } from '../watch/follow.ts';
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
  const watch = new GrpcWatch(stream, connections);
  try {
    const { prefix, from } = stream.request;
    let started = false;
    for await (const { changes, position } of follow(context.feeds, { prefix }, startOf(from), watch.signal)) {
      if (!started) watch.tellStart(position);
      else if (changes.length === 0) await watch.writePosition(position);
      else await watch.write(changes, position);
      started = true;
    }
  } catch (thrown) {
    stream.emit('error', statusOf(context, thrown));
  }
}

/** @throws {KvError} INVALID_OPTION */
function startOf(from: string): WatchStart {
  return from === '' ? {} : { from: parsePosition(from) };
}

class GrpcWatch {
  readonly signal: AbortSignal;
  private readonly stream: WatchStream;
  private readonly output: StreamOutput;

  constructor(stream: WatchStream, connections: GrpcConnections) {
    this.signal = abortSignalOf(stream);
    this.stream = stream;
    this.output = new StreamOutput(stream, connections);
  }

  /** The client hears that the watch stands, and where, by the headers. */
  tellStart(position: string): void {
    const metadata = new library.grpc.Metadata();
    metadata.set('position', position);
    this.stream.sendMetadata(metadata);
  }

  /** Everything up to a position was told. */
  async writePosition(position: string): Promise<void> {
    await this.roomAfter(this.output.write({ type: 'TYPE_POSITION', position }, position.length));
  }

  async write(changes: readonly Change[], position: string): Promise<void> {
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
