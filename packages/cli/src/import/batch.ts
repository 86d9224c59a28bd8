/**
 * Batches: what goes to a parsing thread and what comes back. Flat numbers and bytes in ArrayBuffers, so that both ways
 * they are transferred and not copied value by value.
 */
import type { BadRecord } from './splitter.ts';

export type Format = 'json' | 'ndjson' | 'csv';

/** How records become keys and values: the same for all batches of an import. */
export interface Recipe {
  format: Format;
  /** CSV: the names of the columns. */
  columns?: string[];
  delimiter: string;
  keyTemplate?: string;
  valueTemplate?: string;
  as: 'structured' | 'text';
}

export interface RawBatch {
  recipe: Recipe;
  bytes: Uint8Array;
  /** start, end, line, number of each record. */
  spans: Uint32Array;
}

export const KINDS = ['text', 'bytes', 'number', 'structured'] as const;

export interface ParsedBatch {
  /** Keys and values one after the other: key 0, value 0, key 1, ... */
  bytes: Uint8Array;
  /** key end, value end, kind (index in KINDS), line, number of each record. */
  table: Uint32Array;
  /** ms since the epoch of each record; 0 = none. */
  expiresAt: Float64Array;
  bad: BadRecord[];
}

export const SPAN_COLUMNS = 4;
export const TABLE_COLUMNS = 5;
