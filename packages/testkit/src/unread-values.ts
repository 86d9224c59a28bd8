/**
 * UnreadValues: which written values cannot be told apart by any answer of a history.
 *
 * Owns      the replacement of such values by one stand-in, so that equal situations become equal states.
 * Does not  touch what is shown to a human: only the search sees stand-ins.
 * Why       it only matters that *some* value nobody read was there. The fewer states, the fewer configurations; and
 *           unknown writes of such values become interchangeable.
 * Invariants
 *   UV1  a value stays if an answer shows it, or shows it with something appended, or if it can be counted or compared with
 *   UV2  where lengths are observable (append), a stand-in has the length of what it stands for
 *   UV3  a stand-in begins with a control character that no value shown contains
 */

import type { Operation, OperationRecord } from './operation.ts';

/** Maps an operation to itself, or to one that writes a stand-in. */
export function unreadAlike(records: readonly OperationRecord[]): (operation: Operation) => Operation {
  const shown = new Set<string>();
  for (const { operation, outcome } of records) {
    if (operation.kind === 'delete' && operation.ifValue !== undefined) shown.add(operation.ifValue);
    if (outcome.kind === 'ok' && typeof outcome.result.value === 'string') shown.add(outcome.result.value);
  }
  const appends = records.some(({ operation }) => operation.kind === 'append');
  const counts = records.some(({ operation }) => operation.kind === 'increment');
  const filler = unusedCharacter(shown);
  const read = appends ? beginningsOf(shown, records) : shown;
  return (operation) => {
    if (!('value' in operation) || read.has(operation.value)) return operation;
    if (counts && /^-?\d*$/.test(operation.value)) return operation;
    return { ...operation, value: filler.repeat(appends ? operation.value.length : 1) };
  };
}

/** True for a value that only stands for one nobody read. */
export function isStandIn(value: string): boolean {
  return value !== '' && value.charCodeAt(0) < 32;
}

function unusedCharacter(shown: ReadonlySet<string>): string {
  for (let code = 0; code < 32; code++) {
    const character = String.fromCharCode(code);
    if (![...shown].some((value) => value.includes(character))) return character;
  }
  throw new RangeError('values that contain all 32 control characters are not supported');
}

/** The values shown, and what they may have been before something was appended. */
function beginningsOf(shown: ReadonlySet<string>, records: readonly OperationRecord[]): Set<string> {
  const lengths = new Set<number>();
  const suffixes = new Set<string>();
  for (const { operation } of records) {
    if ('value' in operation) lengths.add(operation.value.length);
    if (operation.kind === 'append') suffixes.add(operation.suffix);
  }
  const beginnings = new Set(shown);
  for (const value of shown) {
    for (const length of lengths) {
      if (length > value.length || ![...suffixes].some((suffix) => value.startsWith(suffix, length))) continue;
      beginnings.add(value.slice(0, length));
    }
  }
  return beginnings;
}
