/**
 * What clients saw can be explained by one order of each key's operations that respects real time: the recorded history,
 * judged by the checker that is also published (../../linearizability.ts), versions and expiry included.
 *
 * Left out: operations its register model does not know (keys of kind m, whole-shard clears), runs with eviction (an
 * entry may vanish at any time), and shards that were lost: evaluation.ts, values.ts and program-order.ts judge those.
 */
import { ERRORS, PAGE_STRIDE, Status } from '@quintet/engine/core';
import { History } from '../../history.ts';
import { checkLinearizable } from '../../linearizability.ts';
import type { Operation as CheckedOperation, Result as CheckedResult } from '../../operation.ts';
import { isSettled, type SimulatedCall } from '../call.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

const NANOSECONDS = 1_000_000;
/** Less than a quantum of virtual time, more than positions are pushed apart within one moment. */
const EXPIRY_SLACK = 100_000;
const SEARCH_STEPS = 400_000;

export function linearizable({ cluster, options, shards }: World): Checker {
  const lost = new Set<number>();

  function history(): History {
    const recorder = new Recorder();
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
    finish() {
      if (options.node.eviction !== 'noeviction' || lost.size === shards.length) return;
      const report = checkLinearizable(history(), { budgetSteps: SEARCH_STEPS, shrinkMs: 500 });
      check(report.verdict !== 'violation', 'linearizable', () => report.violations[0]!.text);
      check(report.verdict === 'ok', 'linearizable', () => `undecided: ${report.undecided.join()}`);
    },
  };
}

/** Calls as records, at positions that are virtual nanoseconds, pushed apart within one moment of the clock. */
class Recorder {
  private readonly moments: { at: number; moment: number; tell: (position: number) => void }[] = [];
  private readonly recorded = new History({ clock: () => 0, expirySlack: EXPIRY_SLACK });

  add(call: SimulatedCall): void {
    if (call.operation.verb === 'scan') return this.addScan(call);
    const operation = asChecked(call);
    if (operation !== null) this.addOne(call, call.operation.key, operation, () => asCheckedResult(call));
  }

  /** Every entry of a page is a read of its key. */
  private addScan(call: SimulatedCall): void {
    const page = call.result?.page;
    if (!page || call.operation.verb !== 'scan' || call.operation.keysOnly) return;
    for (let at = 0; at < page.entries.length; at += PAGE_STRIDE) {
      const [key, value, , version] = page.entries.slice(at, at + PAGE_STRIDE) as [string, string, number, number];
      if (!key.startsWith('m')) this.addOne(call, key, { kind: 'get' }, () => ({ value, version }));
    }
  }

  private addOne(call: SimulatedCall, key: string, operation: CheckedOperation, result: () => CheckedResult | null): void {
    let pending: ReturnType<History['invoke']> | null = null;
    const timeToLive = timeToLiveOf(call);
    this.moments.push({
      at: call.submittedAt,
      moment: call.submittedMoment,
      tell: (at) => {
        const options = timeToLive === 0 ? { at } : { at, timeToLive: timeToLive * NANOSECONDS };
        pending = this.recorded.invoke(call.client, `${call.shard}/${key}`, operation, options);
      },
    });
    if (!isSettled(call)) return;
    this.moments.push({
      at: call.settledAt,
      moment: call.settledMoment,
      tell: (at) => {
        const answered = call.code === null ? result() : null;
        if (answered !== null) pending!.ok(answered, at);
        else if (call.code === null || ERRORS[call.code].outcome === 'not-applied') pending!.notApplied(at);
        else pending!.unknown();
      },
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

function timeToLiveOf({ operation }: SimulatedCall): number {
  return operation.verb === 'put' || operation.verb === 'expire' ? Math.max(0, operation.ttl) : 0;
}

/** The operation in the checker's words; null if it has none for it. */
function asChecked({ operation }: SimulatedCall): CheckedOperation | null {
  if (operation.key.startsWith('m')) return null;
  switch (operation.verb) {
    case 'get':
      return { kind: 'get' };
    case 'put': {
      const { value, ifVersion, previous } = operation;
      if (previous) return { kind: 'getAndPut', value };
      if (ifVersion === -1) return { kind: 'put', value };
      if (ifVersion === -2) return { kind: 'put', value, ifPresent: true };
      return ifVersion === 0 ? { kind: 'put', value, ifAbsent: true } : { kind: 'put', value, ifVersion };
    }
    case 'delete':
      if (operation.previous) return { kind: 'getAndDelete' };
      return operation.ifVersion > 0 ? { kind: 'delete', ifVersion: operation.ifVersion } : { kind: 'delete' };
    case 'increment':
      return { kind: 'increment', by: Number(operation.by) };
    case 'append':
      return { kind: 'append', suffix: operation.value };
    case 'expire':
      return { kind: 'expire', expiry: { notBefore: 0, notAfter: Number.POSITIVE_INFINITY } };
    default:
      return null;
  }
}

/** What the caller heard in the checker's words; null = refused, without effect. */
function asCheckedResult({ operation, result }: SimulatedCall): CheckedResult | null {
  const { status, version, value } = result!;
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
    case 'increment':
      return applied ? { number: Number(value), version } : { applied, version: seen };
    case 'append':
      return { length: Number(value), version };
    default:
      return { applied, version: seen };
  }
}
