/**
 * RecordStore: a Store that writes every call into a history.
 *
 * | calls                                                          | are                                                |
 * |----------------------------------------------------------------|----------------------------------------------------|
 * | get, getEntry, put, delete, deleteIfValue, getAndPut, getAndDelete, getAndExpire, increment, append, expire | recorded |
 * | getMany, putMany, deleteMany                                   | recorded, each key by itself                       |
 * | transaction, transact                                          | recorded, each key by itself (record-transaction.ts) |
 * | has, ttl, count, entries, keys, watch                          | passed on; what they answer is not judged          |
 * | rename, copy, clear, incrementFloat, persist, update (transact is recorded), and the options keepTtl, `when`, conditions of getAndPut | refused with NotRecordable, before anything is sent |
 *
 * Values are compared as text: deleteIfValue tells a number from text, which the checker cannot. Keys are taken to be
 * absent when a history begins. Counters are judged up to 2^53.
 */
import type {
  CallOptions,
  DeleteOptions,
  IncrementOptions,
  Key,
  PutOptions,
  Store,
  TransactionSpec,
  TransactionStep,
} from '@quintet/engine';
import { NotRecordable } from '../errors.ts';
import type { History } from '../history.ts';
import type { Result } from '../operation.ts';
import { failureOf, invoke, type Recorder, recordCall, settle } from './record-call.ts';
import { type DescribedStep, describeGetAndDelete, describeGetAndPut, describeStep } from './record-step.ts';
import { recordTransact, recordTransaction } from './record-transaction.ts';

/** Wraps a store (a Cluster, or one made by `attach`) for one client; `client` is any number and only shown in reports. */
export function recordStore(store: Store, history: History, client: number): Store {
  return new RecordedStore(store, { history, client });
}

class RecordedStore implements Store {
  readonly has: Store['has'];
  readonly ttl: Store['ttl'];
  readonly count: Store['count'];
  readonly entries: Store['entries'];
  readonly keys: Store['keys'];
  readonly watch: Store['watch'];
  readonly #store: Store;
  readonly #recorder: Recorder;

  constructor(store: Store, recorder: Recorder) {
    this.#store = store;
    this.#recorder = recorder;
    this.has = store.has.bind(store);
    this.ttl = store.ttl.bind(store);
    this.count = store.count.bind(store);
    this.entries = store.entries.bind(store) as Store['entries'];
    this.keys = store.keys.bind(store) as Store['keys'];
    this.watch = store.watch.bind(store) as Store['watch'];
  }

  get: Store['get'] = (key, options) => this.#step({ get: key }, () => this.#store.get(key, options)) as never;

  getEntry: Store['getEntry'] = (key, options) =>
    this.#step({ getEntry: key }, () => this.#store.getEntry(key, options)) as never;

  put: Store['put'] = (key, value, options) =>
    this.#step({ put: key, value, ...options }, () => this.#store.put(key, value, options)) as never;

  delete(key: Key, options?: DeleteOptions): Promise<boolean> {
    return this.#step({ delete: key, ...options }, () => this.#store.delete(key, options));
  }

  getAndPut: Store['getAndPut'] = (key, value, options?: PutOptions) =>
    this.#call(
      () => describeGetAndPut(key, value, options ?? {}),
      () => this.#store.getAndPut(key, value, options),
    ) as never;

  getAndDelete: Store['getAndDelete'] = (key, options) =>
    this.#call(
      () => describeGetAndDelete(key),
      () => this.#store.getAndDelete(key, options),
    ) as never;

  increment: Store['increment'] = (key: Key, by: number | bigint = 1, options?: IncrementOptions) =>
    this.#step<unknown>({ increment: key, by, ...options }, () => this.#store.increment(key, by, options)) as never;

  append: Store['append'] = (key, suffix, options) =>
    this.#step({ append: key, suffix }, () => this.#store.append(key, suffix, options));

  expire: Store['expire'] = (key, ttl, options) =>
    this.#step({ expire: key, ttl, ...options }, () => this.#store.expire(key, ttl, options));

  getAndExpire: Store['getAndExpire'] = (key, options) =>
    this.#step({ getAndExpire: key, ...options }, () => this.#store.getAndExpire(key, options)) as never;

  deleteIfValue: Store['deleteIfValue'] = (key, value, options) =>
    this.#step({ deleteIfValue: key, value }, () => this.#store.deleteIfValue(key, value, options));

  // ---- many keys ------------------------------------------------------------------------------------------------

  getMany: Store['getMany'] = (keys, options) => {
    const asked = [...keys];
    const steps = asked.map((key): TransactionStep => ({ get: key }));
    const act = (): Promise<unknown[]> => this.#store.getMany(asked, options);
    return this.#many(steps, act, (values, at, step) => step.result(values[at])) as never;
  };

  putMany: Store['putMany'] = (entries, options = {}) => {
    const given = [...entries];
    const { ttl, expiresAt } = options;
    const expiry = { ...(ttl === undefined ? {} : { ttl }), ...(expiresAt === undefined ? {} : { expiresAt }) };
    const steps = given.map(([key, value]): TransactionStep => ({ put: key, value, ...expiry }));
    // Without `atomic` some may be stored though the call failed.
    const act = (): Promise<void> => this.#store.putMany(given, options);
    return this.#many(steps, act, () => ({ applied: true }), options.atomic === true);
  };

  deleteMany: Store['deleteMany'] = (keys, options = {}) => {
    const given = [...keys];
    const steps = given.map((key): TransactionStep => ({ delete: key }));
    const act = (): Promise<number> => this.#store.deleteMany(given, options);
    // Told is how many there were: which, only if it is all or none.
    const result = (count: number): Result | null =>
      count === given.length ? { applied: true } : count === 0 ? { applied: false } : null;
    return this.#many(steps, act, result, options.atomic === true);
  };

  transaction: Store['transaction'] = (spec: TransactionSpec, options?: CallOptions) =>
    recordTransaction(this.#store, this.#recorder, spec, options) as never;

  transact: Store['transact'] = (body, options) => recordTransact(this.#store, this.#recorder, body, options);

  // ---- what the checker has no idea of --------------------------------------------------------------------------

  rename: Store['rename'] = () => refused('rename');
  copy: Store['copy'] = () => refused('copy');
  clear: Store['clear'] = () => refused('clear');
  incrementFloat: Store['incrementFloat'] = () => refused('incrementFloat');
  persist: Store['persist'] = () => refused('persist');
  update: Store['update'] = () => refused('update');

  // ---- recording ------------------------------------------------------------------------------------------------

  #step<T>(step: TransactionStep, act: () => Promise<T>): Promise<T> {
    return this.#call(() => describeStep(step)!, act);
  }

  async #call<T>(describe: () => DescribedStep, act: () => Promise<T>): Promise<T> {
    return recordCall<T>(this.#recorder, describe(), act);
  }

  /** A call on many keys: a record each. `result`: null if the answer does not say. */
  async #many<T>(
    steps: readonly TransactionStep[],
    act: () => Promise<T>,
    result: (answer: T, at: number, step: DescribedStep) => Result | null,
    allOrNone = true,
  ): Promise<T> {
    const described = steps.map((step) => describeStep(step)!);
    const pending = described.map((step) => invoke(this.#recorder, step));
    let answer: T;
    try {
      answer = await act();
    } catch (error) {
      const isKnown = allOrNone && failureOf(error) === 'not-applied';
      for (const call of pending) settle(call, isKnown ? 'not-applied' : 'unknown');
      throw error;
    }
    for (const [at, call] of pending.entries()) {
      settle(call, result(answer, at, described[at]!) ?? 'unknown');
    }
    return answer;
  }
}

function refused(what: string): Promise<never> {
  return Promise.reject(new NotRecordable(what));
}
