/**
 * Render: operations as a table for a human, one line an operation, columns aligned.
 *
 * Owns      the text form of operations and results.
 * Does not  choose what to show (shrink.ts).
 */

import type { Conditions, ExpiryWindow, Operation, OperationRecord, Outcome, Result } from './operation.ts';

const HEADINGS = ['client', 'invoked', 'returned', 'operation', 'result'] as const;
const VALUE_LENGTH_MAX = 40;

/** A table of operations in order of invocation, each line indented by two spaces. */
export function renderOperations(records: readonly OperationRecord[]): string {
  const sorted = [...records].sort((a, b) => a.invokedAt - b.invokedAt);
  const rows: string[][] = [
    [...HEADINGS],
    ...sorted.map((record) => [
      String(record.client),
      String(record.invokedAt),
      Number.isFinite(record.returnedAt) ? String(record.returnedAt) : '-',
      renderOperation(record.operation),
      renderOutcome(record.outcome),
    ]),
  ];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column < 3 ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number);
  return rows.map((row) => `  ${row.map(pad).join('  ').trimEnd()}`).join('\n');
}

/** One operation in words, e.g. `put "a" if version 7`. */
export function renderOperation(operation: Operation): string {
  switch (operation.kind) {
    case 'get':
    case 'getAndDelete':
      return operation.kind;
    case 'put':
      return `put ${quote(operation.value)}${renderConditions(operation)}${renderExpiry(operation.expiry)}`;
    case 'getAndPut':
      return `getAndPut ${quote(operation.value)}${renderExpiry(operation.expiry)}`;
    case 'delete':
      return `delete${renderConditions(operation)}`;
    case 'increment':
      return `increment by ${operation.by}${renderExpiry(operation.expiry)}${operation.onlyIfNew ? ' if new' : ''}`;
    case 'append':
      return `append ${quote(operation.suffix)}`;
    case 'getAndExpire':
      return `getAndExpire${operation.expiry === undefined ? ' never' : renderExpiry(operation.expiry)}`;
    case 'expire':
      return `expire${renderExpiry(operation.expiry)}`;
  }
}

function renderConditions({ ifAbsent, ifPresent, ifVersion, ifValue }: Conditions): string {
  const absent = ifAbsent ? ' if absent' : '';
  const present = ifPresent ? ' if present' : '';
  const value = ifValue === undefined ? '' : ` if ${quote(ifValue)}`;
  return absent + present + (ifVersion === undefined ? '' : ` if version ${ifVersion}`) + value;
}

function renderExpiry(expiry: ExpiryWindow | undefined): string {
  if (expiry === undefined) return '';
  return ` expiring ${expiry.notBefore}..${Number.isFinite(expiry.notAfter) ? expiry.notAfter : ''}`;
}

function renderOutcome(outcome: Outcome): string {
  return outcome.kind === 'ok' ? renderResult(outcome.result) : outcome.kind;
}

function renderResult(result: Result): string {
  const parts: string[] = [];
  if (result.value !== undefined) parts.push(result.value === null ? 'absent' : quote(result.value));
  if (result.applied !== undefined) parts.push(result.applied ? 'applied' : 'refused');
  if (result.number !== undefined) parts.push(String(result.number));
  if (result.length !== undefined) parts.push(`length ${result.length}`);
  if (result.version !== undefined) parts.push(result.version === null ? 'no version' : `version ${result.version}`);
  return parts.join(', ');
}

function quote(value: string): string {
  if (value.length <= VALUE_LENGTH_MAX) return JSON.stringify(value);
  return `${JSON.stringify(value.slice(0, VALUE_LENGTH_MAX))}… (${value.length})`;
}
