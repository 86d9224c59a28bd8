/**
 * The table of verbs: a row a verb says everything that the engine asks of one (row.ts has the questions). Nothing else
 * in the engine, or in the packages above, distinguishes verbs where a row could.
 *
 * Owns      which verbs there are, and the look-up.
 * Does not  say anything of a verb itself: the rows stand with their families, string/, key/, shard/, group/.
 * Invariants
 *   VT1 a code names one verb for ever. There is room for 256 (8 bits wherever operations travel: core/codec/grammar.ts).
 *   VT2 a row's `fields` name every property of its operations (the compiler sees to it).
 *
 * A new verb is a shape in operation.ts, and a row with its evaluation in the file of its family.
 *
 * What data types, databases and blocking commands will need has its place:
 *   more of an entry than head or value (elements, a range)    another value of Needs, and what `reads` then takes
 *   the work an operation will be, an event's name, may-wait   one more question of row.ts each
 *   growth by what is there                                    growth() is given the store
 *   a kind of entry above 3                                    the wire has room for 32 (KIND_BITS in core/codec/grammar.ts). In
 *                                                              the slab there are 2 bits, and none of an entry's header is
 *                                                              free: VALUE_MASK, KIND_SHIFT, kindAt and writeHeader in
 *                                                              store/entry.ts change with the record format; ValueKind in
 *                                                              operation.ts gets the names
 *   more effects than the six                                  EFFECT_MASK in core/codec/grammar.ts (3 bits), Effect in record.ts
 */

import { gatherVerb, install, transactionVerb } from './group/verbs.ts';
import { KEY_VERBS } from './key/verbs.ts';
import type { Operation, ShardReadOperation, WriteOperation } from './operation.ts';
import type { VerbRow } from './row.ts';
import { SHARD_VERBS } from './shard/verbs.ts';
import { STRING_VERBS } from './string/verbs.ts';

export type Verb = Operation['verb'];

const { put, get } = STRING_VERBS;
const { stat } = KEY_VERBS;

const ROWS: { readonly [V in Verb]: VerbRow } = {
  ...STRING_VERBS,
  ...KEY_VERBS,
  ...SHARD_VERBS,
  transaction: transactionVerb(rowOf),
  gather: gatherVerb({ get, stat }),
  install,
};

/** Every row. */
export const VERBS: readonly VerbRow[] = Object.values(ROWS);

/** All that is known of an operation's verb. */
export function rowOf({ verb }: { readonly verb: Verb }): VerbRow {
  // Most operations are one of the two: for them this is one or two comparisons of pointers, and no look-up.
  return verb === 'get' ? get : verb === 'put' ? put : ROWS[verb];
}

/** Whether an operation changes data, that is: must be numbered and replicated. */
export function isWrite(operation: Operation): operation is WriteOperation {
  return rowOf(operation).writes;
}

/** Whether an operation reads a whole shard. */
export function isShardRead(operation: Operation): operation is ShardReadOperation {
  return rowOf(operation).scope === 'shard';
}
