/**
 * BITOP: strings combined bit by bit into another key. A plan (exec/plan.ts), so it is atomic over shards.
 *
 * Bounded   by the bytes it looks at (bit-operation.ts): it is made in one go, and everybody else waits.
 */
import { ANY_VERSION, type Decision, NO_TTL, type Result, type Step, ValueKind } from '@quintet/engine/internal';
import { syntaxError } from '../../command/arguments.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec } from '../../command/handler.ts';
import { CommandError, engineError } from '../../engine/errors.ts';
import { carryOut } from '../../exec/plan.ts';
import { error, integer } from '../../resp/encoder.ts';
import { type BitOperator, bitWork, combined, inverted, longestOf } from '../../text/bit-operation.ts';

const OPERATORS: ReadonlySet<string> = new Set<BitOperator>(['AND', 'OR', 'XOR']);

/** What one command may look at; two values of the greatest length can always be combined. */
const WORK_MAX = 64 * 1024 * 1024;
const TOO_MUCH = error('ERR BITOP works on at most 64 MB of source strings');

/** A source that is named again changes nothing; to XOR, twice is never. */
class Sources {
  readonly keys: readonly string[];
  /** By the place in `keys`: whether only its length counts. */
  private readonly onlyLength: readonly boolean[];

  constructor(operator: BitOperator, names: readonly string[]) {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    this.keys = [...counts.keys()];
    this.onlyLength = [...counts.values()].map((count) => operator === 'XOR' && count % 2 === 0);
  }

  /** Of all values, in the order of `keys`, those to be combined. */
  combinable(values: readonly string[]): string[] {
    return values.filter((_, index) => !this.onlyLength[index]);
  }
}

function bitOperation(session: CommandSession, args: readonly string[]): void {
  const word = args[1]!.toUpperCase();
  if (word === 'NOT') return invert(session, args);
  if (!OPERATORS.has(word)) throw syntaxError();
  const operator = word as BitOperator;
  const key = args[2]!;
  const sources = new Sources(operator, args.slice(3));
  const workMax = Math.max(WORK_MAX, 2 * session.executor.limits.maxValueBytes);
  const decide = (entries: readonly Result[]): Decision<string> => {
    if (hasStructured(entries)) return WRONG_KIND;
    const values = entries.map(({ value }) => value ?? '');
    const combinable = sources.combinable(values);
    if (bitWork(operator, combinable) > workMax) return { steps: [], outcome: TOO_MUCH };
    return stored(key, combined(operator, combinable, longestOf(values)));
  };
  carryOut(session, { keys: sources.keys, needsValues: true, decide });
}

function invert(session: CommandSession, args: readonly string[]): void {
  if (args.length !== 4) throw new CommandError('ERR BITOP NOT must be called with a single source key.');
  const decide = (entries: readonly Result[]): Decision<string> =>
    hasStructured(entries) ? WRONG_KIND : stored(args[2]!, inverted(entries[0]!.value ?? ''));
  carryOut(session, { keys: [args[3]!], needsValues: true, decide });
}

const WRONG_KIND: Decision<string> = { steps: [], outcome: engineError('WRONG_KIND', '') };

function hasStructured(entries: readonly Result[]): boolean {
  return entries.some(({ kind }) => kind === ValueKind.structured);
}

function stored(key: string, value: string): Decision<string> {
  return { steps: [storeOrRemove(key, value)], outcome: integer(value.length) };
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
