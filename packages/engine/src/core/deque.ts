/**
 * A queue with both ends and access by position, in one growing ring. Array.shift is linear in V8 once an array is
 * large, and the queues here (windows, unanswered requests) are shifted once per operation.
 */
export class Deque<T> {
  private ring: (T | undefined)[] = new Array<T | undefined>(16).fill(undefined);
  private head = 0;
  private count = 0;

  get length(): number {
    return this.count;
  }

  push(item: T): void {
    if (this.count === this.ring.length) this.grow();
    this.ring[(this.head + this.count) & (this.ring.length - 1)] = item;
    this.count += 1;
  }

  shift(): T | undefined {
    if (this.count === 0) return undefined;
    const item = this.ring[this.head];
    this.ring[this.head] = undefined;
    this.head = (this.head + 1) & (this.ring.length - 1);
    this.count -= 1;
    return item;
  }

  /** The item at a position from the front; undefined outside. */
  at(position: number): T | undefined {
    if (position < 0 || position >= this.count) return undefined;
    return this.ring[(this.head + position) & (this.ring.length - 1)];
  }

  first(): T | undefined {
    return this.ring[this.head];
  }

  clear(): void {
    this.ring = new Array<T | undefined>(16).fill(undefined);
    this.head = 0;
    this.count = 0;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let position = 0; position < this.count; position++) yield this.at(position) as T;
  }

  private grow(): void {
    const items = [...this];
    this.ring = new Array<T | undefined>(this.ring.length * 2).fill(undefined);
    for (let position = 0; position < items.length; position++) this.ring[position] = items[position];
    this.head = 0;
  }
}
