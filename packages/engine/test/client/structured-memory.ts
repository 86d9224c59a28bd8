/** Reads a megabyte of each of the forms whose values are longest for their bytes, in a process with a small heap. */
import { readStructured } from '../../src/client/codec/structured.ts';

const BYTES = 1024 * 1024;
/** Empty arrays, objects, bytes; a Map, a Set, a Uint8ClampedArray; objects of ever other names; arrays that are not there. */
const FORMS = ['90', '80', 'c400', 'd40380', 'd40290', 'd40503', '', 'dd00080000'];

let reads = 0;
for (const form of FORMS) {
  readStructured(filled(form));
  reads++;
}
process.stdout.write(`read ${reads}`);

function filled(form: string): Uint8Array {
  const piece = Buffer.from(form, 'hex');
  const count = Math.floor((BYTES - 5) / (piece.length || 5));
  const bytes = Buffer.alloc(5 + count * (piece.length || 5));
  bytes[0] = 0xdd;
  bytes.writeUInt32BE(count, 1);
  for (let i = 0; i < count; i++) {
    if (piece.length > 0) bytes.set(piece, 5 + i * piece.length);
    else bytes.set([0x81, 0xa2, 0x30 + (i % 64), 0x30 + ((i >> 6) % 64), 0xc0], 5 + i * 5);
  }
  return bytes;
}
