/**
 * BITFIELD and BITFIELD_RO: a string as an array of integers of any width. Reads are one GET; writes a plan
 * (exec/plan.ts): all fields of one command are read and written at one point in time.
 */
import {
  ANY_VERSION,
  type Decision,
  NO_TTL,
  type Result,
  Status,
  type Step,
  ValueKind,
} from '@quintet/engine/internal';
import { int64, syntaxError } from '../../command/arguments.ts';
import { ONE_KEY } from '../../command/command.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec } from '../../command/handler.ts';
import { CommandError, engineError } from '../../engine/errors.ts';
import { carryOut } from '../../exec/plan.ts';
import { array, type Encoder, integer } from '../../resp/encoder.ts';
import { type FieldType, fitted, getField, type Overflow, readFieldType, setField } from '../../text/bit-field.ts';
import { bitOffset } from './bits.ts';

interface FieldOperation {
  readonly verb: 'get' | 'set' | 'increment';
  readonly type: FieldType;
  readonly offset: number;
  /** The new value, or what is added. */
  readonly value: bigint;
  readonly overflow: Overflow;
}

const BAD_TYPE = 'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.';

/** Fields of one command: they are read and written in one go, and everybody else waits. */
const FIELDS_MAX = 16_384;

const OVERFLOWS: ReadonlyMap<string, Overflow> = new Map<string, Overflow>([
  ['WRAP', 'wrap'],
  ['SAT', 'saturate'],
  ['FAIL', 'fail'],
]);

/** Each word with its verb, and how many arguments it takes. */
const VERBS: ReadonlyMap<string, readonly [verb: FieldOperation['verb'], count: number]> = new Map([
  ['GET', ['get', 2] as const],
  ['SET', ['set', 3] as const],
  ['INCRBY', ['increment', 3] as const],
]);

function readOperations(session: CommandSession, args: readonly string[]): FieldOperation[] {
  const operations: FieldOperation[] = [];
  let overflow: Overflow = 'wrap';
  for (let at = 2; at < args.length; at++) {
    const word = args[at]!.toUpperCase();
    const [verb, count] = VERBS.get(word) ?? [null, 1];
    if (at + count >= args.length) throw syntaxError();
    if (verb !== null) {
      if (operations.length === FIELDS_MAX) throw new CommandError(`ERR at most ${FIELDS_MAX} fields`);
      operations.push(readOperation(session, verb, args.slice(at + 1, at + 1 + count), overflow));
    } else if (word === 'OVERFLOW') {
      overflow = readOverflow(args[at + 1]!);
    } else {
      throw syntaxError();
    }
    at += count;
  }
  return operations;
}

function readOverflow(argument: string): Overflow {
  const overflow = OVERFLOWS.get(argument.toUpperCase());
  if (overflow === undefined) throw new CommandError('ERR Invalid OVERFLOW type specified');
  return overflow;
}

function readOperation(
  session: CommandSession,
  verb: FieldOperation['verb'],
  [typeText, offsetText, valueText]: readonly string[],
  overflow: Overflow,
): FieldOperation {
  const type = readFieldType(typeText!);
  if (type === null) throw new CommandError(BAD_TYPE);
  // `#3` counts in fields of this type.
  const inFields = offsetText!.startsWith('#');
  const offset = bitOffset(session, inFields ? offsetText!.slice(1) : offsetText!, inFields ? type.bits : 1);
  const value = valueText === undefined ? 0n : BigInt(int64(valueText));
  return { verb, type, offset, value, overflow };
}

function read(session: CommandSession, key: string, operations: readonly FieldOperation[]): void {
  session.submit({ verb: 'get', key }, ({ value, kind }) => {
    if (kind === ValueKind.structured) return engineError('WRONG_KIND', '');
    const bytes = Buffer.from(value ?? '', 'latin1');
    return array(operations.map(({ type, offset }) => integer(getField(bytes, type, offset))));
  });
}

function bitField(session: CommandSession, args: readonly string[]): void {
  const key = args[1]!;
  const operations = readOperations(session, args);
  if (operations.every(({ verb }) => verb === 'get')) return read(session, key, operations);
  const { encoder } = session;
  carryOut(session, {
    keys: [key],
    needsValues: true,
    decide: ([entry]) => decide(key, entry!, operations, encoder),
  });
}

function decide(key: string, entry: Result, operations: readonly FieldOperation[], encoder: Encoder): Decision<string> {
  if (entry.kind === ValueKind.structured) return { steps: [], outcome: engineError('WRONG_KIND', '') };
  const before = entry.value ?? '';
  const bytes = Buffer.alloc(Math.max(before.length, bytesWritten(operations)));
  bytes.write(before, 'latin1');
  const reply = array(operations.map((operation) => carryOutOn(bytes, operation, encoder)));
  const after = bytes.toString('latin1');
  return { steps: after === before ? [] : [overwrite(key, after, entry)], outcome: reply };
}

/** The string grows to where a write would be, even one that is refused in the end: as in Redis. */
function bytesWritten(operations: readonly FieldOperation[]): number {
  let furthest = 0;
  for (const { verb, type, offset } of operations) {
    if (verb !== 'get') furthest = Math.max(furthest, Math.ceil((offset + type.bits) / 8));
  }
  return furthest;
}

function carryOutOn(bytes: Buffer, { verb, type, offset, value, overflow }: FieldOperation, encoder: Encoder): string {
  const before = getField(bytes, type, offset);
  if (verb === 'get') return integer(before);
  // An unsigned field takes a negative number as the bits it has.
  const wanted = verb === 'increment' ? before + value : type.signed ? value : BigInt.asUintN(64, value);
  const after = fitted(wanted, type, overflow);
  if (after === null) return encoder.nil;
  setField(bytes, type, offset, after);
  return integer(verb === 'set' ? before : after);
}

function overwrite(key: string, value: string, { status, kind, expiresAt }: Result): Step {
  const kept = status === Status.ok && kind === ValueKind.bytes ? ValueKind.bytes : ValueKind.text;
  const entry = { value, kind: kept, deadline: expiresAt };
  return { verb: 'put', key, ...entry, ifVersion: ANY_VERSION, ttl: NO_TTL, previous: false };
}

function bitFieldReadOnly(session: CommandSession, args: readonly string[]): void {
  const operations = readOperations(session, args);
  if (operations.some(({ verb }) => verb !== 'get')) {
    throw new CommandError('ERR BITFIELD_RO only supports the GET subcommand');
  }
  read(session, args[1]!, operations);
}

export const bitFieldCommands: readonly CommandSpec[] = [
  {
    name: 'bitfield',
    arity: -2,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    since: '3.2.0',
    group: 'bitmap',
    summary: 'Perform arbitrary bitfield integer operations on strings',
    handler: bitField,
  },
  {
    name: 'bitfield_ro',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    since: '6.0.0',
    group: 'bitmap',
    summary: 'Perform arbitrary bitfield integer operations on strings. Read-only variant of BITFIELD',
    handler: bitFieldReadOnly,
  },
];
