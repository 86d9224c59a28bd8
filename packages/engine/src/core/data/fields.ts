/**
 * Fields: what an operation says besides its verb and key, as data: enough for whoever moves operations to write and read any
 * of them without knowing it (core/codec/operations.ts today).
 *
 * Owns      the types of fields, and what of a field is not sent because it is as usual.
 * Does not  know bits or bytes: each form that operations travel in has one interpreter.
 */
import type { Operation } from './operation.ts';

export type Field =
  /** A one-byte string. */
  | { readonly type: 'text' }
  /** A one-byte string, or a block. */
  | { readonly type: 'value' }
  | { readonly type: 'number' }
  /** A number that is mostly `usual`, and then not sent. */
  | { readonly type: 'number-unless'; readonly usual: number }
  /** As number-unless; the operation then lacks the property. */
  | { readonly type: 'number-if-any' }
  | { readonly type: 'boolean' }
  /** True, or the operation lacks the property. */
  | { readonly type: 'mark' }
  /** A ValueKind. */
  | { readonly type: 'kind' }
  /** One of a few, which must not change their order; of `undefined` the operation lacks the property. */
  | { readonly type: 'choice'; readonly of: readonly unknown[] }
  | { readonly type: 'keys' }
  /** Parts of a group; `mostlyNone`: an empty list is not sent. */
  | { readonly type: 'conditions' | 'steps' | 'effects'; readonly mostlyNone: boolean };

/** A field for every property of an operation besides verb and key, in the order in which they are sent. */
export type Fields<O extends Operation> = { readonly [F in keyof Omit<O, 'verb' | 'key'>]-?: Field };

export const TEXT: Field = { type: 'text' };
export const VALUE: Field = { type: 'value' };
export const NUMBER: Field = { type: 'number' };
export const NUMBER_IF_ANY: Field = { type: 'number-if-any' };
export const BOOLEAN: Field = { type: 'boolean' };
export const MARK: Field = { type: 'mark' };
export const KIND: Field = { type: 'kind' };
export const KEYS: Field = { type: 'keys' };

export function numberUnless(usual: number): Field {
  return { type: 'number-unless', usual };
}

export function oneOf(...of: readonly unknown[]): Field {
  return { type: 'choice', of };
}
