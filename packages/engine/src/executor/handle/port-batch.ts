/**
 * PortBatch: what one side of a port has for the other in one turn of the event loop, posted as one message. Both ends of
 * a handle send through one (port-wire.ts has the grammar).
 *
 * Owns      the elements of this turn and the moment they are posted: at the turn's end, or before once they are many; and how
 *           long strings travel: as bytes that are transferred, so that no heap has to hold them (long-text.ts).
 * Does not  own the port (its end does) or bound what is in flight.
 */
import type { MessagePort } from 'node:worker_threads';
import { LONG_TEXT } from '../../runtime/memory/long-text.ts';
import { bytesToOneByte, oneByteToBytes } from '../../runtime/memory/one-byte.ts';
import type { WireBatch, WireElement } from '../../runtime/wire/wire.ts';

type Nested = Extract<WireElement, readonly unknown[]>;
/** What is posted: a batch with bytes in place of its long strings. */
export type Posted = readonly (WireElement | Uint8Array | readonly (Nested[number] | Uint8Array)[])[];

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
    if (!this.#closed) post(this.#port, this.#elements);
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

function post(port: MessagePort, elements: readonly WireElement[]): void {
  const transfers: ArrayBuffer[] = [];
  const inBytes = <T>(element: T): T | Uint8Array => {
    if (typeof element !== 'string') return element;
    const bytes = oneByteToBytes(element);
    transfers.push(bytes.buffer as ArrayBuffer);
    return bytes;
  };
  const posted = elements.some(holdsLong)
    ? elements.map((element) => {
        if (!holdsLong(element)) return element;
        return typeof element === 'string'
          ? inBytes(element)
          : (element as Nested).map((one) => (isLong(one) ? inBytes(one) : one));
      })
    : elements;
  port.postMessage(posted, transfers);
}

function isLong(element: unknown): boolean {
  return typeof element === 'string' && element.length >= LONG_TEXT;
}

function holdsLong(element: WireElement): boolean {
  return isLong(element) || (typeof element === 'object' && (element as Nested).some(isLong));
}

/** A batch as it was before it was posted. */
export function received(posted: Posted): WireBatch {
  return posted.some(holdsBytes)
    ? (posted.map((element) => (holdsBytes(element) ? inText(element) : element)) as WireBatch)
    : (posted as WireBatch);
}

function holdsBytes(element: Posted[number]): boolean {
  return element instanceof Uint8Array || (Array.isArray(element) && element.some((one) => one instanceof Uint8Array));
}

function inText(element: Posted[number]): unknown {
  if (element instanceof Uint8Array) return bytesToOneByte(element);
  return (element as readonly unknown[]).map((one) => (one instanceof Uint8Array ? bytesToOneByte(one) : one));
}
