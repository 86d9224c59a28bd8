/**
 * CallDeadline: the signal and the timeout of a call that is made of several: what is left of them for the next one.
 */
import { KvError } from '../../core/protocol/errors.ts';
import type { CallOptions } from '../store/store.ts';
import { abortedBefore } from './call.ts';

export class CallDeadline {
  readonly #signal: AbortSignal | undefined;
  readonly #deadline: number;

  constructor({ signal, timeoutMs }: CallOptions) {
    this.#signal = signal;
    this.#deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  }

  /** @throws {KvError} TIMEOUT, ABORTED */
  left(): CallOptions {
    const signal = this.#signal;
    if (signal?.aborted) throw abortedBefore(signal);
    const timeoutMs = this.#deadline - performance.now();
    if (timeoutMs <= 0) throw new KvError('TIMEOUT');
    return {
      ...(signal === undefined ? undefined : { signal }),
      ...(timeoutMs === Number.POSITIVE_INFINITY ? undefined : { timeoutMs }),
    };
  }
}
