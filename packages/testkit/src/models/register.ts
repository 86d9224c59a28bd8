/**
 * The sequential model of one key: what each operation does to an entry and what it must answer.
 *
 * Owns      RegisterState and the transition `step`. Pure.
 * Does not  know about time or concurrency: when an entry vanishes is decided by the search, which calls `vanish`.
 * Versions  A version is a number, greater than that of every write before it. A write whose version nobody reported
 *           (unknown outcome, or a protocol without versions) leaves `version` null: not known *yet*. The first answer
 *           that names it settles it; till then `floor` and `excluded` hold what is known. Versions are taken as dense
 *           (there is always room for one between two others): whether 4 leaves room for two writes between 3 and 5
 *           is not checked.
 * Unknown   UNKNOWN_PAST stands for any state at all: where a search begins in the midst of a history. Steps from it lead
 *           to whatever the answer tells, and never exclude what is possible; they may allow more.
 * Invariants
 *   RE1  floor never falls; an entry's known version is the floor
 *   RE2  an absent entry has version null, no excluded versions, no expiry: equal states look equal
 */

import type { Conditions, Operation, Result } from '../operation.ts';

/** No expiry window rules this entry. */
export const NO_EXPIRY = -1;

/** One key's entry as far as the operations linearized so far determine it. */
export interface RegisterState {
  /** Null: absent. Undefined: anything, absent included. */
  readonly value: string | null | undefined;
  /** The entry's version; null if absent or not known yet. */
  readonly version: number | null;
  /** Highest version known to have been given. */
  readonly floor: number;
  /** What a version not known yet is known not to be. */
  readonly excluded: readonly number[];
  /** Tag of the write whose expiry window rules this entry, or NO_EXPIRY. */
  readonly expiry: number;
}

/** A key nobody wrote. */
export const ABSENT: RegisterState = {
  value: null,
  version: null,
  floor: Number.NEGATIVE_INFINITY,
  excluded: [],
  expiry: NO_EXPIRY,
};

/** Tag of whatever expiry windows were set in a past that is not known. */
export const PAST_EXPIRY = -2;

/** Any state. */
export const UNKNOWN_PAST: RegisterState = { ...ABSENT, value: undefined, expiry: PAST_EXPIRY };

const NOTHING_REPORTED: Result = {};

/**
 * The state after an operation, or null if it cannot happen in this state.
 *
 * `result` undefined means unknown outcome: the operation takes effect, and null says that it would have none.
 * `tag` names this write's expiry window, if it has one.
 */
export function step(
  state: RegisterState,
  operation: Operation,
  result: Result | undefined,
  tag = NO_EXPIRY,
): RegisterState | null {
  if (state.value === undefined) return stepFromUnknown(state, operation, result, tag);
  switch (operation.kind) {
    case 'get':
      return result?.value === state.value ? see(state, result.version) : null;
    case 'put':
      return conditional(state, operation, result, (before, version) => write(before, operation.value, version, tag));
    case 'delete':
      return conditional(state, { ...operation, ifPresent: true }, result, erase);
    case 'expire':
      return conditional(state, { ifPresent: true }, result, (before, version) =>
        write(before, before.value ?? null, version, tag),
      );
    case 'increment':
      return increment(state, operation, result, tag);
    case 'append':
      return append(state, operation.suffix, result ?? NOTHING_REPORTED);
    case 'getAndPut':
      if (result !== undefined && result.value !== state.value) return null;
      return write(state, operation.value, result?.version, tag);
    case 'getAndDelete':
      if (result !== undefined && result.value !== state.value) return null;
      if (state.value === null) return result === undefined ? null : see(state, result.version);
      return erase(state, result?.version);
    case 'getAndExpire':
      return getAndExpire(state, operation, result, tag);
  }
}

/** What the answer tells of the state it met, then the step from there; where it tells nothing, still any state. */
function stepFromUnknown(
  state: RegisterState,
  operation: Operation,
  result: Result | undefined,
  tag: number,
): RegisterState | null {
  switch (operation.kind) {
    case 'get':
    case 'getAndPut':
    case 'getAndDelete':
    case 'getAndExpire':
      if (result === undefined) {
        if (operation.kind === 'getAndExpire') return state;
        return operation.kind === 'getAndPut' ? write(state, operation.value, undefined, tag) : null;
      }
      return step(result.value == null ? vanish(state) : { ...state, value: result.value }, operation, result, tag);
    case 'put':
      return result?.applied === false ? state : write(state, operation.value, result?.version, tag);
    case 'delete':
      return result?.applied === false ? state : erase(state, result?.version);
    case 'increment':
      // Nobody knows whether the entry was new, and whose time is its own now.
      if (result?.number === undefined || operation.onlyIfNew === true) return state;
      return step({ ...state, value: String(result.number - operation.by) }, operation, result, tag);
    case 'append':
      return result?.value == null ? state : write(state, result.value, result.version, state.expiry);
    case 'expire':
      return state;
  }
}

/** The state after an entry's time ran out. Its version stays spent. */
export function vanish(state: RegisterState): RegisterState {
  return { ...ABSENT, floor: state.floor };
}

/** A text equal exactly for equal states. */
export function stateKey(state: RegisterState): string {
  const value = state.value === undefined ? '?' : state.value === null ? '-' : `=${state.value}`;
  return `${state.version}|${state.floor}|${state.expiry}|${state.excluded.join()}|${value}`;
}

/** The state in which an answer reported this version (null: absent, undefined: nothing), if it can be so. */
function see(state: RegisterState, version: number | null | undefined): RegisterState | null {
  if (version === undefined) return state;
  if (state.value === null || version === null) return version === null && state.value === null ? state : null;
  if (state.version !== null) return state.version === version ? state : null;
  if (version <= state.floor || state.excluded.includes(version)) return null;
  return { ...state, version, floor: version, excluded: [] };
}

type Effect = (before: RegisterState, version: number | null | undefined) => RegisterState | null;

function conditional(
  state: RegisterState,
  conditions: Conditions,
  result: Result | undefined,
  effect: Effect,
): RegisterState | null {
  if (result?.applied === false) return refused(state, conditions, result.version);
  if (conditions.ifAbsent === true && state.value !== null) return null;
  if (conditions.ifPresent === true && state.value === null) return null;
  if (conditions.ifValue !== undefined && state.value !== conditions.ifValue) return null;
  const before = see(state, conditions.ifVersion);
  return before === null ? null : effect(before, result?.version);
}

/** A refusal is right if one condition failed; `version` is what the refusal reported of the entry. */
function refused(
  state: RegisterState,
  conditions: Conditions,
  version: number | null | undefined,
): RegisterState | null {
  const seen = see(state, version);
  if (seen === null) return null;
  if (conditions.ifAbsent === true && seen.value !== null) return seen;
  if (conditions.ifPresent === true && seen.value === null) return seen;
  if (conditions.ifValue !== undefined && seen.value !== conditions.ifValue) return seen;
  const expected = conditions.ifVersion;
  if (expected === undefined) return null;
  if (seen.value === null || (seen.version !== null && seen.version !== expected)) return seen;
  if (seen.version === expected) return null;
  if (expected <= seen.floor || seen.excluded.includes(expected)) return seen;
  return { ...seen, excluded: [...seen.excluded, expected].sort((a, b) => a - b) };
}

function write(
  state: RegisterState,
  value: string | null,
  version: number | null | undefined,
  expiry: number,
): RegisterState | null {
  if (version === undefined || version === null) {
    return { value, version: null, floor: state.floor, excluded: [], expiry };
  }
  return version > state.floor ? { value, version, floor: version, excluded: [], expiry } : null;
}

function erase(state: RegisterState, version: number | null | undefined): RegisterState | null {
  if (version === undefined || version === null) return vanish(state);
  return version > state.floor ? { ...ABSENT, floor: version } : null;
}

const WHOLE_NUMBER = /^-?\d{1,16}$/;

function increment(
  state: RegisterState,
  { by, expiry, onlyIfNew }: Operation & { kind: 'increment' },
  result: Result | undefined,
  tag: number,
): RegisterState | null {
  const value = state.value ?? '0';
  const sum = WHOLE_NUMBER.test(value) ? Number(value) + by : Number.NaN;
  if (!Number.isSafeInteger(sum)) return result?.applied === false ? see(state, result.version) : null;
  if (result?.applied === false) return null;
  if (result?.number !== undefined && result.number !== sum) return null;
  const stays = expiry === undefined || (onlyIfNew === true && state.value !== null);
  return write(state, String(sum), result?.version, stays ? state.expiry : tag);
}

function getAndExpire(
  state: RegisterState,
  { expiry }: Operation & { kind: 'getAndExpire' },
  result: Result | undefined,
  tag: number,
): RegisterState | null {
  if (result !== undefined && result.value !== state.value) return null;
  const changes = state.value != null && (expiry !== undefined || state.expiry !== NO_EXPIRY);
  if (!changes) return result === undefined ? null : see(state, result.version);
  // What the past left may have no time to take away: then it stays as it is.
  const isOpen = expiry === undefined && state.expiry === PAST_EXPIRY;
  if (isOpen && result?.version !== undefined)
    return see(state, result.version) ?? write(state, state.value!, result.version, tag);
  return write(state, state.value!, result?.version, isOpen ? PAST_EXPIRY : tag);
}

function append(state: RegisterState, suffix: string, result: Result): RegisterState | null {
  const value = (state.value ?? '') + suffix;
  if (result.length !== undefined && result.length !== value.length) return null;
  if (result.value !== undefined && result.value !== value) return null;
  return write(state, value, result.version, state.expiry);
}
