/**
 * What an operation puts on the heap of each node of its chain besides its own payload: present values,
 * as they go into its record.
 *
 * Owns      that sum, from the bounds of value-sizes.ts.
 * Does not  count what the operation carries (call.ts).
 */
import type { GatherOperation, Operation, Step } from '../../data/operation.ts';
import { Watched } from '../../data/record.ts';
import { TRANSACTION_OUTCOME_BYTES_MAX } from '../../data/transaction.ts';
import type { ValueSizes } from './value-sizes.ts';

/** Bytes of present values, at most, that a record of `operation` carries. `watched`: whether it is watched. */
export function presentBytes(operation: Operation, watched: Watched, sizes: ValueSizes): number {
  switch (operation.verb) {
    case 'transaction': {
      const then = ofSteps(operation.then, sizes);
      const otherwise = ofSteps(operation.otherwise, sizes);
      const answered = Math.min(Math.max(then, otherwise), TRANSACTION_OUTCOME_BYTES_MAX);
      if (watched === Watched.no) return answered;
      return answered + toldOf([...operation.then, ...operation.otherwise], sizes);
    }
    case 'install':
      return watched === Watched.withPrevious ? toldOf(operation.effects, sizes) : 0;
    case 'gather':
      return gathered(operation, sizes);
    case 'scan':
      return operation.keysOnly ? 0 : sizes.longest;
    case 'count':
    case 'clear':
      return 0;
    default:
      return ofStep(operation, sizes) + toldOfStep(operation, watched, sizes);
  }
}

function gathered({ keys, heads }: GatherOperation, sizes: ValueSizes): number {
  let bytes = 0;
  for (let at = 0; at < keys.length - heads; at++) bytes += sizes.ofKey(keys[at]!);
  return Math.min(bytes, Math.max(TRANSACTION_OUTCOME_BYTES_MAX, sizes.longest));
}

function ofSteps(steps: readonly Step[], sizes: ValueSizes): number {
  let bytes = 0;
  for (const step of steps) bytes += ofStep(step, sizes);
  return bytes;
}

/** Of the value as it becomes, or as it was where that is the answer. */
function ofStep(step: Step, sizes: ValueSizes): number {
  switch (step.verb) {
    case 'get':
    case 'append':
      return sizes.ofKey(step.key);
    case 'set-range':
      return Math.max(sizes.ofKey(step.key), step.offset + step.value.length);
    case 'set-bit':
      return Math.max(sizes.ofKey(step.key), Math.floor(step.offset / 8) + 1);
    case 'stat':
      return step.tells === 'value' ? sizes.ofKey(step.key) : 0;
    case 'put':
    case 'delete':
    case 'expire':
      return step.previous ? sizes.ofKey(step.key) : 0;
    default:
      return 0;
  }
}

/** What a record carries for watchers: the previous value, and the value that got a new deadline. */
function toldOfStep({ verb, key }: Step, watched: Watched, sizes: ValueSizes): number {
  if (watched === Watched.withPrevious) return sizes.ofKey(key);
  return watched === Watched.yes && verb === 'expire' ? sizes.ofKey(key) : 0;
}

/** More than that is refused before anything is done (transaction.ts). */
function toldOf(parts: readonly { readonly key: string }[], sizes: ValueSizes): number {
  let bytes = 0;
  for (const { key } of parts) bytes += sizes.ofKey(key);
  return Math.min(bytes, Math.max(TRANSACTION_OUTCOME_BYTES_MAX, sizes.longest));
}
