/**
 * Verbs: what a caller can do to a key: how it is sent, and what the linearizability checker is told of it.
 *
 * Owns      both directions for each verb: call → Store, and logged call → OperationRecord.
 * Does not  choose (caller.ts) or judge (proof.ts).
 */
import { ERRORS, type ErrorCode, KvError, type Store } from '@quintet/engine';
import type { Operation, OperationRecord, Outcome, Result } from '@quintet/testkit';
import { type Ended, Ending, type LoggedCall, NOTHING, UNSAID } from './call-log.ts';
import { callOfValue, keyName, suffixText, valueText } from './keys.ts';

/** In the order of their numbers in the log. `argument` is a version, an amount or milliseconds; see SEND. */
export const VERBS = [
  'get',
  'put',
  'putIfVersion',
  'putIfAbsent',
  'putForAWhile',
  'delete',
  'increment',
  'append',
  'expire',
  'take',
  'swap',
] as const;
export type Verb = (typeof VERBS)[number];

/** One call as it is sent. */
export interface Sending {
  readonly store: Store;
  readonly key: string;
  /** The call's number: what it writes is made of it. */
  readonly call: number;
  readonly argument: number;
}

const SEND: { [V in Verb]: (sending: Sending) => Promise<Ended> } = {
  get: async ({ store, key }) => {
    const entry = await store.getEntry(key);
    return entry === undefined ? done(0, NOTHING) : done(entry.version, readValue(entry.value));
  },
  put: ({ store, key, call }) => store.put(key, valueText(call)).then(putEnded),
  putIfVersion: ({ store, key, call, argument }) =>
    store.put(key, valueText(call), { ifVersion: argument }).then(putEnded),
  putIfAbsent: ({ store, key, call }) => store.put(key, valueText(call), { ifAbsent: true }).then(putEnded),
  putForAWhile: ({ store, key, call, argument }) => store.put(key, valueText(call), { ttl: argument }).then(putEnded),
  delete: async ({ store, key }) => doneOrRefused(await store.delete(key), UNSAID),
  increment: async ({ store, key, argument }) => done(UNSAID, Number(await store.increment(key, argument))),
  append: async ({ store, key, call }) => done(UNSAID, await store.append(key, suffixText(call))),
  expire: async ({ store, key, argument }) => doneOrRefused(await store.expire(key, argument), UNSAID),
  take: async ({ store, key }) => done(UNSAID, readValue(await store.getAndDelete(key))),
  swap: async ({ store, key, call }) => done(UNSAID, readValue(await store.getAndPut(key, valueText(call)))),
};

/** Sends one call; never rejects. */
export function send(verb: Verb, sending: Sending): Promise<Ended> {
  return SEND[verb](sending).catch(endedByError);
}

const CODES = Object.keys(ERRORS) as ErrorCode[];

/** The code of the error a call ended with; what was no KvError is given as it was. */
export function errorOf({ value }: Ended): string {
  return typeof value === 'number' ? (CODES[value] ?? 'no code') : value;
}

export function isError({ ending }: Ended): boolean {
  return ending === Ending.failed || ending === Ending.doubtful;
}

/** The record of a logged call. `slackNs`: how far the store's clock may be off ours. */
export function recordOf(logged: LoggedCall, slackNs: number): OperationRecord {
  const outcome = outcomeOf(logged);
  return {
    client: logged.call % 16,
    key: keyName(logged.key),
    operation: operationOf(logged, slackNs),
    invokedAt: logged.invokedAt,
    returnedAt: outcome.kind === 'unknown' ? Number.POSITIVE_INFINITY : logged.returnedAt,
    outcome,
  };
}

function operationOf({ verb, call, argument, invokedAt, returnedAt }: LoggedCall, slackNs: number): Operation {
  const value = String(call);
  const expiry = {
    notBefore: invokedAt + argument * 1e6 - slackNs,
    notAfter: returnedAt + argument * 1e6 + slackNs,
  };
  switch (VERBS[verb]!) {
    case 'get':
      return { kind: 'get' };
    case 'put':
      return { kind: 'put', value };
    case 'putIfVersion':
      return argument === 0 ? { kind: 'put', value, ifAbsent: true } : { kind: 'put', value, ifVersion: argument };
    case 'putIfAbsent':
      return { kind: 'put', value, ifAbsent: true };
    case 'putForAWhile':
      return { kind: 'put', value, expiry };
    case 'delete':
      return { kind: 'delete' };
    case 'increment':
      return { kind: 'increment', by: argument };
    case 'append':
      return { kind: 'append', suffix: suffixText(call) };
    case 'expire':
      return { kind: 'expire', expiry };
    case 'take':
      return { kind: 'getAndDelete' };
    case 'swap':
      return { kind: 'getAndPut', value };
  }
}

function outcomeOf(logged: LoggedCall): Outcome {
  if (logged.ending === Ending.open || logged.ending === Ending.doubtful) return { kind: 'unknown' };
  if (logged.ending === Ending.failed) return { kind: 'not-applied' };
  return { kind: 'ok', result: resultOf(logged) };
}

function resultOf(logged: LoggedCall): Result {
  const version = logged.version === UNSAID ? {} : { version: logged.version === 0 ? null : logged.version };
  const { value } = logged;
  switch (VERBS[logged.verb]!) {
    case 'get':
    case 'take':
    case 'swap':
      return { value: value === NOTHING ? null : String(value), ...version };
    case 'increment':
      return { number: Number(value) };
    case 'append':
      return { length: Number(value) };
    default:
      return { applied: logged.ending === Ending.done, ...version };
  }
}

function done(version: number, value: number | string): Ended {
  return { ending: Ending.done, version, value };
}

function doneOrRefused(applied: boolean, version: number): Ended {
  return { ending: applied ? Ending.done : Ending.refused, version, value: UNSAID };
}

function putEnded({ applied, version }: { applied: boolean; version: number }): Ended {
  return doneOrRefused(applied, version);
}

/** Unique values become the number of the call that wrote them, counters a number; all else stays what it is. */
function readValue(value: unknown): number | string {
  if (value === undefined) return NOTHING;
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return `not what was put: ${String(value)}`;
  const call = callOfValue(value);
  return call < 0 ? value : call;
}

function endedByError(error: unknown): Ended {
  if (!(error instanceof KvError)) return { ending: Ending.doubtful, version: UNSAID, value: String(error) };
  const ending = error.outcome === 'unknown' ? Ending.doubtful : Ending.failed;
  return { ending, version: UNSAID, value: CODES.indexOf(error.code) };
}
