/**
 * RecordTransaction: transactions as the checker knows them: each key's part of them by itself, at any moment of the call.
 *
 * Owns      which steps of a transaction become records: those that were answered and read or wrote something.
 * Limits    That all parts took effect at one moment is not judged: linearizability is a property of single keys. What is left out
 *           (versions, conditions, steps that changed nothing) allows more than happened, never less.
 */
import type {
  CallOptions,
  IncrementTerms,
  Key,
  Store,
  Transaction,
  TransactionResult,
  TransactionSpec,
  TransactionStep,
  TransactOptions,
} from '@quintet/engine';
import { NotRecordable } from '../errors.ts';
import type { Operation, Result } from '../operation.ts';
import { failureOf, invoke, type RecordedOperation, type Recorder, settle } from './record-call.ts';
import { type DescribedStep, describeStep } from './record-step.ts';

/** A part of a transaction; null: what it answered is not known. */
interface Part extends RecordedOperation {
  readonly result: Result | null;
}

/** The span of a transaction: what is found out at its end is recorded as of its whole length. */
class Span {
  readonly #recorder: Recorder;
  readonly #begunAt: number;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
    this.#begunAt = recorder.history.now();
  }

  /** It took effect. */
  done(parts: readonly Part[]): void {
    const at = this.#recorder.history.now();
    for (const part of parts) settle(invoke(this.#recorder, part, this.#begunAt), part.result ?? 'unknown', at);
  }

  /** It failed. With an unknown outcome any of its writes may be there, or come. */
  failed(error: unknown, parts: readonly Part[]): void {
    if (failureOf(error) !== 'unknown') return;
    const writes = parts.filter(({ operation }) => operation.kind !== 'get');
    for (const part of writes) invoke(this.#recorder, part, this.#begunAt).unknown();
  }
}

/** As store.transaction; a step that cannot be judged throws NotRecordable, and nothing is sent. */
export async function recordTransaction<
  const T extends readonly TransactionStep[] = readonly [],
  const E extends readonly TransactionStep[] = readonly [],
>(
  store: Store,
  recorder: Recorder,
  spec: TransactionSpec<T, E>,
  options?: CallOptions,
): Promise<TransactionResult<T, E>> {
  const branches = { then: (spec.then ?? []).map(describeStep), else: (spec.else ?? []).map(describeStep) };
  const recorded = new Span(recorder);
  try {
    const answer = await store.transaction(spec, options);
    const steps = answer.succeeded ? branches.then : branches.else;
    recorded.done(steps.flatMap((step, at) => partOf(step, (answer.results as readonly unknown[])[at])));
    return answer;
  } catch (error) {
    const steps = [...branches.then, ...branches.else].filter((step) => step !== null);
    recorded.failed(
      error,
      steps.map((step) => ({ ...step, operation: unconditional(step.operation), result: null })),
    );
    throw error;
  }
}

/** As store.transact; what cannot be judged ends it with NotRecordable, and nothing is written. */
export async function recordTransact<R>(
  store: Store,
  recorder: Recorder,
  body: (tx: Transaction) => R | PromiseLike<R>,
  options?: TransactOptions,
): Promise<R> {
  const recorded = new Span(recorder);
  let parts: Part[] = [];
  try {
    const result = await store.transact((tx) => {
      // Each attempt begins anew: what an earlier one read is of no matter.
      parts = [];
      return body(new RecordedTransaction(tx, parts));
    }, options);
    recorded.done(parts);
    return result;
  } catch (error) {
    recorded.failed(error, parts);
    throw error;
  }
}

class RecordedTransaction implements Transaction {
  readonly #tx: Transaction;
  readonly #parts: Part[];

  constructor(tx: Transaction, parts: Part[]) {
    this.#tx = tx;
    this.#parts = parts;
  }

  get: Transaction['get'] = (key) => this.#step({ get: key }, () => this.#tx.get(key)) as never;
  getEntry: Transaction['getEntry'] = (key) => this.#step({ getEntry: key }, () => this.#tx.getEntry(key)) as never;
  has: Transaction['has'] = (key) => this.#tx.has(key);
  increment: Transaction['increment'] = (key: Key, by: number | bigint = 1, terms?: IncrementTerms) =>
    this.#step<unknown>({ increment: key, by, ...terms }, () => this.#tx.increment(key, by, terms)) as never;
  getAndExpire: Transaction['getAndExpire'] = (key, terms) =>
    this.#step<unknown>({ getAndExpire: key, ...terms }, () => this.#tx.getAndExpire(key, terms)) as never;
  deleteIfValue: Transaction['deleteIfValue'] = (key, value) =>
    this.#step({ deleteIfValue: key, value }, () => this.#tx.deleteIfValue(key, value));
  append: Transaction['append'] = (key, suffix) =>
    this.#step({ append: key, suffix }, () => this.#tx.append(key, suffix));
  expire: Transaction['expire'] = (key, ttl, options) =>
    this.#step({ expire: key, ttl, ...options }, () => this.#tx.expire(key, ttl, options));

  getMany: Transaction['getMany'] = async (keys) => {
    const asked = [...keys];
    const values = await this.#tx.getMany(asked);
    for (const [at, key] of asked.entries()) this.#parts.push(...partOf(describeStep({ get: key }), values[at]));
    return values as never;
  };

  put: Transaction['put'] = (key, value, options) => {
    const step = describeStep({ put: key, value, ...options })!;
    this.#tx.put(key, value, options);
    this.#parts.push({ ...step, result: { applied: true } });
  };

  /** Whether there was something to delete nobody is told. */
  delete: Transaction['delete'] = (key) => {
    this.#tx.delete(key);
    this.#parts.push({ ...describeStep({ delete: key })!, result: null });
  };

  incrementFloat: Transaction['incrementFloat'] = () => Promise.reject(new NotRecordable('incrementFloat'));
  persist: Transaction['persist'] = () => Promise.reject(new NotRecordable('persist'));

  async #step<T>(step: TransactionStep, act: () => Promise<T>): Promise<T> {
    const described = describeStep(step);
    const answer = await act();
    this.#parts.push(...partOf(described, answer));
    return answer;
  }
}

/** The record of a step that was answered, if it read or changed something. */
function partOf(step: DescribedStep | null, answer: unknown): Part[] {
  if (step === null) return [];
  const { version: _, ...result } = step.result(answer);
  if (result.applied === false) return [];
  return [{ ...step, operation: unconditional(step.operation), result }];
}

/** Conditions held, or it would not have been done; they may have looked at what the same transaction wrote. */
function unconditional(operation: Operation): Operation {
  if (operation.kind === 'delete') return { kind: 'delete' };
  if (operation.kind !== 'put') return operation;
  const { ifAbsent: _absent, ifPresent: _present, ifVersion: _version, ...put } = operation;
  return put;
}
