/**
 * wire-operation: operations as items of a batch. A plain put has a form of its own (two strings and no code), which the
 * encoder and decoder write and read in their loops; here is the general form, for every verb alike:
 *
 *   operation = code, key (of verbs on one key), field…
 *   code      = the verb's, then the bits of its fields in their order: a kind KIND_BITS, a choice as many as it needs, and
 *               one each for what is true, or is sent because it is not as usual
 *
 * Owns      that form: it interprets the fields of the verb's row (core/data/fields.ts), and knows no verb but put and get,
 *           of which handles send nearly nothing else.
 * Invariant readOperation gives back what writeOperation wrote, and consumes exactly the same elements.
 */
import type { Bytes } from '../../core/data/block.ts';
import type { Field } from '../../core/data/fields.ts';
import {
  ANY_VERSION,
  type Condition,
  type InstallOperation,
  NO_TTL,
  newGet,
  newPut,
  type Operation,
  PLAIN_PUT,
  type PutOperation,
  type PutTerms,
  type Step,
  ValueKind,
} from '../../core/data/operation.ts';
import type { VerbRow } from '../../core/data/row.ts';
import { rowOf, VERBS } from '../../core/data/verbs.ts';
import { invariant } from '../../core/protocol/invariant.ts';
import { valueElement } from '../memory/value-block.ts';
import { KIND_BITS, KIND_MASK, NO_VALUE, VERB_BITS, VERB_MASK, type WireElement } from './wire.ts';
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

/** How the operations of a verb travel. */
interface Form {
  readonly row: VerbRow;
  readonly hasKey: boolean;
  readonly fields: readonly PlacedField[];
}

/** A field, and where its bits are in the code; no bits: it is sent always. */
interface PlacedField {
  readonly name: string;
  readonly field: Field;
  readonly shift: number;
  readonly mask: number;
}

type Values = { [name: string]: unknown };

/** By the verb's code. */
const FORMS: Form[] = [];
for (const row of VERBS) FORMS[row.code] = formOf(row);
const PUT = rowOf({ verb: 'put' }).code;
const GET = rowOf({ verb: 'get' }).code;

function formOf(row: VerbRow): Form {
  const fields: PlacedField[] = [];
  let shift = VERB_BITS;
  for (const [name, field] of Object.entries(row.fields) as [string, Field][]) {
    const bits = bitsOf(field);
    fields.push({ name, field, shift, mask: (1 << bits) - 1 });
    shift += bits;
  }
  return { row, hasKey: row.scope === 'key', fields };
}

function bitsOf(field: Field): number {
  switch (field.type) {
    case 'kind':
      return KIND_BITS;
    case 'choice':
      return Math.ceil(Math.log2(field.of.length));
    case 'conditions':
    case 'steps':
    case 'effects':
      return field.mostlyNone ? 1 : 0;
    case 'boolean':
    case 'mark':
    case 'number-unless':
    case 'number-if-any':
      return 1;
    default:
      return 0;
  }
}

// ---- writing ----------------------------------------------------------------------------------------------------

export function writeOperation(out: WireElement[], operation: Operation): void {
  if (operation.verb === 'put' && isPlainPut(operation)) {
    out.push(PUT, operation.key, valueElement(operation.value));
    return;
  }
  const { row, hasKey, fields } = FORMS[rowOf(operation).code]!;
  const values = operation as unknown as Values;
  let code = row.code;
  for (const { name, field, shift } of fields) code |= codeOf(field, values[name]) << shift;
  out.push(code);
  if (hasKey) out.push(operation.key);
  for (const { name, field, shift, mask } of fields) {
    if (mask === 0 || ((code >> shift) & mask) !== 0) writeField(out, field, values[name]);
  }
}

/** A field's bits. */
function codeOf(field: Field, value: unknown): number {
  switch (field.type) {
    case 'kind':
      return value as ValueKind;
    case 'choice':
      return field.of.indexOf(value);
    case 'conditions':
    case 'steps':
    case 'effects':
      return field.mostlyNone && (value as readonly unknown[]).length > 0 ? 1 : 0;
    case 'boolean':
    case 'mark':
      return value === true ? 1 : 0;
    case 'number-unless':
      return value === field.usual ? 0 : 1;
    case 'number-if-any':
      return value === undefined ? 0 : 1;
    default:
      return 0;
  }
}

/** What follows the code: nothing of a field of which its bits say all. */
function writeField(out: WireElement[], { type }: Field, value: unknown): void {
  switch (type) {
    case 'text':
    case 'number':
    case 'number-unless':
    case 'number-if-any':
      out.push(value as string | number);
      break;
    case 'value':
      out.push(valueElement(value as Bytes));
      break;
    case 'keys': {
      const keys = value as readonly string[];
      out.push(keys.length);
      for (const key of keys) out.push(key);
      break;
    }
    case 'conditions':
      writeConditions(out, value as readonly Condition[]);
      break;
    case 'steps': {
      const steps = value as readonly Step[];
      out.push(steps.length);
      for (const step of steps) writeOperation(out, step);
      break;
    }
    case 'effects': {
      const effects = value as InstallOperation['effects'];
      out.push(effects.length);
      for (const effect of effects) writeEffect(out, effect);
    }
  }
}

function writeConditions(out: WireElement[], conditions: readonly Condition[]): void {
  out.push(conditions.length);
  for (const { key, ifVersion, equals } of conditions) {
    out.push(key, ifVersion, equals === null ? NO_VALUE : equals.kind);
    if (equals !== null) out.push(equals.value);
  }
}

// ---- reading ----------------------------------------------------------------------------------------------------

export function readOperation(code: number, from: Cursor): Operation {
  // Without a bit set they say nothing but key and value.
  if (code === PUT) return plainPut(from.string(), from.value());
  if (code === GET) return newGet(from.string());
  const form = FORMS[code & VERB_MASK];
  invariant(form !== undefined, 'an operation code is known');
  const values: Values = { verb: form.row.verb, key: form.hasKey ? from.string() : '' };
  for (const { name, field, shift, mask } of form.fields) readField(values, name, field, (code >> shift) & mask, from);
  return made(values as unknown as Operation);
}

/** As constructors make it, where the engine has one (operation.ts, Classes). */
function made(operation: Operation): Operation {
  if (operation.verb !== 'put') return operation;
  const terms: PutTerms = operation;
  return newPut(operation.key, operation.value, operation.kind, terms);
}

/** Sets a property to what a field's bits say and follows. */
function readField(values: Values, name: string, field: Field, bits: number, from: Cursor): void {
  switch (field.type) {
    case 'text':
      values[name] = from.string();
      break;
    case 'number':
      values[name] = from.number();
      break;
    case 'value':
      values[name] = from.value();
      break;
    case 'number-unless':
      values[name] = bits === 0 ? field.usual : from.number();
      break;
    case 'number-if-any':
      if (bits !== 0) values[name] = from.number();
      break;
    case 'boolean':
      values[name] = bits !== 0;
      break;
    case 'mark':
      if (bits !== 0) values[name] = true;
      break;
    case 'kind':
      values[name] = bits & KIND_MASK;
      break;
    case 'choice':
      if (field.of[bits] !== undefined) values[name] = field.of[bits];
      break;
    case 'keys':
      values[name] = listOf(from, () => from.string());
      break;
    default:
      values[name] = field.mostlyNone && bits === 0 ? [] : listOf(from, READ_PART[field.type]);
  }
}

const READ_PART: { readonly [T in 'conditions' | 'steps' | 'effects']: (from: Cursor) => unknown } = {
  conditions: readCondition,
  steps: (from) => readOperation(from.number(), from),
  effects: (from) => readEffect(from.number(), from),
};

function listOf<T>(from: Cursor, read: (from: Cursor) => T): T[] {
  const items: T[] = [];
  for (let left = from.number(); left > 0; left--) items.push(read(from));
  return items;
}

function readCondition(from: Cursor): Condition {
  const key = from.string();
  const ifVersion = from.number();
  const kind = from.number();
  if (kind === NO_VALUE) return { key, ifVersion, equals: null };
  return { key, ifVersion, equals: { kind: kind as ValueKind, value: from.string() } };
}
