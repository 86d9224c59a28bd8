/**
 * BITOP: strings combined bit by bit into another key. A plan (transaction/plan.ts), so it is atomic over shards.
 */
import { ANY_VERSION, NO_TTL, type Result, type Step, ValueKind } from '@quintet/engine/core';
import { CommandError, engineError } from '../errors.ts';
import { integer } from '../resp/encoder.ts';
import type { Session } from '../session.ts';
import { carryOut, type Decision } from '../transaction/plan.ts';
import { syntaxError } from './arguments.ts';
import type { CommandSpec } from './command.ts';

type Combine = (one: number, other: number) => number;

const COMBINE: ReadonlyMap<string, Combine> = new Map<string, Combine>([
  ['AND', (one, other) => one & other],
  ['OR', (one, other) => one | other],
  ['XOR', (one, other) => one ^ other],
]);

/** The bytes of all `values` combined, as long as the longest; what is shorter goes on with zeros. */
function combined(values: readonly string[], combine: Combine): string {
  const length = Math.max(...values.map((value) => value.length));
  const bytes = Buffer.alloc(length);
  bytes.write(values[0]!, 'latin1');
  for (const value of values.slice(1)) {
    for (let at = 0; at < value.length; at++) bytes[at] = combine(bytes[at]!, value.charCodeAt(at));
    for (let at = value.length; at < length; at++) bytes[at] = combine(bytes[at]!, 0);
  }
  return bytes.toString('latin1');
}

function inverted(value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  for (let at = 0; at < bytes.length; at++) bytes[at] = ~bytes[at]!;
  return bytes.toString('latin1');
}

function bitOperation(session: Session, args: readonly string[]): void {
  const word = args[1]!.toUpperCase();
  const combine = COMBINE.get(word);
  if (combine === undefined && word !== 'NOT') throw syntaxError();
  if (word === 'NOT' && args.length !== 4) {
    throw new CommandError('ERR BITOP NOT must be called with a single source key.');
  }
  const key = args[2]!;
  const sources = args.slice(3);
  const keys = [...new Set(sources)];
  const decide = (entries: readonly Result[]): Decision => {
    if (entries.some(({ kind }) => kind === ValueKind.structured)) {
      return { steps: [], reply: engineError('WRONG_KIND', '') };
    }
    const values = sources.map((source) => entries[keys.indexOf(source)]!.value ?? '');
    const value = combine === undefined ? inverted(values[0]!) : combined(values, combine);
    return { steps: [storeOrRemove(key, value)], reply: integer(value.length) };
  };
  carryOut(session, { keys, needsValues: true, decide });
}

function storeOrRemove(key: string, value: string): Step {
  if (value === '') return { verb: 'delete', key, ifVersion: ANY_VERSION, previous: false };
  const entry = { value, kind: ValueKind.text, ifVersion: ANY_VERSION };
  return { verb: 'put', key, ...entry, ttl: NO_TTL, deadline: 0, previous: false };
}

export const bitOperationCommands: readonly CommandSpec[] = [
  {
    name: 'bitop',
    arity: -4,
    flags: ['write', 'denyoom'],
    keys: { first: 2, last: -1, step: 1 },
    since: '2.6.0',
    group: 'bitmap',
    summary: 'Perform bitwise operations between strings',
    handler: bitOperation,
  },
];
