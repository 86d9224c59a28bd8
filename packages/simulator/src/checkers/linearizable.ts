/**
 * What clients saw can be explained by one order of each key's operations that respects real time: the recorded history,
 * judged by the checker that is published (@quintet/testkit), versions and expiry included.
 *
 * Unknown outcomes (a caller gave up) are looked up in the log: not there = it never took effect; there = its record says
 * what it did, and it had done so when the master accepted it. Without that, each would stay open for ever, and the cost
 * of deciding doubles with every one.
 *
 * Left out: operations its register model does not know (keys of kinds m, b and p, whole-shard clears), runs with eviction (an
 * entry may vanish at any time), and shards that were lost: evaluation.ts, values.ts and program-order.ts judge those.
 */
import { ERRORS, PAGE_STRIDE, type Result, Status, textOf } from '@quintet/engine/internal';
import {
  type Operation as CheckedOperation,
  type Result as CheckedResult,
  checkLinearizable,
  History,
} from '@quintet/testkit';
import type { SimulatedCall } from '../call.ts';
import { mayEvict } from '../options.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

const NANOSECONDS = 1_000_000;
/** Less than a quantum of virtual time, more than positions are pushed apart within one moment. */
const SLACK = 100_000;
/** Steps decide, never the clock: a verdict must not depend on how busy the machine is. */
const LIMITS = { budgetSteps: 400_000, budgetMs: Number.POSITIVE_INFINITY, shrinkMs: 500 };

export function linearizable({ cluster, options, shards }: World): Checker {
  const lost = new Set<number>();
  const logged = new Map<SimulatedCall, Ending>();

  function history(): History {
    const recorder = new Recorder(logged);
    for (const call of cluster.calls) {
      const isIncluded = !lost.has(call.shard) && !(options.workload.clears && call.shard % 2 === 1);
      if (isIncluded) recorder.add(call);
    }
    return recorder.history();
  }

  return {
    name: 'linearizable',
    lost(shard) {
      lost.add(shard.shard);
    },
    accepted({ shard, answer: { request, result } }) {
      const call = shard.requests.get(request);
      if (call !== undefined) logged.set(call, { result, at: cluster.now, moment: cluster.nextMoment() });
    },
    finish() {
      if (mayEvict(options) || lost.size === shards.length) return;
      const report = checkLinearizable(history(), LIMITS);
      check(report.verdict !== 'violation', 'linearizable', () => report.violations[0]!.text);
      check(report.verdict === 'ok', 'linearizable', () => `undecided: ${report.undecided.join()}`);
    },
  };
}

/** When and with what result a call took effect at the latest; null = it never did. */
interface Ending {
  readonly result: Result | null;
  readonly at: number;
  readonly moment: number;
}

/** Calls as records, at positions that are virtual nanoseconds, pushed apart within one moment of the clock. */
class Recorder {
  private readonly moments: { at: number; moment: number; tell: (position: number) => void }[] = [];
  private readonly logged: ReadonlyMap<SimulatedCall, Ending>;
  private readonly recorded = new History({ clock: () => 0 });

  constructor(logged: ReadonlyMap<SimulatedCall, Ending>) {
    this.logged = logged;
  }

  add(call: SimulatedCall): void {
    if (call.operation.verb === 'scan') return this.addScan(call);
    const ending = this.endingOf(call);
    const operation = asChecked(call, ending.at);
    if (operation === null) return;
    const result = ending.result === null ? null : asCheckedResult(call, ending.result);
    this.addOne(call, call.operation.key, operation, { ...ending, result });
  }

  private endingOf(call: SimulatedCall): Ending {
    const { result, code, settledAt: at, settledMoment: moment } = call;
    if (code === null || ERRORS[code].outcome === 'not-applied') return { result, at, moment };
    return this.logged.get(call) ?? { result: null, at, moment };
  }

  /** Every entry of a page is a read of its key. */
  private addScan(call: SimulatedCall): void {
    const page = call.result?.page;
    if (!page || call.operation.verb !== 'scan' || call.operation.keysOnly) return;
    const { settledAt: at, settledMoment: moment } = call;
    for (let from = 0; from < page.entries.length; from += PAGE_STRIDE) {
      const [key, value, , version] = page.entries.slice(from, from + PAGE_STRIDE) as [string, string, number, number];
      if (!/^[bmp]/.test(key)) this.addOne(call, key, { kind: 'get' }, { result: { value, version }, at, moment });
    }
  }

  private addOne(
    call: SimulatedCall,
    key: string,
    operation: CheckedOperation,
    ending: { result: CheckedResult | null; at: number; moment: number },
  ): void {
    let pending: ReturnType<History['invoke']> | null = null;
    this.moments.push({
      at: call.submittedAt,
      moment: call.submittedMoment,
      tell: (at) => {
        pending = this.recorded.invoke(call.client, `${call.shard}/${key}`, operation, { at });
      },
    });
    this.moments.push({
      at: ending.at,
      moment: ending.moment,
      tell: (at) => (ending.result === null ? pending!.notApplied(at) : pending!.ok(ending.result, at)),
    });
  }

  history(): History {
    this.moments.sort((a, b) => a.moment - b.moment);
    let position = 0;
    for (const { at, tell } of this.moments) {
      position = Math.max(position + 1, at * NANOSECONDS);
      tell(position);
    }
    return this.recorded;
  }
}

/** When an entry given a time to live may vanish: deadlines are whole milliseconds, rounded up. */
function expiryOf(ttl: number, submittedAt: number, endedAt: number): { notBefore: number; notAfter: number } {
  return {
    notBefore: Math.ceil(submittedAt + ttl) * NANOSECONDS - SLACK,
    notAfter: Math.ceil(endedAt + ttl) * NANOSECONDS + SLACK,
  };
}

/** The operation in the checker's words; null if it has none for it. */
function asChecked({ operation, submittedAt }: SimulatedCall, endedAt: number): CheckedOperation | null {
  if (/^[bmp]/.test(operation.key)) return null;
  switch (operation.verb) {
    case 'get':
      return { kind: 'get' };
    case 'put': {
      const { ifVersion, previous } = operation;
      const value = textOf(operation.value);
      if (previous) return { kind: 'getAndPut', value };
      if (operation.ttl > 0) return { kind: 'put', value, expiry: expiryOf(operation.ttl, submittedAt, endedAt) };
      if (ifVersion === -1) return { kind: 'put', value };
      if (ifVersion === -2) return { kind: 'put', value, ifPresent: true };
      return ifVersion === 0 ? { kind: 'put', value, ifAbsent: true } : { kind: 'put', value, ifVersion };
    }
    case 'delete':
      if (operation.previous) return { kind: 'getAndDelete' };
      return operation.ifVersion > 0 ? { kind: 'delete', ifVersion: operation.ifVersion } : { kind: 'delete' };
    case 'delete-if-value':
      return { kind: 'delete', ifValue: operation.value };
    case 'get-and-expire':
      if (operation.ttl === 0) return { kind: 'getAndExpire' };
      return { kind: 'getAndExpire', expiry: expiryOf(operation.ttl, submittedAt, endedAt) };
    case 'increment': {
      const by = Number(operation.by);
      if (operation.ttl === undefined) return { kind: 'increment', by };
      const expiry = expiryOf(operation.ttl, submittedAt, endedAt);
      return { kind: 'increment', by, expiry, onlyIfNew: operation.ttlOnlyIfNew === true };
    }
    case 'append':
      return { kind: 'append', suffix: operation.value };
    case 'expire':
      return { kind: 'expire', expiry: expiryOf(operation.ttl, submittedAt, endedAt) };
    default:
      return null;
  }
}

/** What the caller heard in the checker's words; null = refused, without effect. */
function asCheckedResult({ operation }: SimulatedCall, { status, version, value }: Result): CheckedResult | null {
  if (status === Status.outOfMemory || status === Status.valueTooLarge) return null;
  const seen = version === 0 ? null : version;
  const applied = status === Status.ok;
  switch (operation.verb) {
    case 'get':
      return { value, version: seen };
    case 'put':
      if (operation.previous) return { value, version };
      return { applied, version: seen };
    case 'delete':
      if (operation.previous) return { value };
      return applied ? { applied } : { applied, version: seen };
    case 'delete-if-value':
      return applied ? { applied } : { applied, version: seen };
    case 'get-and-expire':
      // Of what it removed, by a deadline that had passed, there is no version; the workload asks for none such.
      return { value, version: seen };
    case 'increment':
      return applied ? { number: Number(value), version } : { applied, version: seen };
    case 'append':
      return { length: Number(value), version };
    default:
      return { applied, version: seen };
  }
}
