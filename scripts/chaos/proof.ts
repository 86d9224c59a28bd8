/**
 * Proof: what the logs of all callers and what is left at the end say about the promises.
 *
 * Owns      which calls count for which check; the linearizability check in batches of keys, so that only a part of the
 *           history is ever there as objects.
 * Does not  know how to check (evidence.ts, testkit).
 */
import { checkLinearizableInParallel, type OperationRecord } from '@quintet/testkit';
import { callsOf, type LoggedCall, type PackedLog } from './call-log.ts';
import { ONCE } from './caller.ts';
import { Evidence, type Finding, type Remains } from './evidence.ts';
import { keyName, onceKey } from './keys.ts';
import type { Lives } from './lives.ts';
import { errorOf, isError, recordOf, VERBS } from './verbs.ts';

/** How far the engine's clock may be off ours: it is told to nodes with each batch, in ms. */
const CLOCK_SLACK_NS = 5e6;
/** How much later than the loss (or the reset) of a shard its callers may hear of it. */
const NOTICE_SLACK_NS = 5e8;
const BATCH_CALLS = 150_000;
const FINDINGS_MAX = 50;
const BUDGET_MS = 120_000;

export interface ProofParts {
  readonly logs: readonly PackedLog[];
  readonly lives: Lives;
  readonly shardOf: (key: string) => number;
}

export interface Proof {
  readonly acknowledged: number;
  readonly clientErrors: number;
  /** Calls that rightly heard that their shard is lost. */
  readonly toldLost: number;
  readonly linearizable: boolean;
  readonly operationsChecked: number;
  readonly keysChecked: number;
  readonly checkMs: number;
  readonly findings: readonly Finding[];
}

/** Keys written once that must still be there. */
export function vouchedOnce(parts: ProofParts): string[] {
  return gather(parts).evidence.onceKeys();
}

export async function prove(parts: ProofParts, remains: Remains): Promise<Proof> {
  const gathered = gather(parts);
  const findings = [...gathered.findings, ...gathered.evidence.compare(remains, gathered.ambiguous)];
  const check = await checkHistories(parts, gathered.calls);
  return {
    acknowledged: gathered.acknowledged,
    clientErrors: gathered.clientErrors,
    toldLost: gathered.toldLost,
    findings: [...findings, ...check.findings],
    linearizable: check.findings.length === 0,
    operationsChecked: check.operations,
    keysChecked: gathered.calls.size,
    checkMs: check.elapsedMs,
  };
}

interface Gathered {
  readonly evidence: Evidence;
  readonly findings: Finding[];
  /** Writes that were answered. */
  acknowledged: number;
  clientErrors: number;
  toldLost: number;
  /** Calls on each shared key; a key that nobody can vouch for is not among them. */
  readonly calls: Map<number, number>;
  /** Names of the keys nobody can vouch for. */
  readonly ambiguous: Set<string>;
}

/** One walk over all logs: errors, sums, and how many calls each key had. */
function gather({ logs, lives, shardOf }: ProofParts): Gathered {
  const evidence = new Evidence();
  const gathered: Gathered = {
    evidence,
    findings: [],
    acknowledged: 0,
    clientErrors: 0,
    toldLost: 0,
    calls: new Map(),
    ambiguous: new Set(),
  };
  for (const call of everyCall(logs)) {
    const name = nameOf(call);
    const shard = shardOf(name);
    if (VERBS[call.verb] !== 'get' && !isError(call)) gathered.acknowledged++;
    noteError(gathered, call, lives, shard, name);
    noteSilence(gathered, call, lives, shard, name);
    if (lives.isLatest(shard, call)) evidence.add(call);
    if (call.key === ONCE) continue;
    gathered.calls.set(call.key, (gathered.calls.get(call.key) ?? 0) + 1);
    if (lives.straddles(shard, call)) gathered.ambiguous.add(name);
  }
  for (const key of gathered.calls.keys()) if (gathered.ambiguous.has(keyName(key))) gathered.calls.delete(key);
  return gathered;
}

function noteError(gathered: Gathered, call: LoggedCall, lives: Lives, shard: number, key: string): void {
  if (!isError(call)) return;
  const code = errorOf(call);
  const isLoss = code === 'SHARD_LOST' || code === 'SHARD_LOST_IN_FLIGHT';
  if (isLoss && lives.touchesLoss(shard, call, NOTICE_SLACK_NS)) {
    gathered.toldLost++;
    return;
  }
  gathered.clientErrors++;
  find(gathered.findings, { kind: 'error', key, text: `call ${call.call} heard ${code}`, writes: 0 });
}

/** While a shard is lost every call must say so: an empty answer would be a lie. */
function noteSilence(gathered: Gathered, call: LoggedCall, lives: Lives, shard: number, key: string): void {
  if (isError(call) || !lives.isWithinLoss(shard, call)) return;
  const text = `shard ${shard} was lost, but call ${call.call} was answered`;
  find(gathered.findings, { kind: 'lost', key, text, writes: 1 });
}

interface Checked {
  readonly operations: number;
  readonly elapsedMs: number;
  readonly findings: Finding[];
}

async function checkHistories(parts: ProofParts, calls: ReadonlyMap<number, number>): Promise<Checked> {
  const findings: Finding[] = [];
  let operations = 0;
  let elapsedMs = 0;
  for (const keys of batches(calls)) {
    const report = await checkLinearizableInParallel(
      recordsOf(parts, (key) => keys.has(key)),
      { budgetMs: BUDGET_MS },
    );
    operations += report.operations;
    elapsedMs += report.elapsedMs;
    for (const { key, text } of report.violations) find(findings, { kind: 'not linearizable', key, text, writes: 0 });
    for (const key of report.undecided) {
      find(findings, { kind: 'undecided', key, text: 'the checker ran out of time', writes: 0 });
    }
  }
  return { operations, elapsedMs, findings };
}

/** Keys in groups of some many calls. */
function* batches(calls: ReadonlyMap<number, number>): Generator<ReadonlySet<number>> {
  let keys = new Set<number>();
  let size = 0;
  for (const [key, count] of calls) {
    keys.add(key);
    size += count;
    if (size < BATCH_CALLS) continue;
    yield keys;
    keys = new Set();
    size = 0;
  }
  if (keys.size > 0) yield keys;
}

/** The records of some of the shared keys; each life of a key is a key of its own. */
export function recordsOf({ logs, lives, shardOf }: ProofParts, wants: (key: number) => boolean): OperationRecord[] {
  const records: OperationRecord[] = [];
  for (const call of everyCall(logs)) {
    if (call.key === ONCE || !wants(call.key)) continue;
    const record = recordOf(call, CLOCK_SLACK_NS);
    const life = lives.lifeOf(shardOf(record.key), call);
    records.push(life === 0 ? record : { ...record, key: `${record.key}@${life}` });
  }
  return records;
}

export function* everyCall(logs: readonly PackedLog[]): Generator<LoggedCall> {
  for (const log of logs) yield* callsOf(log);
}

export function nameOf(call: LoggedCall): string {
  return call.key === ONCE ? onceKey(call.call) : keyName(call.key);
}

/** Some findings say it all; a broken engine would give a million. */
function find(findings: Finding[], finding: Finding): void {
  if (findings.length < FINDINGS_MAX) findings.push(finding);
}
