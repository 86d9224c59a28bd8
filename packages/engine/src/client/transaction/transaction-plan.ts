/**
 * TransactionPlan: a transaction as its user writes it to a TransactionOperation, and its Result back to what each step answers.
 *
 * Owns      the table of steps: which properties each takes, what it becomes, how its answer is read; the limits.
 * Does not  send (call.ts) or evaluate (core/data/transaction.ts).
 * Errors    as the same arguments have in Store's methods, with the place in the text: `then[2]`.
 */
import { keysOf } from '../../core/data/group/keys.ts';
import {
  type Condition,
  MUST_BE_ABSENT,
  MUST_EXIST,
  type Step,
  type TransactionOperation,
} from '../../core/data/operation.ts';
import { type Result, Status } from '../../core/data/result.ts';
import { transactionOf } from '../../core/data/transaction.ts';
import { rowOf } from '../../core/data/verbs.ts';
import { KvError } from '../../core/protocol/errors.ts';
import type { ExecutorLimits } from '../../executor/executor.ts';
import { encodeKey, nameOf } from '../codec/keys.ts';
import { encodeValue, kindOf } from '../codec/values.ts';
import { checkFlag, checkNames, invalidOption, versionCondition } from '../store/call-options.ts';
import { didYouMean } from '../store/did-you-mean.ts';
import type { Key } from '../store/store.ts';
import type {
  TransactionCondition,
  TransactionResult,
  TransactionSpec,
  TransactionStep,
} from '../store/store-transactions.ts';
import { readDone, readEntry, readPut, readPutWithPrevious, readResult, readValue } from '../typed/answers.ts';
import type { KeyCall } from '../typed/key-call.ts';
import KEY_CALLS from '../typed/key-calls.ts';
import { deleteOperation, getOperation, putOperation, putTerms, statOperation } from '../typed/operations.ts';

/** What one transaction may name, do and carry. */
export const TRANSACTION_KEYS_MAX = 1024;
/** Conditions and steps. */
export const TRANSACTION_PARTS_MAX = 16_384;
export const TRANSACTION_SENT_BYTES_MAX = 8 * 1024 * 1024;

type Read = (result: Result) => unknown;

/** A transaction ready to be sent. */
export interface TransactionPlan {
  readonly operation: TransactionOperation;
  /** How the answer of each step is read. */
  readonly readThen: readonly Read[];
  readonly readElse: readonly Read[];
}

type StepName = 'put' | 'delete' | 'get' | 'getEntry' | 'has';
type StepOf<N extends StepName> = Extract<TransactionStep, { readonly [Name in N]: Key }>;

interface StepKind<S> {
  /** Properties besides the one that names step and key. */
  readonly names: readonly (keyof S & string)[];
  operation(step: S, limits: ExecutorLimits): Step;
  reader(step: S): Read;
}

const STEPS: { readonly [N in StepName]: StepKind<StepOf<N>> } = {
  put: {
    names: ['value', 'ttl', 'expiresAt', 'keepTtl', 'ifAbsent', 'ifPresent', 'ifVersion', 'returnPrevious'],
    operation: (step, limits) => putOperation(step.put, step.value, putTerms(step), limits),
    reader: ({ returnPrevious }) => (returnPrevious ? readPutWithPrevious : readPut),
  },
  delete: {
    names: ['ifVersion'],
    operation: (step, limits) => deleteOperation(step.delete, step.ifVersion, false, limits),
    reader: () => readDone,
  },
  get: { names: [], operation: (step, limits) => getOperation(step.get, limits), reader: () => readValue },
  getEntry: { names: [], operation: (step, limits) => getOperation(step.getEntry, limits), reader: () => readEntry },
  has: { names: [], operation: (step, limits) => statOperation(step.has, limits), reader: () => readDone },
};

/** A kind of step, found by the property that names it. */
interface NamedStepKind extends StepKind<TransactionStep> {
  readonly name: string;
  readonly properties: ReadonlySet<string>;
}

const STEPS_BY_NAME: ReadonlyMap<string, NamedStepKind> = new Map(
  [
    ...(Object.entries(STEPS) as unknown as [string, StepKind<TransactionStep>][]),
    ...(Object.entries(KEY_CALLS) as unknown as [string, KeyCall<TransactionStep>][]).map(stepKindOf),
  ].map(([name, kind]) => [name, { ...kind, name, properties: new Set<string>([name, ...kind.names]) }]),
);

function stepKindOf([name, call]: [string, KeyCall<TransactionStep>]): [string, StepKind<TransactionStep>] {
  return [name, { ...call, names: [...call.arguments, ...call.options] }];
}

const SPEC_NAMES: ReadonlySet<string> = new Set<keyof TransactionSpec>(['if', 'then', 'else']);
const CONDITION_NAMES: ReadonlySet<string> = new Set<keyof TransactionCondition>([
  'key',
  'exists',
  'version',
  'equals',
]);

/** @throws {KvError} INVALID_*, KEY_TOO_LARGE, VALUE_TOO_LARGE, TRANSACTION_TOO_LARGE */
export function planTransaction(spec: TransactionSpec, limits: ExecutorLimits): TransactionPlan {
  checkNames(spec, SPEC_NAMES, 'option');
  const conditions: Condition[] = [];
  planAll(spec.if, 'if', (condition: TransactionCondition) => conditions.push(planCondition(condition, limits)));
  const then = planSteps(spec.then, 'then', limits);
  const otherwise = planSteps(spec.else, 'else', limits);
  return {
    operation: withinLimits(transactionOf(then.steps, conditions, otherwise.steps)),
    readThen: then.reads,
    readElse: otherwise.reads,
  };
}

interface PlannedSteps {
  readonly steps: Step[];
  readonly reads: Read[];
}

function planSteps(steps: readonly TransactionStep[] | undefined, name: string, limits: ExecutorLimits): PlannedSteps {
  const planned: PlannedSteps = { steps: [], reads: [] };
  planAll(steps, name, (step: TransactionStep) => planStep(step, planned, limits));
  return planned;
}

/** The answer to a planned transaction. @throws {KvError} of the step that failed */
export function readTransaction({ readThen, readElse }: TransactionPlan, result: Result): TransactionResult {
  const succeeded = readHeld(result);
  const read = succeeded ? readThen : readElse;
  return { succeeded, results: result.items!.map((item, at) => read[at]!(item)) } as TransactionResult;
}

/** Whether the conditions held. @throws {KvError} of the step that failed */
export function readHeld(result: Result): boolean {
  return readResult(result).status === Status.ok;
}

/** Whether there is nothing to send: such a transaction has succeeded. */
export function isEmpty({ conditions, then, otherwise }: TransactionOperation): boolean {
  return conditions.length + then.length + otherwise.length === 0;
}

/** The same transaction. @throws {KvError} TRANSACTION_TOO_LARGE */
export function withinLimits(operation: TransactionOperation): TransactionOperation {
  const { conditions, then, otherwise } = operation;
  const parts = conditions.length + then.length + otherwise.length;
  if (parts > TRANSACTION_PARTS_MAX) {
    throw new KvError('TRANSACTION_TOO_LARGE', `${parts} conditions and steps, the limit is ${TRANSACTION_PARTS_MAX}`);
  }
  const keys = parts > TRANSACTION_KEYS_MAX ? keysOf(operation).length : parts;
  if (keys > TRANSACTION_KEYS_MAX) {
    throw new KvError('TRANSACTION_TOO_LARGE', `${keys} keys, the limit is ${TRANSACTION_KEYS_MAX}`);
  }
  const bytes = rowOf(operation).bytes(operation);
  if (bytes > TRANSACTION_SENT_BYTES_MAX) {
    throw new KvError('TRANSACTION_TOO_LARGE', `${bytes} bytes, the limit is ${TRANSACTION_SENT_BYTES_MAX}`);
  }
  return operation;
}

function planAll<I>(items: readonly I[] | undefined, name: string, plan: (item: I) => void): void {
  if (items === undefined) return;
  if (!Array.isArray(items)) throw invalidOption(name, 'an array', items);
  let at = 0;
  try {
    for (; at < items.length; at++) plan(items[at]);
  } catch (error) {
    if (error instanceof KvError) error.message += ` (${name}[${at}])`;
    throw error;
  }
}

function planCondition(condition: TransactionCondition, { maxKeyBytes, maxValueBytes }: ExecutorLimits): Condition {
  checkNames(condition, CONDITION_NAMES, 'option');
  const { exists, version, equals } = condition;
  checkFlag('exists', exists);
  const key = encodeKey(condition.key, maxKeyBytes);
  if (exists !== undefined && version !== undefined) {
    throw new KvError('INVALID_OPTION', 'exists and version exclude each other; version 0 means absent');
  }
  if (equals === undefined) {
    if (exists === undefined && version === undefined) {
      throw new KvError('INVALID_OPTION', 'a condition needs exists, version or equals');
    }
  } else if (exists === false || version === 0) {
    throw new KvError('INVALID_OPTION', 'what is absent equals nothing');
  }
  const ifVersion = exists === undefined ? versionCondition(version) : exists ? MUST_EXIST : MUST_BE_ABSENT;
  if (equals === undefined) return { key, ifVersion, equals: null };
  const kind = kindOf(equals);
  return { key, ifVersion, equals: { value: encodeValue(equals, kind, maxValueBytes), kind } };
}

function planStep(step: TransactionStep, { steps, reads }: PlannedSteps, limits: ExecutorLimits): void {
  if (typeof step !== 'object' || step === null) throw invalidOption('a step', 'an object', step);
  const kind = kindOfStep(step);
  for (const property in step) if (!kind.properties.has(property)) checkNames(step, kind.properties, 'option');
  steps.push(kind.operation(step, limits));
  reads.push(kind.reader(step));
}

function kindOfStep(step: TransactionStep): NamedStepKind {
  let kind: NamedStepKind | undefined;
  for (const property in step) {
    const named = STEPS_BY_NAME.get(property);
    // An option of one step may be called as another step is.
    if (named === undefined || kind?.properties.has(named.name)) continue;
    if (kind !== undefined && !named.properties.has(kind.name)) throw notOneStep(`${kind.name} and ${named.name}`);
    kind = named;
  }
  if (kind === undefined) throw notOneStep(describeStep(step));
  return kind;
}

/** The first property is the one that should have named the step. */
function describeStep(step: TransactionStep): string {
  const [name] = Object.keys(step);
  if (name === undefined) return nameOf(step);
  const hint = didYouMean(name, STEPS_BY_NAME.keys());
  return hint.startsWith(',') ? `${name}${hint}` : name;
}

function notOneStep(given: string): KvError {
  return new KvError('INVALID_OPTION', `a step has one of ${[...STEPS_BY_NAME.keys()].join(', ')}, got ${given}`);
}
