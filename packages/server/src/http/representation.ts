/**
 * Representations: what a value is over HTTP, both ways.
 *
 * | kind       | without Accept                        | for who prefers           | PUT with                        |
 * |------------|---------------------------------------|---------------------------|---------------------------------|
 * | text       | text/plain                            | application/json: a string | text/…                         |
 * | number     | text/plain                            | application/json           | application/json, a number     |
 * | bytes      | application/octet-stream              |                           | anything else                   |
 * | structured | application/json where that is exact, | application/x-msgpack      | application/json, or one of the |
 * |            | else application/x-msgpack            |                           | names of msgpack                |
 *
 * JSON is never given for what it cannot say exactly: who takes nothing else is told so (406).
 */
import { isUtf8 } from 'node:buffer';
import { KvError } from '@quintet/engine';
import { DEPTH_MAX, OBJECTS_MAX, packStructured, structuredJson } from '@quintet/engine/codec';
import { ValueKind } from '@quintet/engine/internal';
import { isStructured } from '../engine/value-faces.ts';
import { HttpRefusal } from './guard.ts';
import { isWithinBounds } from './json-bounds.ts';

export interface Representation {
  readonly type: string;
  readonly body: Buffer;
}

interface Storable {
  readonly value: string;
  readonly kind: ValueKind;
}

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain';
/** The first is what we call it; the others are asked for, and sent, as well. */
const MSGPACK_TYPES = ['application/x-msgpack', 'application/msgpack', 'application/vnd.msgpack'];
/** Perhaps beyond 2^53, and perhaps within the 64 bits that increments have. */
const LONG_INTEGER = /^-?[1-9]\d{15,18}$/;
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** The representation the client likes best; of those it likes equally, the most natural. Throws HttpRefusal. */
export function represent(stored: string, kind: ValueKind, accept: string | undefined): Representation {
  const liking = readAccept(accept ?? '*/*');
  // A long structured value takes long to be made JSON: not for those who like msgpack better.
  const mayBeJson = MSGPACK_TYPES.every((type) => liking(type) <= liking(JSON_TYPE));
  const offers = offersOf(Buffer.from(stored, 'latin1'), kind, mayBeJson);
  const best = offers.reduce((one, other) => (liking(other.type) > liking(one.type) ? other : one));
  const offersJson = offers.some(({ type }) => type === JSON_TYPE);
  if (liking(best.type) === 0 && liking(JSON_TYPE) > 0 && !offersJson) {
    throw new HttpRefusal(406, 'NOT_ACCEPTABLE', `JSON cannot say what this value is, ${best.type} can`);
  }
  return best.type === TEXT_TYPE ? { ...best, type: `${TEXT_TYPE}; charset=utf-8` } : best;
}

function offersOf(body: Buffer, kind: ValueKind, mayBeJson: boolean): Representation[] {
  switch (kind) {
    case ValueKind.text:
      return [{ type: TEXT_TYPE, body }, ...(isUtf8(body) ? [json(JSON.stringify(body.toString()))] : [])];
    case ValueKind.number:
      return [
        { type: TEXT_TYPE, body },
        ...(JSON_NUMBER.test(body.toString('latin1')) ? [{ type: JSON_TYPE, body }] : []),
      ];
    case ValueKind.bytes:
      return [{ type: 'application/octet-stream', body }];
    case ValueKind.structured: {
      const text = mayBeJson ? structuredJson(body) : undefined;
      return [...(text === undefined ? [] : [json(text)]), ...MSGPACK_TYPES.map((type) => ({ type, body }))];
    }
  }
}

function json(text: string): Representation {
  return { type: JSON_TYPE, body: Buffer.from(text) };
}

/** How much a client likes a type, 0 (not at all) to 1: by the range of its Accept that fits best. */
function readAccept(accept: string): (type: string) => number {
  const ranges = new Map<string, number>();
  for (const range of accept.toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    const liking = weight === undefined ? 1 : Number(weight.slice(2));
    ranges.set(name!, liking >= 0 && liking <= 1 ? liking : 0);
  }
  return (type) => ranges.get(type) ?? ranges.get(`${type.split('/')[0]}/*`) ?? ranges.get('*/*') ?? 0;
}

/**
 * A body as it is stored. Throws HttpRefusal for JSON or msgpack that is none, KvError for what cannot be stored: JSON may be
 * shorter than what it becomes.
 */
export function storable(body: string, contentType: string | undefined, maxValueBytes: number): Storable {
  const type = (contentType ?? '').split(';')[0]!.trim().toLowerCase();
  if (type === JSON_TYPE) return fromJson(Buffer.from(body, 'latin1'), maxValueBytes);
  if (type.startsWith('text/')) return { value: body, kind: ValueKind.text };
  if (!MSGPACK_TYPES.includes(type)) return { value: body, kind: ValueKind.bytes };
  if (!isStructured(body)) throw new KvError('INVALID_VALUE', 'the body is no msgpack that can be read here');
  return { value: body, kind: ValueKind.structured };
}

/** A number stays one that can be incremented; an integer that no double holds stays what it is, as increments keep it. */
function fromJson(body: Buffer, maxValueBytes: number): Storable {
  const value = exact(parsed(body));
  const text = body.toString('latin1').trim();
  if (LONG_INTEGER.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)) {
    return { value: text, kind: ValueKind.number };
  }
  if (typeof value === 'number') return { value: String(value), kind: ValueKind.number };
  return { value: packStructured(value, maxValueBytes), kind: ValueKind.structured };
}

/**
 * Without what JSON.parse makes and JSON cannot give back: -0 becomes 0, and a number that was too large is refused. Changes
 * `value`, whose depth is bounded.
 */
function exact(value: unknown): unknown {
  if (typeof value === 'number') {
    if (!Number.isFinite(value))
      throw new KvError('INVALID_VALUE', 'a number in the body is larger than a double holds');
    return value === 0 ? 0 : value;
  }
  if (Array.isArray(value)) for (let at = 0; at < value.length; at++) value[at] = exact(value[at]);
  else if (typeof value === 'object' && value !== null) {
    const object = value as Record<string, unknown>;
    for (const name of Object.keys(object)) object[name] = exact(object[name]);
  }
  return value;
}

function parsed(body: Buffer): unknown {
  if (!isWithinBounds(body)) {
    throw new KvError('INVALID_VALUE', `more than ${DEPTH_MAX} levels or ${OBJECTS_MAX} objects`);
  }
  try {
    if (isUtf8(body)) return JSON.parse(body.toString());
  } catch {
    // V8's reason quotes the body; the client has that.
  }
  throw new KvError('INVALID_VALUE', 'the body is no JSON');
}
