/**
 * Values as those see them who have no words for kinds: a structured value as JSON where that says exactly what it is, as
 * msgpack where not; and the other way round, the kind of what comes in.
 *
 * Owns      that rule, for RESP, HTTP and gRPC alike.
 * Does not  know msgpack: that is the engine's (`@quintet/engine/codec`).
 */
import { isUtf8 } from 'node:buffer';
import { readStructured, structuredJson } from '@quintet/engine/codec';
import { ValueKind } from '@quintet/engine/internal';
import { bulk, utf8 } from '../resp/encoder.ts';
import type { Answer, LargeAnswer } from '../session/reply-queue.ts';
import { engineError } from './errors.ts';

/** A stored value, as one-byte text, for those who know bytes only. */
export function plainBytes(stored: string, kind: ValueKind): string {
  if (kind !== ValueKind.structured) return stored;
  const json = structuredJson(bytesOf(stored));
  return json === undefined ? stored : utf8(json);
}

/** The value of an entry, or nil where there is none. */
export const valueOrNil: Answer = (result, encoder) =>
  result.value === null ? encoder.nil : bulk(plainBytes(result.value, result.kind));

/** The same for a read that asked for blocks. */
export const valueOrBlock: LargeAnswer = (result, encoder) => {
  const { block, kind } = result;
  if (block === undefined) return valueOrNil(result, encoder);
  return kind === ValueKind.structured ? bulk(plainBytes(block.text(), kind)) : block;
};

/** An answer from the bytes of a value. A structured value has none that mean anything: they are refused. */
export function ofBytes(answer: Answer): Answer {
  return (result, encoder) =>
    result.kind === ValueKind.structured ? engineError('WRONG_KIND', '') : answer(result, encoder);
}

/** The kind under which bytes of a stranger may be stored: structured only what can be read, all else is bytes. */
export function storableKind(kind: ValueKind, value: string): ValueKind {
  return kind === ValueKind.structured && !isStructured(value) ? ValueKind.bytes : kind;
}

export function isStructured(value: string): boolean {
  return readStructured(bytesOf(value)) !== undefined;
}

/** A value as a field of a JSON line: text as it is, a structured value as JSON, what neither can say as base64. */
export function valueField(name: string, stored: string, kind: ValueKind): Record<string, unknown> {
  if (kind !== ValueKind.structured) return bytesField(name, stored);
  const bytes = bytesOf(stored);
  const read = readStructured(bytes);
  if (read?.isJson === true) return { [name]: read.value };
  return { [name]: bytes.toString('base64'), [`${name}Encoding`]: read === undefined ? 'base64' : 'msgpack' };
}

/** Bytes as a field of a JSON line: what is no UTF-8 is base64, and says so. */
export function bytesField(name: string, stored: string): Record<string, string> {
  const bytes = bytesOf(stored);
  if (isUtf8(bytes)) return { [name]: bytes.toString('utf8') };
  return { [name]: bytes.toString('base64'), [`${name}Encoding`]: 'base64' };
}

function bytesOf(stored: string): Buffer {
  return Buffer.from(stored, 'latin1');
}
