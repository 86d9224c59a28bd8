/**
 * Figures: what every benchmark of a running cluster needs around its measurement: options, quantiles, output.
 *
 * Owns      `--name value` and `--json` of the command line, a table for people, one object for programs, and the load of
 *           the machine beside every figure: on a machine that others use, a figure without it means little.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Numbers from the command line; `defaults` names them all. */
export type Numbers<D> = { readonly [Name in keyof D]: number };

export interface Asked<D> {
  readonly numbers: Numbers<D>;
  readonly json: boolean;
}

/** Reads `--keys 1000 --json`; ends the process on what it does not know. */
export function readNumbers<D extends Record<string, number>>(defaults: D): Asked<D> {
  const names = Object.keys(defaults);
  const options: ParseArgsConfig['options'] = { json: { type: 'boolean' } };
  for (const name of names) options[name] = { type: 'string' };
  try {
    const values = parseArgs({ options }).values as Record<string, string | boolean | undefined>;
    const numbers = Object.fromEntries(names.map((name) => [name, readNumber(name, values[name], defaults[name]!)]));
    return { numbers: numbers as Numbers<D>, json: values.json === true };
  } catch (error) {
    const known = names.map((name) => `--${name} ${defaults[name]}`).join(' ');
    process.stderr.write(`${(error as Error).message}\nknown are: ${known} --json\n`);
    process.exit(2);
  }
}

function readNumber(name: string, given: string | boolean | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  const number = Number(given);
  if (!(number >= 0)) throw new Error(`--${name} takes a number, not ${given}`);
  return number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function quantilesOf(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => rounded(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** One digit after the point. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

let gc: (() => void) | undefined;

/** A full collection of the main thread's heap, so that what a benchmark dropped is not counted as kept. */
export function collectGarbage(): void {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc');
    gc = runInNewContext('gc') as () => void;
  }
  gc();
}

export type Row = readonly (string | number)[];

/** Columns as wide as they need to be; the first is text, the others are figures. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => row.map(String));
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  '))
    .join('\n');
}

export interface Report {
  readonly title: string;
  readonly rows: readonly Row[];
  /** The same as data. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** What it should be, and whether it is. */
  readonly target: string;
  readonly met: boolean;
}

/**
 * Milliseconds the main thread could have run and was not let: what others on this machine cost us. 0 where the system
 * does not tell (it is Linux that does).
 */
function waitedForProcessorMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

const beganAt = performance.now();
const waitedBeforeMs = waitedForProcessorMs();

/** Prints the table, or with --json the one object. A target that was missed is told, not punished: machines differ. */
export function printReport({ title, rows, figures, target, met }: Report, json: boolean): void {
  const starved = (waitedForProcessorMs() - waitedBeforeMs) / (performance.now() - beganAt);
  const machine = {
    node: process.version,
    processors: availableParallelism(),
    load1: rounded(loadavg()[0]!),
    starvedPercent: rounded(starved * 100),
  };
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...figures, target, met, machine })}\n`);
    return;
  }
  const { node, processors, load1, starvedPercent } = machine;
  const about = `Node ${node}, ${processors} processors, load ${load1}; main thread kept waiting ${starvedPercent} % of the time`;
  process.stdout.write(`${title}\n${about}\n\n${table(rows)}\n\ntarget: ${target}: ${met ? 'met' : 'MISSED'}\n`);
}
