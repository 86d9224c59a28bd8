/**
 * Histories of a store that is linearizable by construction: every operation takes effect at one moment between its
 * call and its return. To be checked as they are, or spoiled first.
 *
 * Owns      the clients, the moments, and a plain sequential store.
 * Does not  share code with the checker's model.
 */

import type { ExpiryWindow, Operation, OperationRecord, Outcome, Result } from '../../src/operation.ts';
import type { Prng } from '../../src/prng.ts';

/** What the clients do. */
export interface Workload {
  readonly clients: number;
  readonly operations: number;
  /** Draws one operation; `lastVersion` is the last version this client saw, `serial` is new each time. */
  readonly draw: (prng: Prng, serial: number, lastVersion: number) => Operation;
  /** Share of operations whose outcome stays unknown, applied or not. */
  readonly unknown: number;
  /** Share of operations that are refused without effect. */
  readonly notApplied?: number;
  /** Share of answers that report a version. */
  readonly versions: number;
  readonly key?: string;
}

interface Call {
  readonly client: number;
  readonly invokedAt: number;
  operation: Operation;
  result: Result | null;
}

/** Runs a workload to its end and returns what the clients recorded. */
export function recordHonestly(prng: Prng, workload: Workload): OperationRecord[] {
  return new Run(prng, workload).records();
}

class Run {
  readonly #prng: Prng;
  readonly #workload: Workload;
  readonly #records: OperationRecord[] = [];
  readonly #calls: (Call | null)[];
  /** Given up on by their clients; may still take effect. */
  #abandoned: { call: Call; record: number }[] = [];
  readonly #lastVersions: number[];
  #now = 0;
  #invoked = 0;
  #value: string | null = null;
  #version = 0;
  #nextVersion = 1;
  #expiresAt = Number.POSITIVE_INFINITY;

  constructor(prng: Prng, workload: Workload) {
    this.#prng = prng;
    this.#workload = workload;
    this.#calls = new Array<Call | null>(workload.clients).fill(null);
    this.#lastVersions = new Array<number>(workload.clients).fill(0);
  }

  records(): OperationRecord[] {
    while (this.#invoked < this.#workload.operations || this.#calls.some((call) => call !== null)) {
      this.#now += 1 + this.#prng.below(3);
      if (this.#now >= this.#expiresAt) this.#remove();
      this.#advance(this.#prng.below(this.#calls.length));
      this.#haunt();
    }
    return this.#records;
  }

  #advance(client: number): void {
    const call = this.#calls[client] as Call | null;
    if (call === null) {
      if (this.#invoked < this.#workload.operations) this.#calls[client] = this.#invoke(client);
    } else if (call.result === null && this.#prng.chance(this.#workload.unknown)) {
      this.#abandoned.push({ call, record: this.#record(call, { kind: 'unknown' }) });
    } else if (call.result === null && this.#prng.chance(this.#workload.notApplied ?? 0)) {
      this.#record(call, { kind: 'not-applied' });
    } else if (call.result === null) {
      this.#perform(call);
    } else {
      const { version, ...result } = call.result;
      const reports = version !== undefined && this.#prng.chance(this.#workload.versions);
      if (typeof version === 'number') this.#lastVersions[client] = version;
      this.#record(call, { kind: 'ok', result: reports ? { ...result, version } : result });
    }
  }

  #invoke(client: number): Call {
    const operation = this.#workload.draw(this.#prng, this.#invoked++, this.#lastVersions[client] as number);
    return { client, invokedAt: this.#now, operation, result: null };
  }

  #record({ client, operation, invokedAt }: Call, outcome: Outcome): number {
    this.#calls[client] = null;
    const returnedAt = outcome.kind === 'unknown' ? Number.POSITIVE_INFINITY : this.#now;
    const key = this.#workload.key ?? 'k';
    return this.#records.push({ client, key, operation, invokedAt, returnedAt, outcome }) - 1;
  }

  /** Lets an abandoned call take effect, or be lost, long after its client gave up. */
  #haunt(): void {
    if (this.#abandoned.length === 0 || !this.#prng.chance(0.2)) return;
    const at = this.#prng.below(this.#abandoned.length);
    const [ghost] = this.#abandoned.splice(at, 1);
    if (ghost === undefined || this.#prng.chance(0.3)) return;
    this.#now++;
    this.#perform(ghost.call);
    this.#records[ghost.record] = {
      ...(this.#records[ghost.record] as OperationRecord),
      operation: ghost.call.operation,
    };
  }

  /** Draws give an expiry as a time to live in `notBefore`; here it becomes a window around the true moment. */
  #perform(call: Call): void {
    const { operation } = call;
    if ('expiry' in operation && operation.expiry !== undefined) {
      const moment = this.#now + operation.expiry.notBefore;
      const expiry = { notBefore: moment - this.#prng.below(3), notAfter: moment + this.#prng.below(3) };
      call.operation = { ...operation, expiry };
      call.result = this.#apply(call.operation, moment);
    } else call.result = this.#apply(operation, Number.POSITIVE_INFINITY);
  }

  #apply(operation: Operation, expiresAt: number): Result {
    const value = this.#value;
    switch (operation.kind) {
      case 'get':
        return { value, version: this.#seen() };
      case 'put':
      case 'delete':
        if (!this.#holds(operation)) return { applied: false, version: this.#seen() };
        return { applied: true, version: this.#write(operation.kind === 'put' ? operation.value : null, expiresAt) };
      case 'expire':
        if (value === null) return { applied: false, version: null };
        return { applied: true, version: this.#write(value, expiresAt) };
      case 'increment': {
        if (!/^-?\d+$/.test(value ?? '0')) return { applied: false, version: this.#seen() };
        const number = Number(value ?? '0') + operation.by;
        const sets = operation.expiry !== undefined && !(operation.onlyIfNew && value !== null);
        return { number, version: this.#write(String(number), sets ? expiresAt : this.#expiresAt) };
      }
      case 'append': {
        const text = (value ?? '') + operation.suffix;
        return { length: text.length, version: this.#write(text, this.#expiresAt) };
      }
      case 'getAndPut':
        return { value, version: this.#write(operation.value, expiresAt) };
      case 'getAndDelete':
        return value === null ? { value, version: null } : { value, version: this.#write(null, expiresAt) };
      case 'getAndExpire':
        if (value === null) return { value, version: null };
        if (expiresAt === Number.POSITIVE_INFINITY && this.#expiresAt === expiresAt)
          return { value, version: this.#version };
        return { value, version: this.#write(value, expiresAt) };
    }
  }

  #holds(operation: Extract<Operation, { kind: 'put' | 'delete' }>): boolean {
    const present = this.#value !== null;
    if (operation.ifVersion !== undefined && (!present || this.#version !== operation.ifVersion)) return false;
    if (operation.kind === 'delete') return present && (operation.ifValue ?? this.#value) === this.#value;
    return !(operation.ifAbsent && present) && !(operation.ifPresent && !present);
  }

  #seen(): number | null {
    return this.#value === null ? null : this.#version;
  }

  #write(value: string | null, expiresAt: number): number {
    this.#value = value;
    this.#expiresAt = value === null ? Number.POSITIVE_INFINITY : expiresAt;
    this.#version = this.#nextVersion;
    this.#nextVersion += 1 + this.#prng.below(3);
    return this.#version;
  }

  #remove(): void {
    this.#value = null;
    this.#expiresAt = Number.POSITIVE_INFINITY;
  }
}

/** A time to live as `draw` gives it. */
export function timeToLive(duration: number): ExpiryWindow {
  return { notBefore: duration, notAfter: Number.POSITIVE_INFINITY };
}
