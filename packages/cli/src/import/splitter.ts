/**
 * What the three formats have in common: a splitter finds where records begin and end, and nothing more. It runs on the
 * main thread and is cheap; parsing runs on other threads, a batch at a time.
 *
 * A splitter gets a buffer that begins where it stopped last (`consumed`), and whether more will come. Its promise is the
 * one the user cares for: a broken record costs itself, with the number of its line, and no other record.
 */

/** Where one record lies in the buffer, its first line and its number in the file, both from 1. */
export interface Span {
  start: number;
  end: number;
  line: number;
  number: number;
}

export interface BadRecord {
  line: number;
  number: number;
  message: string;
}

export interface Scan {
  spans: Span[];
  bad: BadRecord[];
  /** How much of the buffer is done with; the rest is given again, with more behind it. */
  consumed: number;
}

export interface Splitter {
  scan(buffer: Buffer, last: boolean): Scan;
}

/** A record longer than this is taken as broken: twice the largest request the server takes. */
export const RECORD_BYTES_MAX = 64 * 1024 * 1024;

export const NEWLINE = 0x0a;
export const QUOTE = 0x22;

export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === NEWLINE || byte === 0x0d;
}

/** Newlines from `start` up to `end`. Not by indexOf, which in a file of one line looks on to the end of the buffer every time. */
export function countLines(buffer: Buffer, start: number, end: number): number {
  let lines = 0;
  for (let at = start; at < end; at += 1) if (buffer[at] === NEWLINE) lines += 1;
  return lines;
}

/** The end of the line that `at` lies in, without its newline; -1 if the buffer ends first. */
export function lineEnd(buffer: Buffer, at: number, last: boolean): number {
  const end = buffer.indexOf(NEWLINE, at);
  return end === -1 && last ? buffer.length : end;
}

/** Without the spaces around it; undefined if nothing is left. */
export function trimmed(buffer: Buffer, start: number, end: number): { start: number; end: number } | undefined {
  let from = start;
  let to = end;
  while (from < to && isSpace(buffer[from])) from += 1;
  while (to > from && isSpace(buffer[to - 1])) to -= 1;
  return from === to ? undefined : { start: from, end: to };
}
