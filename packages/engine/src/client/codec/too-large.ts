/**
 * What is said of keys and values that are too long. How long they are is often not known: they are refused before they are
 * encoded, so that nobody waits for what comes to nothing, and V8 never makes a string that does not fit its heap.
 */
import { KvError } from '../../core/protocol/errors.ts';

export function keyTooLarge(least: number, maxBytes: number): KvError {
  return new KvError('KEY_TOO_LARGE', reason(least, maxBytes));
}

export function valueTooLarge(least: number, maxBytes: number): KvError {
  return new KvError('VALUE_TOO_LARGE', reason(least, maxBytes));
}

function reason(least: number, maxBytes: number): string {
  return `at least ${least} bytes, the limit is ${maxBytes}`;
}
