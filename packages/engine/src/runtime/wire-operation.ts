/**
 * wire-operation: operations as items of a batch. A plain put has a form of its own (two strings and no code), which the
 * encoder and decoder write and read in their loops; here is the general form, told in wire.ts.
 *
 * Invariant  readOperation gives back what writeOperation wrote, and consumes exactly the same elements.
 */
import { invariant } from '../core/invariant.ts';
import { ANY_VERSION, NO_TTL, type Operation, type PutOperation, ValueKind } from '../core/operation.ts';
import {
  EXPIRE_WHEN,
  EXPIRE_WHEN_SHIFT,
  HAS_DEADLINE,
  HAS_IF_VERSION,
  HAS_TTL,
  KEYS_ONLY,
  OPERATION_KIND_SHIFT,
  VERB_MASK,
  Verb,
  WANTS_PREVIOUS,
  type WireElement,
} from './wire.ts';
import type { Cursor } from './wire-cursor.ts';

/** Whether a put says nothing but key and value. */
export function isPlainPut(operation: PutOperation): boolean {
  return (
    operation.kind === ValueKind.text &&
    operation.ifVersion === ANY_VERSION &&
    operation.ttl === NO_TTL &&
    operation.deadline === 0 &&
    !operation.previous
  );
}

export function plainPut(key: string, value: string): PutOperation {
  return {
    verb: 'put',
    key,
    value,
    kind: ValueKind.text,
    ifVersion: ANY_VERSION,
    ttl: NO_TTL,
    deadline: 0,
    previous: false,
  };
}

export function writeOperation(out: WireElement[], operation: Operation): void {
  switch (operation.verb) {
    case 'put':
      writePut(out, operation);
      break;
    case 'delete': {
      const conditional = operation.ifVersion === ANY_VERSION ? 0 : HAS_IF_VERSION;
      out.push(Verb.delete | conditional | (operation.previous ? WANTS_PREVIOUS : 0), operation.key);
      if (conditional !== 0) out.push(operation.ifVersion);
      break;
    }
    case 'increment':
      out.push(Verb.increment, operation.key, operation.by);
      break;
    case 'increment-float':
      out.push(Verb.incrementFloat, operation.key, operation.by);
      break;
    case 'append':
      out.push(Verb.append | (operation.kind << OPERATION_KIND_SHIFT), operation.key, operation.value);
      break;
    case 'expire': {
      const when = EXPIRE_WHEN.indexOf(operation.when) << EXPIRE_WHEN_SHIFT;
      out.push(Verb.expire | when, operation.key, operation.ttl, operation.deadline);
      break;
    }
    case 'clear':
      out.push(Verb.clear);
      break;
    case 'get':
      out.push(Verb.get, operation.key);
      break;
    case 'stat':
      out.push(Verb.stat, operation.key);
      break;
    case 'scan': {
      const code = Verb.scan | (operation.keysOnly ? KEYS_ONLY : 0);
      out.push(code, operation.cursor, operation.prefix, operation.limit);
      break;
    }
    case 'count':
      out.push(Verb.count);
      break;
  }
}

function writePut(out: WireElement[], operation: PutOperation): void {
  let code = Verb.put | (operation.kind << OPERATION_KIND_SHIFT) | (operation.previous ? WANTS_PREVIOUS : 0);
  if (operation.ifVersion !== ANY_VERSION) code |= HAS_IF_VERSION;
  if (operation.ttl !== NO_TTL) code |= HAS_TTL;
  if (operation.deadline !== 0) code |= HAS_DEADLINE;
  out.push(code, operation.key, operation.value);
  if ((code & HAS_IF_VERSION) !== 0) out.push(operation.ifVersion);
  if ((code & HAS_TTL) !== 0) out.push(operation.ttl);
  if ((code & HAS_DEADLINE) !== 0) out.push(operation.deadline);
}

export function readOperation(code: number, from: Cursor): Operation {
  switch (code & VERB_MASK) {
    case Verb.put:
      return readPut(code, from);
    case Verb.delete: {
      const key = from.string();
      const ifVersion = (code & HAS_IF_VERSION) !== 0 ? from.number() : ANY_VERSION;
      return { verb: 'delete', key, ifVersion, previous: (code & WANTS_PREVIOUS) !== 0 };
    }
    case Verb.increment:
      return { verb: 'increment', key: from.string(), by: from.string() };
    case Verb.incrementFloat:
      return { verb: 'increment-float', key: from.string(), by: from.number() };
    case Verb.append:
      return { verb: 'append', key: from.string(), value: from.string(), kind: operationKind(code) };
    case Verb.expire: {
      const when = EXPIRE_WHEN[code >> EXPIRE_WHEN_SHIFT]!;
      return { verb: 'expire', key: from.string(), ttl: from.number(), deadline: from.number(), when };
    }
    case Verb.clear:
      return { verb: 'clear', key: '' };
    case Verb.get:
      return { verb: 'get', key: from.string() };
    case Verb.stat:
      return { verb: 'stat', key: from.string() };
    case Verb.scan: {
      const keysOnly = (code & KEYS_ONLY) !== 0;
      return { verb: 'scan', key: '', cursor: from.number(), prefix: from.string(), limit: from.number(), keysOnly };
    }
    default:
      invariant((code & VERB_MASK) === Verb.count, 'an operation code is known');
      return { verb: 'count', key: '' };
  }
}

function operationKind(code: number): ValueKind {
  return ((code >> OPERATION_KIND_SHIFT) & 3) as ValueKind;
}

function readPut(code: number, from: Cursor): PutOperation {
  const key = from.string();
  const value = from.string();
  const ifVersion = (code & HAS_IF_VERSION) !== 0 ? from.number() : ANY_VERSION;
  const ttl = (code & HAS_TTL) !== 0 ? from.number() : NO_TTL;
  const deadline = (code & HAS_DEADLINE) !== 0 ? from.number() : 0;
  const previous = (code & WANTS_PREVIOUS) !== 0;
  return { verb: 'put', key, value, kind: operationKind(code), ifVersion, ttl, deadline, previous };
}
