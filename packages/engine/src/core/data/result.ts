/**
 * Result: the response to one operation.
 *
 * Owns      the shape of results, and their constructors.
 * Does not  compute them: the rows of verbs.ts and transaction.ts do.
 * Why constructors: operation.ts, Classes.
 */

import type { ErrorCode } from '../protocol/errors.ts';
import type { Block } from './block.ts';
import { ValueKind } from './value-kind.ts';

/** What became of an operation. Everything but `ok` changed nothing. */
export const Status = {
  ok: 0,
  /** The key is absent: a read found nothing, a delete had nothing to delete. */
  absent: 1,
  /** `ifVersion` or `when` did not hold; `version` is what is there now (0 = absent). */
  conditionFailed: 2,
  /** The value is no number, or no integer. */
  notANumber: 3,
  /** The number would leave its range. */
  overflow: 4,
  /** The value would be longer than `maxValueBytes`. */
  valueTooLarge: 5,
  /** No room in the chain's nodes, and the policy is not to evict. */
  outOfMemory: 6,
  /** Append to a structured value. */
  wrongKind: 7,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

const REFUSALS: { readonly [S in Status]?: ErrorCode } = {
  [Status.notANumber]: 'NOT_A_NUMBER',
  [Status.overflow]: 'OVERFLOW',
  [Status.valueTooLarge]: 'VALUE_TOO_LARGE',
  [Status.outOfMemory]: 'OUT_OF_MEMORY',
  [Status.wrongKind]: 'WRONG_KIND',
};

/** The error that a status is; undefined for `ok`, `absent` and `conditionFailed`, which are answers. */
export function refusalOf(status: Status): ErrorCode | undefined {
  return REFUSALS[status];
}

/** One page of a scan. `entries` is flat: key, value, kind, version, expiresAt, key, … (value '' if keysOnly). */
export interface Page {
  /** Where the next page begins, or -1 after the last. */
  readonly cursor: number;
  readonly entries: readonly (string | number)[];
}

/** Fields of one entry in {@link Page.entries}. */
export const PAGE_STRIDE = 5;

/**
 * The answer to one operation. `version` is the entry's version after it (0 = absent). `value`, `kind` and `expiresAt`
 * are those of the entry read, or of the previous one where that was requested (`value` null = there was none);
 * increments answer the new number as text in `value`; append and stat a length in bytes, count a number, likewise.
 * Made by the functions below alone, so that all results have one shape, large ones apart: what reads them stays
 * monomorphic.
 */
export interface Result extends Answer {
  /** For a read that accepts blocks: the value, if it is large; `value` is null then. */
  readonly block?: Block;
}

class Answer {
  readonly status: Status;
  readonly version: number;
  readonly value: string | null;
  readonly kind: ValueKind;
  readonly expiresAt: number;
  readonly page: Page | null;
  /** Transactions: what each step came to. Gather: each key's entry. */
  readonly items: readonly Result[] | null;

  constructor(
    status: Status,
    version: number,
    value: string | null,
    kind: ValueKind,
    expiresAt: number,
    page: Page | null,
    items: readonly Result[] | null,
  ) {
    this.status = status;
    this.version = version;
    this.value = value;
    this.kind = kind;
    this.expiresAt = expiresAt;
    this.page = page;
    this.items = items;
  }
}

/** A result with nothing but a status and a version. */
export function plainResult(status: Status, version: number): Result {
  return new Answer(status, version, null, ValueKind.text, 0, null, null);
}

/** The answer to a scan. */
export function pageResult(page: Page): Result {
  return new Answer(Status.ok, 0, null, ValueKind.text, 0, page, null);
}

/** The answer to a transaction or a gather. */
export function itemsResult(status: Status, version: number, items: readonly Result[]): Result {
  return new Answer(status, version, null, ValueKind.text, 0, null, items);
}

/** A result with a value. */
export function valueResult(
  status: Status,
  version: number,
  value: string,
  kind: ValueKind,
  expiresAt: number,
): Result {
  return new Answer(status, version, value, kind, expiresAt, null, null);
}

/** A result with a large value. */
export function blockResult(version: number, block: Block, kind: ValueKind, expiresAt: number): Result {
  return { status: Status.ok, version, value: null, kind, expiresAt, page: null, items: null, block };
}
