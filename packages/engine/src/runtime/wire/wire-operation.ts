/**
 * wire-operation: operations as items of a batch. A plain put has a form of its own (two strings and no code), which the
 * encoder and decoder write and read in their loops; here is the general form, for every verb alike:
 *
 *   operation = code, key (of verbs on one key), field…
 *   code      = the verb's, then the bits of its fields in their order: a kind KIND_BITS, a choice as many as it needs, and
 *               one each for what is true, or is sent because it is not as usual
 *
 * Owns      that form: it interprets the fields of the verb's row (core/data/fields.ts), and knows no verb but put and get.
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
  type Step,
  ValueKind,
} from '../../core/data/operation.ts';
import type { VerbRow } from '../../core/data/row.ts';
import { rowOf, VERBS, type Verb } from '../../core/data/verbs.ts';
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
  readonly verb: Verb;
  readonly code: number;
  readonly hasKey: boolean;
  /** Fields that always follow, then those that may be said in the code, or need not be said. */
  readonly always: readonly SentField[];
  readonly coded: readonly CodedField[];
}

interface SentField {
  readonly name: string;
  readonly field: Field;
}

/** A field whose bits are 0 of what is usual. */
interface CodedField extends SentField {
  readonly shift: number;
  readonly mask: number;
  /** What it is if it is not sent; of marks and their like nothing, and the operation lacks it. */
  readonly usual: unknown;
}

type Values = { [name: string]: unknown };

const NONE: readonly never[] = [];
/** By the verb's code. */
const FORMS: Form[] = [];
for (const row of VERBS) FORMS[row.code] = formOf(row);
const GET = rowOf({ verb: 'get' }).code;
const PUT = FORMS[rowOf({ verb: 'put' }).code]!;

function formOf(row: VerbRow): Form {
  const always: SentField[] = [];
  const coded: CodedField[] = [];
  let shift = VERB_BITS;
  for (const [name, field] of Object.entries(row.fields) as [string, Field][]) {
    const bits = bitsOf(field);
    if (bits === 0) always.push({ name, field });
    else coded.push({ name, field, shift, mask: (1 << bits) - 1, usual: usualOf(field) });
    shift += bits;
  }
  return { verb: row.verb, code: row.code, hasKey: row.scope === 'key', always, coded };
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

/** What a field is if its bits are 0. */
function usualOf(field: Field): unknown {
  switch (field.type) {
    case 'number-unless':
      return field.usual;
    case 'number-if-any':
    case 'mark':
      return undefined;
    case 'choice':
      return field.of[0];
    case 'boolean':
      return false;
    case 'kind':
      return 0;
    default:
      return NONE;
  }
}

// ---- put: the same form, written out, as it is most of all that travels --------------------------------------------

const PUT_KIND = shiftOf(PUT, 'kind');
const PUT_IF_VERSION = 1 << shiftOf(PUT, 'ifVersion');
const PUT_TTL = 1 << shiftOf(PUT, 'ttl');
const PUT_DEADLINE = 1 << shiftOf(PUT, 'deadline');
const PUT_PREVIOUS = 1 << shiftOf(PUT, 'previous');

function shiftOf({ coded }: Form, wanted: string): number {
  return coded.find(({ name }) => name === wanted)!.shift;
}

function writePut(out: WireElement[], operation: PutOperation): void {
  const { key, value, kind, ifVersion, ttl, deadline } = operation;
  let code = PUT.code | (kind << PUT_KIND) | (operation.previous ? PUT_PREVIOUS : 0);
  if (ifVersion !== ANY_VERSION) code |= PUT_IF_VERSION;
  if (ttl !== NO_TTL) code |= PUT_TTL;
  if (deadline !== 0) code |= PUT_DEADLINE;
  out.push(code, key, valueElement(value));
  if (ifVersion !== ANY_VERSION) out.push(ifVersion);
  if (ttl !== NO_TTL) out.push(ttl);
  if (deadline !== 0) out.push(deadline);
}

function readPut(code: number, from: Cursor): PutOperation {
  const key = from.string();
  const value = from.value();
  if (code === PUT.code) return plainPut(key, value);
  const ifVersion = (code & PUT_IF_VERSION) !== 0 ? from.number() : ANY_VERSION;
  const ttl = (code & PUT_TTL) !== 0 ? from.number() : NO_TTL;
  const deadline = (code & PUT_DEADLINE) !== 0 ? from.number() : 0;
  const kind = ((code >> PUT_KIND) & KIND_MASK) as ValueKind;
  return newPut(key, value, kind, { ifVersion, ttl, deadline, previous: (code & PUT_PREVIOUS) !== 0 });
}

// ---- writing ----------------------------------------------------------------------------------------------------

export function writeOperation(out: WireElement[], operation: Operation): void {
  if (operation.verb === 'put') return writePut(out, operation);
  const form = FORMS[rowOf(operation).code]!;
  const values = operation as unknown as Values;
  let { code } = form;
  for (const { name, field, shift, usual } of form.coded) {
    const value = values[name];
    if (value !== usual) code |= codeOf(field, value) << shift;
  }
  out.push(code);
  if (form.hasKey) out.push(operation.key);
  for (const { name, field } of form.always) writeField(out, field, values[name]);
  if (code === form.code) return;
  for (const { name, field, shift, mask } of form.coded) {
    if (((code >> shift) & mask) !== 0) writeField(out, field, values[name]);
  }
}

/** The bits of a field that is not as usual. */
function codeOf(field: Field, value: unknown): number {
  switch (field.type) {
    case 'kind':
      return value as ValueKind;
    case 'choice':
      return field.of.indexOf(value);
    case 'conditions':
    case 'steps':
    case 'effects':
      return (value as readonly unknown[]).length > 0 ? 1 : 0;
    default:
      return 1;
  }
}

/** What follows of a field: nothing, if its bits say all. */
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
  if ((code & VERB_MASK) === PUT.code) return readPut(code, from);
  if (code === GET) return newGet(from.string());
  const form = FORMS[code & VERB_MASK];
  invariant(form !== undefined, 'an operation code is known');
  const values: Values = { verb: form.verb, key: form.hasKey ? from.string() : '' };
  for (const { name, field } of form.always) values[name] = fieldOf(field, 0, from);
  for (const { name, field, shift, mask, usual } of form.coded) {
    const bits = (code >> shift) & mask;
    if (bits !== 0) values[name] = fieldOf(field, bits, from);
    else if (usual !== undefined) values[name] = usual;
  }
  return values as unknown as Operation;
}

/** What a field's bits say, and what follows. */
function fieldOf(field: Field, bits: number, from: Cursor): unknown {
  switch (field.type) {
    case 'text':
      return from.string();
    case 'number':
    case 'number-unless':
    case 'number-if-any':
      return from.number();
    case 'value':
      return from.value();
    case 'boolean':
    case 'mark':
      return true;
    case 'kind':
      return bits;
    case 'choice':
      return field.of[bits];
    case 'keys':
      return listOf(from, () => from.string());
    default:
      return listOf(from, READ_PART[field.type]);
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
