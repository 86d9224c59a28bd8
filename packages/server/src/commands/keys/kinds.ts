/**
 * Kinds of values by the names that QUINTET commands give them.
 */
import { ValueKind } from '@quintet/engine/internal';
import { bulk } from '../../resp/encoder.ts';

/** The names, by kind. */
export const KIND_NAMES: readonly string[] = Object.entries(ValueKind)
  .sort(([, one], [, other]) => one - other)
  .map(([name]) => name);

const ENCODED = KIND_NAMES.map(bulk);

/** A kind as an encoded reply. */
export function kindName(kind: number): string {
  return ENCODED[kind] ?? bulk(String(kind));
}
