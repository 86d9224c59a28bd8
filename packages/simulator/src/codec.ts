/**
 * Codec: messages on their way through bytes, as between real threads: what is received is what the codec made of them, and puts
 * lie in the receiver's memory.
 *
 * Owns      an encoder, and the memory of each receiver.
 * Does not  gather messages into batches: the engine's own test of the codec does.
 */
import type { Message, NodeId } from '@quintet/engine/internal';
import { BatchEncoder, decodeBatch, NATIVE, Reader } from '@quintet/engine/machines';

export class Codec {
  private readonly encoder = new BatchEncoder(0, NATIVE);
  private readonly readers = new Map<NodeId, Reader>();

  through(to: NodeId, message: Message): Message {
    let reader = this.readers.get(to);
    if (reader === undefined) {
      reader = new Reader(NATIVE);
      this.readers.set(to, reader);
    }
    let received = message;
    this.encoder.add(message);
    decodeBatch(this.encoder.take(0), reader, (_from, decoded) => {
      received = decoded;
    });
    return received;
  }
}
