import {
  ANY_VERSION,
  type Condition,
  type Entry,
  KEEP_TTL,
  type KeyWriteOperation,
  type PutOperation,
} from '../../core/data/operation.ts';
import type { EvalContext } from '../../core/data/reader.ts';
import { readerOf } from '../../core/data/reader.ts';
import { type Result, Status } from '../../core/data/result.ts';
import { Overlay, transactionOf, unchanged } from '../../core/data/transaction.ts';
import { KvError } from '../../core/protocol/errors.ts';
import type { Executor } from '../../executor/executor.ts';
import { send } from '../typed/call.ts';
import type { CallDeadline } from '../typed/call-deadline.ts';
import { readHeld, withinLimits } from './transaction-plan.ts';

export class OptimisticAttempt {
  readonly executor: Executor;
  readonly #limits: CallDeadline;
  readonly #reading = new Map<string, Promise<void>>();
  readonly #entries = new Map<string, Entry | undefined>();
  readonly #writes = new Map<string, KeyWriteOperation[]>();
  readonly #underWay = new Set<Promise<unknown>>();
  #ended = false;

  constructor(executor: Executor, limits: CallDeadline) {
    this.executor = executor;
    this.#limits = limits;
  }

  /** The entry of a key as this attempt sees it. Version 0 if it wrote it itself. */
  read(key: string): Promise<Entry | undefined> {
    return this.#track(async () => (await this.#see(key)).peek(key));
  }

  /** Does a write here, and notes it for the commit; the answer is what the commit will come to. Reads the key. */
  apply(operation: KeyWriteOperation): Promise<Result> {
    return this.#track(async () => {
      const { result } = (await this.#see(operation.key)).evaluate(operation, this.#moment);
      if (result.status === Status.ok) this.#note(operation);
      return result;
    });
  }

  /** Notes a write whose answer nobody needs: the key is not read. */
  write(operation: KeyWriteOperation): void {
    this.#checkRunning();
    this.#note(operation);
  }

  /** Resolves when nothing that was asked is in flight, awaited by the asker or not. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Nothing may be asked of it after. */
  end(): void {
    this.#ended = true;
  }

  /** Writes everything if all that was read is unchanged; false if it is not, and nothing was written. */
  commit(): Promise<boolean> {
    const steps = [...this.#writes.values()].flat();
    // One read by itself is of one moment already.
    if (steps.length === 0 && this.#entries.size <= 1) return Promise.resolve(true);
    return this.#hold(steps);
  }

  /** Whether all that was read is, or was, true at one moment. */
  readsHold(): Promise<boolean> {
    return this.#entries.size <= 1 ? Promise.resolve(true) : this.#hold([]);
  }

  async #hold(steps: readonly KeyWriteOperation[]): Promise<boolean> {
    const conditions = [...this.#entries].map(([key, entry]) => unchanged(key, entry?.version ?? 0));
    const operation = asOnePut(conditions, steps) ?? withinLimits(transactionOf(steps, conditions));
    return send(this.executor, operation, readHeld, this.#limits.left());
  }

  #track<T>(ask: () => Promise<T>): Promise<T> {
    this.#checkRunning();
    const promise = ask().finally(() => this.#underWay.delete(promise));
    this.#underWay.add(promise);
    return promise;
  }

  #checkRunning(): void {
    if (this.#ended) {
      throw new KvError('INVALID_OPTION', 'the transaction is over: its tx serves only the function it was given to');
    }
  }

  /** The key's entry as it was read, and over it what was written. */
  async #see(key: string): Promise<Overlay> {
    if (!overwrites(this.#writes.get(key)?.[0])) await this.#fetch(key);
    const overlay = new Overlay(readerOf(() => this.#entries.get(key)));
    for (const operation of this.#writes.get(key) ?? []) overlay.evaluate(operation, this.#moment);
    return overlay;
  }

  get #moment(): EvalContext {
    return { time: this.executor.now(), seq: 0, maxValueBytes: this.executor.limits.maxValueBytes };
  }

  #fetch(key: string): Promise<void> {
    let reading = this.#reading.get(key);
    if (reading === undefined) {
      const take = (entry: Entry | undefined) => void this.#entries.set(key, entry);
      reading = send(this.executor, { verb: 'get', key }, entryOf, this.#limits.left()).then(take);
      this.#reading.set(key, reading);
    }
    return reading;
  }

  /** What is written over need not be sent. */
  #note(operation: KeyWriteOperation): void {
    const earlier = this.#writes.get(operation.key);
    if (earlier === undefined || overwrites(operation)) this.#writes.set(operation.key, [operation]);
    else earlier.push(operation);
  }
}

/** Whether a write leaves the same whatever was there before. */
function overwrites(operation: KeyWriteOperation | undefined): boolean {
  if (operation === undefined) return false;
  if (operation.verb === 'delete') return operation.ifVersion === ANY_VERSION;
  return operation.verb === 'put' && operation.ifVersion === ANY_VERSION && operation.ttl !== KEEP_TTL;
}

/** A key that was put, and is all that was read, needs no transaction: a conditional put costs a third. Null if there is more. */
function asOnePut(conditions: readonly Condition[], steps: readonly KeyWriteOperation[]): PutOperation | null {
  const [step] = steps;
  const [condition] = conditions;
  if (steps.length !== 1 || step?.verb !== 'put' || step.ifVersion !== ANY_VERSION || conditions.length > 1)
    return null;
  if (condition === undefined) return step;
  return condition.key === step.key ? { ...step, ifVersion: condition.ifVersion } : null;
}

function entryOf({ status, value, kind, version, expiresAt }: Result): Entry | undefined {
  return status === Status.ok ? { value: value!, kind, version, expiresAt } : undefined;
}
