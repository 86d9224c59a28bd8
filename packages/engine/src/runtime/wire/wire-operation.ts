/**
 * wire-operation: operations as items of a batch. A plain put has a form of its own (two strings and no code), which the
 * encoder and decoder write and read in their loops; here is the general form, told in wire.ts.
 *
 * Invariant  readOperation gives back what writeOperation wrote, and consumes exactly the same elements.
 */
import type { Bytes } from '../../core/data/block.ts';
import {
  ANY_VERSION,
  type Condition,
  type GatherOperation,
  type InstallOperation,
  NO_TTL,
  newGet,
  newPut,
  type Operation,
  PLAIN_PUT,
  type PutOperation,
  type StatOperation,
  type Step,
  type TransactionOperation,
  ValueKind,
} from '../../core/data/operation.ts';
import { invariant } from '../../core/protocol/invariant.ts';
import { valueElement } from '../memory/value-block.ts';
import {
  BLOCKS,
  EXPIRE_WHEN,
  EXPIRE_WHEN_SHIFT,
  HAS_CONDITIONS,
  HAS_DEADLINE,
  HAS_IF_VERSION,
  HAS_OTHERWISE,
  HAS_TTL,
  KEYS_ONLY,
  LENIENT,
  NO_VALUE,
  OPERATION_KIND_SHIFT,
  SAFE,
  STAT_TELLS,
  STAT_TELLS_SHIFT,
  STAT_USES,
  VERB_MASK,
  Verb,
  WANTS_PREVIOUS,
  type WireElement,
} from './wire.ts';
import type { Cursor } from './wire-cursor.ts';
import { readEffect, writeEffect } from './wire-record.ts';

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

export function plainPut(key: string, value: Bytes): PutOperation {
  return newPut(key, value, ValueKind.text, PLAIN_PUT);
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
      out.push(Verb.increment | (operation.safe ? SAFE : 0), operation.key, operation.by);
      break;
    case 'increment-float':
      out.push(Verb.incrementFloat, operation.key, operation.by);
      break;
    case 'append':
      out.push(Verb.append | (operation.kind << OPERATION_KIND_SHIFT), operation.key, operation.value);
      break;
    case 'expire': {
      const when = EXPIRE_WHEN.indexOf(operation.when) << EXPIRE_WHEN_SHIFT;
      out.push(
        Verb.expire | when | (operation.previous ? WANTS_PREVIOUS : 0),
        operation.key,
        operation.ttl,
        operation.deadline,
      );
      break;
    }
    case 'set-range':
      out.push(Verb.setRange, operation.key, operation.offset, operation.value);
      break;
    case 'set-bit':
      out.push(Verb.setBit, operation.key, operation.offset, operation.bit);
      break;
    case 'clear':
      out.push(Verb.clear);
      break;
    case 'get':
      out.push(Verb.get | (operation.blocks ? BLOCKS : 0), operation.key);
      break;
    case 'stat':
      out.push(statCode(operation), operation.key);
      break;
    case 'scan': {
      const code = Verb.scan | (operation.keysOnly ? KEYS_ONLY : 0);
      out.push(code, operation.cursor, operation.prefix, operation.limit);
      break;
    }
    case 'count':
      out.push(Verb.count);
      break;
    case 'transaction':
      writeTransaction(out, operation);
      break;
    case 'gather':
      out.push(Verb.gather, operation.heads, operation.keys.length);
      for (const key of operation.keys) out.push(key);
      break;
    case 'install':
      out.push(Verb.install, operation.effects.length);
      for (const effect of operation.effects) writeEffect(out, effect);
      break;
  }
}

function writeTransaction(out: WireElement[], operation: TransactionOperation): void {
  const { conditions, then, otherwise, lenient } = operation;
  let code = Verb.transaction | (lenient ? LENIENT : 0);
  if (conditions.length > 0) code |= HAS_CONDITIONS;
  if (otherwise.length > 0) code |= HAS_OTHERWISE;
  out.push(code);
  if (conditions.length > 0) writeConditions(out, conditions);
  writeSteps(out, then);
  if (otherwise.length > 0) writeSteps(out, otherwise);
}

function writeConditions(out: WireElement[], conditions: readonly Condition[]): void {
  out.push(conditions.length);
  for (const { key, ifVersion, equals } of conditions) {
    out.push(key, ifVersion, equals === null ? NO_VALUE : equals.kind);
    if (equals !== null) out.push(equals.value);
  }
}

function writeSteps(out: WireElement[], steps: readonly Step[]): void {
  out.push(steps.length);
  for (const step of steps) writeOperation(out, step);
}

function readTransaction(code: number, from: Cursor): TransactionOperation {
  const conditions: Condition[] = [];
  if ((code & HAS_CONDITIONS) !== 0) {
    for (let left = from.number(); left > 0; left--) conditions.push(readCondition(from));
  }
  const then = readSteps(from);
  const otherwise = (code & HAS_OTHERWISE) !== 0 ? readSteps(from) : [];
  return { verb: 'transaction', key: '', conditions, then, otherwise, lenient: (code & LENIENT) !== 0 };
}

function readCondition(from: Cursor): Condition {
  const key = from.string();
  const ifVersion = from.number();
  const kind = from.number();
  if (kind === NO_VALUE) return { key, ifVersion, equals: null };
  return { key, ifVersion, equals: { kind: kind as ValueKind, value: from.string() } };
}

function readSteps(from: Cursor): Step[] {
  const steps: Step[] = [];
  for (let left = from.number(); left > 0; left--) steps.push(readOperation(from.number(), from) as Step);
  return steps;
}

function readInstall(from: Cursor): InstallOperation {
  const effects: InstallOperation['effects'][number][] = [];
  for (let left = from.number(); left > 0; left--) {
    effects.push(readEffect(from.number(), from) as InstallOperation['effects'][number]);
  }
  return { verb: 'install', key: '', effects };
}

function writePut(out: WireElement[], operation: PutOperation): void {
  let code = Verb.put | (operation.kind << OPERATION_KIND_SHIFT) | (operation.previous ? WANTS_PREVIOUS : 0);
  if (operation.ifVersion !== ANY_VERSION) code |= HAS_IF_VERSION;
  if (operation.ttl !== NO_TTL) code |= HAS_TTL;
  if (operation.deadline !== 0) code |= HAS_DEADLINE;
  out.push(code, operation.key, valueElement(operation.value));
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
    case Verb.increment: {
      const [key, by] = [from.string(), from.string()];
      return (code & SAFE) === 0 ? { verb: 'increment', key, by } : { verb: 'increment', key, by, safe: true };
    }
    case Verb.incrementFloat:
      return { verb: 'increment-float', key: from.string(), by: from.number() };
    case Verb.append:
      return { verb: 'append', key: from.string(), value: from.string(), kind: operationKind(code) };
    case Verb.expire: {
      const when = EXPIRE_WHEN[code >> EXPIRE_WHEN_SHIFT]!;
      const expire = { verb: 'expire', key: from.string(), ttl: from.number(), deadline: from.number(), when } as const;
      return (code & WANTS_PREVIOUS) === 0 ? expire : { ...expire, previous: true };
    }
    case Verb.setRange:
      return { verb: 'set-range', key: from.string(), offset: from.number(), value: from.string() };
    case Verb.setBit:
      return { verb: 'set-bit', key: from.string(), offset: from.number(), bit: from.number() === 1 ? 1 : 0 };
    case Verb.clear:
      return { verb: 'clear', key: '' };
    case Verb.get:
      return newGet(from.string(), (code & BLOCKS) !== 0);
    case Verb.stat:
      return readStat(code, from);
    case Verb.scan: {
      const keysOnly = (code & KEYS_ONLY) !== 0;
      return { verb: 'scan', key: '', cursor: from.number(), prefix: from.string(), limit: from.number(), keysOnly };
    }
    case Verb.transaction:
      return readTransaction(code, from);
    case Verb.gather:
      return readGather(from);
    case Verb.install:
      return readInstall(from);
    default:
      invariant((code & VERB_MASK) === Verb.count, 'an operation code is known');
      return { verb: 'count', key: '' };
  }
}

function statCode({ tells, uses }: StatOperation): number {
  return Verb.stat | (STAT_TELLS.indexOf(tells) << STAT_TELLS_SHIFT) | (uses === true ? STAT_USES : 0);
}

function readStat(code: number, from: Cursor): StatOperation {
  const stat: StatOperation = { verb: 'stat', key: from.string() };
  const tells = STAT_TELLS[(code >> STAT_TELLS_SHIFT) & 3];
  const told = tells === undefined ? stat : { ...stat, tells };
  return (code & STAT_USES) === 0 ? told : { ...told, uses: true };
}

function readGather(from: Cursor): GatherOperation {
  const heads = from.number();
  const keys: string[] = [];
  for (let left = from.number(); left > 0; left--) keys.push(from.string());
  return { verb: 'gather', key: '', keys, heads };
}

function operationKind(code: number): ValueKind {
  return ((code >> OPERATION_KIND_SHIFT) & 3) as ValueKind;
}

function readPut(code: number, from: Cursor): PutOperation {
  const key = from.string();
  const value = from.value();
  const ifVersion = (code & HAS_IF_VERSION) !== 0 ? from.number() : ANY_VERSION;
  const ttl = (code & HAS_TTL) !== 0 ? from.number() : NO_TTL;
  const deadline = (code & HAS_DEADLINE) !== 0 ? from.number() : 0;
  const previous = (code & WANTS_PREVIOUS) !== 0;
  return newPut(key, value, operationKind(code), { ifVersion, ttl, deadline, previous });
}
