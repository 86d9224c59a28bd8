/**
 * Long strings outside of the V8 heap.
 *
 * Owns      which strings are long, and how one is made of bytes.
 * Why       A thread whose heap is limited (`resourceLimits`) may run out of it, which ends that thread; but Node lets a heap grow by
 *           no more than 16 MiB beyond its limit for that, and one string that is longer ends the whole process. V8 keeps on the
 *           heap what it reads from a message, and until Node 24 what it decodes from UTF-8; strings that Node makes of bytes of
 *           one length each it keeps outside, if they are long.
 */
import { isAscii, transcode } from 'node:buffer';

/** Node makes strings of more than 1,031,913 units outside of the heap. */
export const LONG_TEXT = 1024 * 1024;

/** @types/node leaves these out; they work on any Uint8Array. */
interface Slices {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  ucs2Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
}
const { latin1Slice, ucs2Slice, utf8Slice } = Buffer.prototype as unknown as Slices;

/** Text of bytes that are known to be UTF-8. */
export function textOfUtf8(bytes: Uint8Array): string {
  const { length } = bytes;
  if (length < LONG_TEXT) return utf8Slice.call(bytes, 0, length);
  if (isAscii(bytes)) return latin1Slice.call(bytes, 0, length);
  // A Node without ICU has no transcode.
  if (typeof transcode !== 'function') return utf8Slice.call(bytes, 0, length);
  const units = transcode(bytes, 'utf8', 'utf16le');
  return ucs2Slice.call(units, 0, units.length);
}
