/**
 * MixedLoad: callers that put, get and increment without end, and how long any of them ever waited.
 *
 * Owns      the callers and the measure: the longest time one call was in flight, over a window that is begun and ended
 *           from outside. A call counts for every window it touches, one still in flight at the end too.
 * Does not  hurt anything, or keep a history (scripts/chaos does).
 * Errors    None may reach a caller: the first one fails the benchmark.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '@quintet/engine';

export interface MixedLoadOptions {
  readonly store: Store;
  readonly callers: number;
  /** Mean pause between two calls of a caller; 0 for none. */
  readonly thinkMs: number;
  readonly keys: number;
}

/** Keys of 16 bytes. */
export function benchKey(index: number): string {
  return `key:${index}`.padEnd(16, '.');
}

const VALUE_BYTES = 64;

export function benchValue(index: number): string {
  return `${index}:`.padEnd(VALUE_BYTES, 'v');
}

/** Puts every key once. */
export function fill(store: Store, keys: number): Promise<void> {
  return store.putMany(entries(keys));
}

function* entries(keys: number): Generator<readonly [string, string]> {
  for (let index = 0; index < keys; index++) yield [benchKey(index), benchValue(index)];
}

export class MixedLoad {
  operations = 0;
  readonly #options: MixedLoadOptions;
  readonly #invokedAt: Float64Array;
  readonly #loops: Promise<void>[];
  #longest = 0;
  #stopped = false;
  #error: unknown;

  constructor(options: MixedLoadOptions) {
    this.#options = options;
    this.#invokedAt = new Float64Array(options.callers);
    this.#loops = Array.from({ length: options.callers }, (_, executor) => this.#loop(executor));
  }

  /** A window begins: forgets what was. */
  beginWindow(): void {
    this.#longest = 0;
  }

  /** The longest wait of the window, ms. @throws what a caller met */
  endWindow(): number {
    if (this.#error !== undefined) throw this.#error;
    const now = performance.now();
    for (const invokedAt of this.#invokedAt) if (invokedAt > 0) this.#note(now - invokedAt);
    return this.#longest;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    if (this.#error !== undefined) throw this.#error;
  }

  async #loop(executor: number): Promise<void> {
    const { thinkMs } = this.#options;
    try {
      while (!this.#stopped) {
        const invokedAt = performance.now();
        this.#invokedAt[executor] = invokedAt;
        await this.#call(executor);
        this.#invokedAt[executor] = 0;
        this.#note(performance.now() - invokedAt);
        this.operations++;
        if (thinkMs > 0) await delay(Math.random() * 2 * thinkMs);
      }
    } catch (error) {
      this.#error ??= error;
      this.#stopped = true;
    }
  }

  #note(waitedMs: number): void {
    if (waitedMs > this.#longest) this.#longest = waitedMs;
  }

  #call(executor: number): Promise<unknown> {
    const { store, keys } = this.#options;
    const index = Math.floor(Math.random() * keys);
    const roll = Math.random();
    if (roll < 0.5) return store.get(benchKey(index));
    if (roll < 0.9) return store.put(benchKey(index), benchValue(index));
    return store.increment(`counter:${executor}`);
  }
}
