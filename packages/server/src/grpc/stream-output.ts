/**
 * StreamOutput: what a streaming call has written and its client has not taken, in bytes: the stream is in object mode, so
 * its own count is of messages of any size.
 */
import type * as grpc from '@grpc/grpc-js';
import type { GrpcConnection, GrpcConnections } from './memory.ts';

/** What a message costs besides its key and value. */
const MESSAGE_BYTES = 100;

export class StreamOutput {
  /** Bytes written and not yet taken. */
  unsent = 0;
  private readonly stream: grpc.ServerWritableStream<unknown, object>;
  private readonly memory: GrpcConnection | null;
  private over = false;

  constructor(stream: grpc.ServerWritableStream<unknown, object>, connections: GrpcConnections) {
    this.stream = stream;
    this.memory = connections.of(stream);
    // Said at the end of every call. What was not sent by then never will be.
    stream.on('cancelled', () => {
      this.memory?.hold(-this.unsent);
      this.over = true;
      this.unsent = 0;
    });
  }

  /** Writes a message whose key and value have so many bytes; false if the client should be waited for. */
  write(message: object, bytes: number): boolean {
    const cost = bytes + MESSAGE_BYTES;
    this.unsent += cost;
    this.memory?.hold(cost);
    return this.stream.write(message, () => {
      if (this.over) return;
      this.unsent -= cost;
      this.memory?.hold(-cost);
      if (this.unsent === 0) this.stream.emit('taken');
    });
  }
}
