/**
 * Verbs on a key, whatever its value is: to look at it, to remove it, its deadline.
 *
 * Owns      for each its row and its evaluation.
 * Invariant VB1 as in string/verbs.ts.
 */

import { BOOLEAN, KIND, MARK, NUMBER, numberUnless, oneOf, TEXT } from '../fields.ts';
import {
  ANY_VERSION,
  type DeleteIfValueOperation,
  type DeleteOperation,
  type ExpireOperation,
  type ExpireWhen,
  type GetAndExpireOperation,
  NO_TTL,
  type StatOperation,
} from '../operation.ts';
import {
  conditionHolds,
  deadlineAt,
  type EntryReader,
  type EvalContext,
  type Head,
  hasValue,
  isPast,
  liveEntry,
  liveHead,
  type Outcome,
  previousResult,
  refused,
} from '../reader.ts';
import { NO_EFFECT } from '../record.ts';
import { plainResult, type Result, Status, valueResult } from '../result.ts';
import { keyVerb, Needs, Use } from '../row.ts';

const stat = keyVerb<StatOperation>({
  verb: 'stat',
  code: 8,
  fields: { tells: oneOf(undefined, 'idle', 'value'), uses: MARK },
  reads: ({ tells }) => (tells === 'value' ? Needs.value : Needs.head),
  shows: () => true,
  uses: ({ uses }) => (uses === true ? Use.only : Use.none),
  read: readStat,
});

function readStat({ key, tells, uses }: StatOperation, store: EntryReader, time: number): Result {
  const head = liveHead(store, key, time);
  if (head === undefined) return plainResult(Status.absent, 0);
  const { version, kind, expiresAt, valueBytes } = head;
  const text =
    tells === 'idle' ? String(store.idleMs(key)) : tells === 'value' ? store.peek(key)!.value : String(valueBytes);
  if (uses === true) store.touch(key);
  return valueResult(Status.ok, version, text, kind, expiresAt);
}

// 'delete' is no name for a constant.
const remove = keyVerb<DeleteOperation>({
  verb: 'delete',
  code: 1,
  fields: { ifVersion: numberUnless(ANY_VERSION), previous: BOOLEAN },
  makes: ['remove'],
  reads: ({ previous }) => (previous ? Needs.value : Needs.head),
  shows: ({ previous }) => previous,
  evaluate: evaluateDelete,
});

function evaluateDelete(
  { key, ifVersion, previous }: DeleteOperation,
  store: EntryReader,
  { time }: EvalContext,
): Outcome {
  const entry = previous ? liveEntry(store, key, time) : undefined;
  const head = previous ? entry : liveHead(store, key, time);
  if (head === undefined) return refused(Status.absent, undefined);
  if (!conditionHolds(ifVersion, head)) return refused(Status.conditionFailed, head);
  return removed(key, previous ? previousResult(Status.ok, 0, entry) : plainResult(Status.ok, 0));
}

const deleteIfValue = keyVerb<DeleteIfValueOperation>({
  verb: 'delete-if-value',
  code: 16,
  fields: { value: TEXT, kind: KIND },
  makes: ['remove'],
  carries: ({ value }) => value.length,
  reads: () => Needs.value,
  evaluate: (operation, store, { time }) => {
    const { key } = operation;
    const head = liveHead(store, key, time);
    if (head === undefined) return refused(Status.absent, undefined);
    if (!hasValue(store, key, head, operation)) return refused(Status.conditionFailed, head);
    return removed(key, plainResult(Status.ok, 0));
  },
});

function removed(key: string, result: Result): Outcome {
  return { effect: { type: 'remove', key, cause: 'delete' }, result };
}

// ---- deadlines --------------------------------------------------------------------------------------------------

const WHEN = oneOf('always', 'none', 'some', 'later', 'sooner', 'some-later', 'some-sooner');

const expire = keyVerb<ExpireOperation>({
  verb: 'expire',
  code: 5,
  fields: { ttl: NUMBER, deadline: NUMBER, when: WHEN },
  makes: ['deadline', 'remove'],
  reads: () => Needs.head,
  evaluate: (operation, store, moment) => {
    const head = liveHead(store, operation.key, moment.time);
    return expired(operation.key, head, operation.when, deadlineAt(operation, moment), moment, plainResult);
  },
});

const getAndExpire = keyVerb<GetAndExpireOperation>({
  verb: 'get-and-expire',
  code: 17,
  fields: { ttl: numberUnless(NO_TTL), deadline: numberUnless(0) },
  makes: ['deadline', 'remove'],
  reads: () => Needs.value,
  shows: () => true,
  evaluate: (operation, store, moment) => {
    const entry = liveEntry(store, operation.key, moment.time);
    const shown = (status: Status, version: number) => previousResult(status, version, entry);
    return expired(operation.key, entry, 'always', deadlineAt(operation, moment), moment, shown);
  },
});

/** `head`, if there is one, gets a deadline, or (0) loses it. */
function expired(
  key: string,
  head: Head | undefined,
  when: ExpireWhen,
  expiresAt: number,
  moment: EvalContext,
  answer: (status: Status, version: number) => Result,
): Outcome {
  if (head === undefined) return refused(Status.absent, undefined);
  // The deadline stays as it is: a failed condition, or for a read that would only have removed one, nothing to do.
  if (!deadlineMayChange(when, head.expiresAt, expiresAt)) {
    return { effect: NO_EFFECT, result: answer(Status.conditionFailed, head.version) };
  }
  if (isPast(expiresAt, moment.time)) return removed(key, answer(Status.ok, 0));
  const result = answer(Status.ok, moment.seq);
  return { effect: { type: 'deadline', key, expiresAt }, result: { ...result, expiresAt } };
}

function deadlineMayChange(when: ExpireWhen, present: number, wanted: number): boolean {
  if (wanted === 0) return present !== 0;
  switch (when) {
    case 'always':
      return true;
    case 'none':
      return present === 0;
    case 'some':
      return present !== 0;
    case 'later':
      return present !== 0 && wanted > present;
    case 'sooner':
      return present === 0 || wanted < present;
    case 'some-later':
      return present !== 0 && wanted > present;
    case 'some-sooner':
      return present !== 0 && wanted < present;
  }
}

/** The rows, by verb. */
export const KEY_VERBS = {
  stat,
  delete: remove,
  'delete-if-value': deleteIfValue,
  expire,
  'get-and-expire': getAndExpire,
};
