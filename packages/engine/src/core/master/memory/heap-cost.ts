/**
 * What an operation puts on the heap of each node of its chain besides its own payload: present values,
 * as they go into its record.
 *
 * Owns      that sum, from what the verb's row says and the bounds of value-sizes.ts.
 * Does not  count what the operation carries (call.ts).
 */

import type { Operation } from '../../data/operation.ts';
import { Watched } from '../../data/record.ts';
import type { VerbRow } from '../../data/row.ts';
import type { ValueSizes } from './value-sizes.ts';

/** Bytes of present values, at most, that a record of `operation` bears. `watched` tells who hears of it. */
export function presentBytes(row: VerbRow, operation: Operation, watched: Watched, sizes: ValueSizes): number {
  if (row.patches && watched === Watched.no) return 0;
  return row.bears(operation, sizes) + row.tells(operation, watched, sizes);
}
