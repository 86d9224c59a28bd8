/**
 * PortBatch: what one side of a port has for the other in one turn of the event loop, posted as one message. Both ends of
 * a handle send through one (port-wire.ts has the grammar).
 *
 * Owns      the elements of this turn and the moment they are posted: at the turn's end, or before once they are many.
 * Does not  own the port (its end does) or bound what is under way.
 */
import type { MessagePort } from 'node:worker_threads';
import type { WireElement } from '../../runtime/wire/wire.ts';

/** A batch is posted before the turn's end once it holds so many elements, or so many bytes of strings. */
const BATCH_ELEMENTS = 16_384;
const BATCH_BYTES = 1024 * 1024;

export class PortBatch {
  readonly #port: MessagePort;
  #elements: WireElement[] = [];
  #bytes = 0;
  #scheduled = false;
  #closed = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** To push to, at once: a new array after each post. `added` must follow. */
  get elements(): WireElement[] {
    return this.#elements;
  }

  /** Elements were pushed, with so many bytes in strings that may be long. */
  added(bytes: number): void {
    this.#bytes += bytes;
    if (this.#elements.length >= BATCH_ELEMENTS || this.#bytes >= BATCH_BYTES) this.flush();
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
    if (this.#elements.length === 0) return;
    if (!this.#closed) this.#port.postMessage(this.#elements);
    this.#elements = [];
    this.#bytes = 0;
  }

  /** Nothing is posted any more: there is nobody to post to. */
  close(): void {
    this.#closed = true;
    this.#elements = [];
  }
}

function endTurn(batch: PortBatch): void {
  batch.endTurn();
}
