/**
 * VerbRow: everything the engine needs to know of a verb, in one place (the rows: verbs.ts).
 *
 * Owns      the questions that a row answers, and the answers that follow from others for verbs on one key.
 * Does not  know any verb, or move bytes (fields.ts describes them).
 * Invariants
 *   VR1 growth(o) is never less than the bytes of value by which an operation makes the store grow.
 *   VR2 changes(o, result, seq) is the number of entries that differ afterwards; of a transaction, of steps that changed one (and
 *       of set-bits and set-ranges that changed nothing behind a step that did: their answers are alike).
 *   VR3 what evaluation looks at is never more than reads(o) says: the master gathers no more for a transaction.
 * Why one shape: what reads rows stays monomorphic for V8, whatever verb comes by.
 */

import { roomToGrow, type Store } from '../store/store.ts';
import type { Fields } from './fields.ts';
import type { Operation, Step } from './operation.ts';
import type { EntryReader, EvalContext, Outcome } from './reader.ts';
import { Watched } from './record.ts';
import { type Result, Status } from './result.ts';

/** What an operation concerns, for program order (protocol §5): its key; several; a shard it only reads; all of a shard. */
export type Scope = 'key' | 'keys' | 'shard' | 'everything';

/** What of a present entry evaluation has to see. */
export const Needs = { nothing: 0, head: 1, value: 2 } as const;
export type Needs = (typeof Needs)[keyof typeof Needs];

/** Whether an operation that writes nothing uses the entry: not; by reading it; and that is all it is for. */
export const Use = { none: 0, reading: 1, only: 2 } as const;
export type Use = (typeof Use)[keyof typeof Use];

/** How long present values may be, for who counts bytes before an operation is evaluated (master/memory/value-sizes.ts). */
export interface ValueBounds {
  ofKey(key: string): number;
  readonly longest: number;
}

/** What each step, condition, effect or key of a group costs besides its bytes: the objects it becomes on every node that
 * holds it. Transactions of thousands of tiny steps took nodes out of memory while they counted as next to nothing. */
const PART_BYTES = 256;

/** The questions. All are about one operation of the verb, before it is evaluated unless they take a result. */
export interface RowOf<O extends Operation> {
  readonly verb: O['verb'];
  /** Its number wherever operations are bytes or numbers, for ever: 0 to 255. */
  readonly code: number;
  readonly fields: Fields<O>;
  /** It changes data: it must be numbered and replicated. */
  readonly writes: boolean;
  readonly scope: Scope;
  /** It may be a step of a transaction. */
  readonly step: boolean;
  /** What it writes adds to what is there: of the value sizes that the master knows, `length` is added. */
  readonly appends: boolean;
  /** It writes a part of what is there: unwatched, and of a long value, its record bears no more than that. */
  readonly patches: boolean;
  /** It may leave the value and change its deadline alone: watchers are told the value all the same. */
  readonly setsDeadline: boolean;

  /** Every key it names, once; of a scope that is not its keys none. */
  keys(operation: O): readonly string[];
  /** Bytes of values it brings. */
  carries(operation: O): number;
  /** Bytes of keys and values it brings. */
  bytes(operation: O): number;
  /** How many parts it has, if it is a group. */
  parts(operation: O): number;
  reads(operation: O): Needs;
  uses(operation: O): Use;
  /** Its answer shows the entry, or that there is none: a hit or a miss. */
  shows(operation: O): boolean;
  /** The longest value it may leave where one of `present` bytes was; 0 if it writes none. */
  length(operation: O, present: number): number;
  /** Bytes of value the store may grow by; 0 = it cannot grow, and is never refused for want of memory. */
  growth(operation: O, store: Pick<EntryReader, 'head'>): number;
  /** Bytes of present values, at most, that its record bears or its answer brings. */
  bears(operation: O, present: ValueBounds): number;
  /** Bytes of present values, at most, that its record tells watchers. */
  tells(operation: O, watched: Watched, present: ValueBounds): number;
  /** Entries it has changed or removed, as its answer tells (`seq`: of its record): what Redis calls dirty. */
  changes(operation: O, result: Result, seq: number): number;

  /** What a write results in. Null for groups of steps (transaction.ts), whose effects need more than this. */
  readonly evaluate: ((operation: O, store: EntryReader, moment: EvalContext) => Outcome) | null;
  /** What a read answers. */
  readonly read: ((operation: O, store: Store, time: number) => Result) | null;
}

/** A row, whatever verb it is of. */
export type VerbRow = RowOf<Operation>;

/** What an operation costs wherever operations in flight are counted: its bytes, and the objects of its parts. */
export function costOf(row: VerbRow, operation: Operation): number {
  const bytes = row.bytes(operation);
  return row.scope === 'key' ? bytes : bytes + row.parts(operation) * PART_BYTES;
}

const none = (): number => 0;
const no = (): boolean => false;
const nothing = (): Needs => Needs.nothing;
const noUse = (): Use => Use.none;
const keyBytes = ({ key }: Operation): number => key.length;
const noKeys = (): readonly string[] => [];

/** What a verb that is not on one key has to say; the rest is as of one that touches no value. */
export type GroupSpec<O extends Operation> = Pick<RowOf<O>, 'verb' | 'code' | 'fields' | 'scope'> & Partial<RowOf<O>>;

export function groupVerb<O extends Operation>(spec: GroupSpec<O>): VerbRow {
  // All properties in one literal, so that all rows have one shape.
  const row: RowOf<O> = {
    verb: spec.verb,
    code: spec.code,
    fields: spec.fields,
    scope: spec.scope,
    writes: spec.writes ?? false,
    step: spec.step ?? false,
    appends: spec.appends ?? false,
    patches: spec.patches ?? false,
    setsDeadline: spec.setsDeadline ?? false,
    keys: spec.keys ?? noKeys,
    carries: spec.carries ?? none,
    bytes: spec.bytes ?? none,
    parts: spec.parts ?? none,
    reads: spec.reads ?? nothing,
    uses: spec.uses ?? noUse,
    shows: spec.shows ?? no,
    length: spec.length ?? none,
    growth: spec.growth ?? none,
    bears: spec.bears ?? none,
    tells: spec.tells ?? none,
    changes: spec.changes ?? none,
    evaluate: spec.evaluate ?? null,
    read: spec.read ?? null,
  };
  return row as unknown as VerbRow;
}

/** What a verb on one key has to say. */
export interface KeySpec<O extends Step>
  extends Pick<RowOf<O>, 'verb' | 'code' | 'fields' | 'reads'>,
    Partial<Pick<RowOf<O>, 'carries' | 'uses' | 'shows' | 'length'>> {
  /** A write: what it results in, and the effects that may be. */
  readonly evaluate?: NonNullable<RowOf<O>['evaluate']>;
  readonly makes?: readonly ('put' | 'remove' | 'deadline')[];
  /** A read: what it answers. */
  readonly read?: (operation: O, store: EntryReader, time: number) => Result;
  /** Of a read that shows less than the value: how many bytes of one so long. */
  readonly shown?: (operation: O, present: number) => number;
  /** Present bytes are written again, with others over them or behind them. */
  readonly keeps?: 'under' | 'before';
}

export function keyVerb<O extends Step>(spec: KeySpec<O>): VerbRow {
  const { makes = [], keeps, carries = none, length = none, shows = no, uses = noUse, reads } = spec;
  const { shown = (_: O, present: number) => present } = spec;
  const [puts, removes, setsDeadline] = [makes.includes('put'), makes.includes('remove'), makes.includes('deadline')];
  return groupVerb<O>({
    verb: spec.verb,
    code: spec.code,
    fields: spec.fields,
    scope: 'key',
    step: true,
    writes: spec.evaluate !== undefined,
    appends: keeps === 'before',
    patches: keeps !== undefined,
    setsDeadline,
    keys: ({ key }) => [key],
    carries,
    bytes: carries === none ? keyBytes : (operation) => operation.key.length + carries(operation),
    reads,
    uses,
    shows,
    length,
    growth: (operation, store) => {
      if (!puts) return 0;
      const present = keeps === undefined ? 0 : (store.head(operation.key)?.valueBytes ?? 0);
      const grown = length(operation, present);
      // One more, as 0 says that nothing grows: an empty value does.
      return grown + (grown > present && present > 0 ? roomToGrow(grown) : 0) + 1;
    },
    bears: (operation, present) => {
      if (keeps !== undefined) return length(operation, present.ofKey(operation.key)) - carries(operation);
      return shows(operation) && reads(operation) === Needs.value ? shown(operation, present.ofKey(operation.key)) : 0;
    },
    tells: ({ key }, watched, present) => {
      if (watched === Watched.withPrevious) return present.ofKey(key);
      return watched === Watched.yes && setsDeadline ? present.ofKey(key) : 0;
    },
    // What writes an entry answers its new version, which is the record's seq; what removes one answers ok and no version.
    changes: (_, { status, version }, seq) => {
      if (status !== Status.ok) return 0;
      return ((puts || setsDeadline) && version === seq) || (removes && version === 0) ? 1 : 0;
    },
    evaluate: spec.evaluate ?? null,
    read: (spec.read as RowOf<O>['read']) ?? null,
  });
}
