/**
 * KeyCall: what a row of the table of calls on one key says (key-calls.ts), and how a method comes of it.
 *
 * Owns      the way from a method's arguments to the step that says the same.
 */
import type { KeyWriteOperation } from '../../core/data/operation.ts';
import type { Result } from '../../core/data/result.ts';
import type { ExecutorLimits } from '../../executor/executor.ts';
import { CALL_OPTION_NAMES } from '../store/call-options.ts';
import type { CallOptions, Key } from '../store/entries.ts';

/** A call that is described by its step `S`: the key under the call's name, and all else under names of its own. */
export interface KeyCall<S> {
  /** The method's arguments between key and options, by their names in the step. */
  readonly arguments: readonly (keyof S & string)[];
  /** Its options besides those of every call, likewise. */
  readonly options: readonly (keyof S & string)[];
  /** @throws {KvError} INVALID_*, KEY_TOO_LARGE, VALUE_TOO_LARGE */
  operation(step: S, limits: ExecutorLimits): KeyWriteOperation;
  reader(step: S): (result: Result) => unknown;
}

/** A row for each call of `Calls`, whose steps are among `Steps`. */
export type KeyCallTable<Calls, Steps> = {
  readonly [N in keyof Calls]: KeyCall<Extract<Steps, { readonly [Name in N]: Key }>>;
};

/** A row, and what follows from it. */
export interface NamedKeyCall extends KeyCall<Step> {
  readonly name: string;
  /** Names of its options, and those of every call. */
  readonly optionNames: ReadonlySet<string>;
  readonly ownOptionNames: ReadonlySet<string>;
}

/** A step, whatever it is of. */
export type Step = { [property: string]: unknown };

/** Does a call of one object: as the step says that means the same, with the options it was given. */
export type Perform = (call: NamedKeyCall, step: Step, options: CallOptions | undefined) => Promise<unknown>;

/** A class with a method for every call of a table. */
export function withKeyCalls<Calls>(table: object): abstract new (perform: Perform) => Calls {
  class KeyCallMethods {
    readonly #perform: Perform;

    constructor(perform: Perform) {
      this.#perform = perform;
    }

    static {
      for (const [name, row] of Object.entries(table) as [string, KeyCall<Step>][]) {
        const call = named(name, row);
        const value = {
          [name](this: KeyCallMethods, key: Key, ...rest: unknown[]) {
            const options = rest[row.arguments.length] as (CallOptions & Step) | undefined;
            return this.#perform(call, stepOf(call, key, rest, options), options);
          },
        }[name];
        Object.defineProperty(KeyCallMethods.prototype, name, { value, writable: true, configurable: true });
      }
    }
  }
  return KeyCallMethods as unknown as abstract new (
    perform: Perform,
  ) => Calls;
}

function named(name: string, row: KeyCall<Step>): NamedKeyCall {
  const optionNames = new Set([...CALL_OPTION_NAMES, ...row.options]);
  return { ...row, name, optionNames, ownOptionNames: new Set(row.options) };
}

function stepOf(call: NamedKeyCall, key: Key, rest: readonly unknown[], options: Step | undefined): Step {
  const step: Step = { [call.name]: key };
  for (let at = 0; at < call.arguments.length; at++) step[call.arguments[at]!] = rest[at];
  if (options !== undefined && options !== null) for (const name of call.options) step[name] = options[name];
  return step;
}
