/**
 * PortBatch: what one side of a port has for the other in one turn of the event loop, posted as one message. Both ends of
 * a handle send through one (port-wire.ts has the grammar).
 *
 * Owns      the words of this turn and the moment they are posted: at the turn's end, or before once they are many.
 * Does not  own the port (its end does) or bound what is in flight.
 */
import type { MessagePort } from 'node:worker_threads';
import { Asides, Writer } from '../../core/codec/writer.ts';
import { postBatch } from '../../runtime/drivers/batch-sender.ts';
import { NATIVE } from '../../runtime/memory/native.ts';

/** A batch is posted before the turn's end once it holds so many words, or so many bytes of values. */
const BATCH_WORDS = 64 * 1024;
const BATCH_BYTES = 1024 * 1024;

export class PortBatch {
  readonly #port: MessagePort;
  readonly #asides = new Asides();
  /** To write to; `added` must follow. */
  readonly out = new Writer(NATIVE, this.#asides);
  #bytes = 0;
  #scheduled = false;
  #closed = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Something was written, with so many bytes in values that may be long. */
  added(bytes: number): void {
    this.#bytes += bytes;
    if (this.out.at >= BATCH_WORDS || this.#bytes >= BATCH_BYTES) this.flush();
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(endTurn, this);
  }

  endTurn(): void {
    this.#scheduled = false;
    this.flush();
  }

  /** Posts what there is. */
  flush(): void {
    if (this.out.at === 0) return;
    const transfers = this.#asides.takeTransfers();
    const batch = this.#asides.take(this.out.take());
    if (!this.#closed) postBatch(this.#port, batch, transfers);
    this.#bytes = 0;
  }

  /** Nothing is posted any more: there is nobody to post to. */
  close(): void {
    this.#closed = true;
    this.out.clear();
  }
}

function endTurn(batch: PortBatch): void {
  batch.endTurn();
}
