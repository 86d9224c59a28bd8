/**
 * pages: large pieces of memory that the system has back the moment they are freed.
 *
 * Owns      how a large piece is allocated and freed.
 * Does not  keep any for reuse, or know what lies in them.
 * Why resizable buffers: V8 maps each by itself and unmaps it when it shrinks to nothing or is collected. Other buffers
 * come from malloc, and glibc, once it has freed a piece of up to 32 MiB, takes all smaller ones from the arenas of the
 * threads, where they stay after they are freed: of 600 values of 1 MB 1.1 GB stayed for ever.
 */
/** From here on a mapping of its own pays; below, malloc reuses well, and half of a page more would be wasted. */
export const PAGED_BYTES_MIN = 16 * 1024;

/** ES2024, as Node 20 has it. */
interface Resizable {
  readonly resizable: boolean;
  resize(bytes: number): void;
}
const ResizableBuffer = ArrayBuffer as unknown as new (
  bytes: number,
  options: { maxByteLength: number },
) => ArrayBuffer;

/** A piece of exactly `bytes` bytes with an ArrayBuffer of its own. */
export function allocatePages(bytes: number): Uint8Array {
  if (bytes < PAGED_BYTES_MIN) return Buffer.allocUnsafeSlow(bytes);
  return Buffer.from(new ResizableBuffer(bytes, { maxByteLength: bytes }), 0, bytes);
}

/** Gives the memory back at once; false if it is not of {@link allocatePages}, or too small. Every view on it is empty then. */
export function freePages(piece: Uint8Array): boolean {
  const buffer = piece.buffer as unknown as Resizable;
  if (!buffer.resizable) return false;
  buffer.resize(0);
  return true;
}
