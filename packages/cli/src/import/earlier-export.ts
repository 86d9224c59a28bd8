/**
 * Values that kvctl 0.1 exported: msgpack in the private form of msgpackr, with records for objects and maps for Maps. What
 * is read here is packed anew; what cannot be is bytes.
 */
import { Unpackr } from 'msgpackr/unpack';
import type { TypedValue } from '../server/commands.ts';
import { fromBase64 } from '../values/json-face.ts';
import { packStructured } from '../values/structured.ts';

const unpackr = new Unpackr({
  useRecords: true,
  moreTypes: true,
  useBigIntExtension: true,
  copyBuffers: true,
} as object);

/** Throws an Error for base64 that is none. */
export function fromEarlierExport(base64: string): TypedValue {
  const bytes = fromBase64(base64);
  try {
    // Of its own memory: msgpackr leaves a property on what it reads.
    return { kind: 'structured', bytes: packStructured(unpackr.unpack(Uint8Array.from(bytes))) };
  } catch {
    return { kind: 'bytes', bytes };
  }
}
