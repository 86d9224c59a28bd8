/**
 * The report of a chaos run: a table to read, one object to parse, a file to look into when something is wrong.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { FAULT_KINDS, type Fault, formatHistory } from '@quintet/testkit';
import type { Finding } from './evidence.ts';
import { keyName } from './keys.ts';
import { recordsOf } from './proof.ts';
import type { ChaosResult } from './run.ts';
import { byKind, type Quantiles, quantiles, round, stallsOf } from './stalls.ts';

/** The object --json prints. */
export interface ChaosSummary {
  readonly seed: string;
  readonly seconds: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly operations: number;
  readonly acknowledged: number;
  readonly lostAcknowledged: number;
  readonly duplicated: number;
  readonly clientErrors: number;
  readonly linearizable: boolean;
  readonly stallMs: Quantiles;
  readonly redundancyRestoredMs: { readonly p50: number; readonly max: number };
  readonly stallMsByKind: Readonly<Record<string, Quantiles>>;
  /** Longest time the main thread, where the master lives, did one thing: beyond that the machine was not ours. */
  readonly worstTurnMs: number;
  readonly waitedMs: { readonly p50: number; readonly max: number };
  /** Nodes that died though nobody hurt them: `hung` on a starved machine; anything else is a violation. */
  readonly unplannedDeaths: number;
  readonly copiesCompared: string;
  readonly shardsLost: number;
  readonly toldLost: number;
  readonly ok: boolean;
  readonly violations: readonly string[];
}

export function summarise(result: ChaosResult): ChaosSummary {
  const { faults, proof, findings, copies } = result;
  const stalls = stallsIn(result);
  const restored = faults
    .filter(({ kind }) => kind !== 'slow')
    .map((fault) => (fault.restoredAt! - fault.downAt!) / 1e6);
  const writes = (kind: Finding['kind']): number =>
    findings.filter((finding) => finding.kind === kind).reduce((sum, finding) => sum + finding.writes, 0);
  const stallsByKind = [...byKind(faults, stalls)].map(([kind, values]) => [kind, quantiles(values)]);
  return {
    seed: result.options.seed,
    seconds: round(result.seconds),
    faults: Object.fromEntries([...byKind(faults, faults)].map(([kind, list]) => [kind, list.length])),
    operations: result.tally.operations,
    acknowledged: proof.acknowledged,
    lostAcknowledged: writes('lost'),
    duplicated: writes('duplicated'),
    clientErrors: proof.clientErrors,
    linearizable: proof.linearizable,
    stallMs: quantiles(stalls),
    redundancyRestoredMs: middleAndMost(restored),
    stallMsByKind: Object.fromEntries(stallsByKind),
    worstTurnMs: round(result.worstTurnMs),
    waitedMs: middleAndMost(faults.map(({ waitedMs }) => waitedMs)),
    unplannedDeaths: result.watch.unplanned.length,
    copiesCompared: `${copies.compared} of ${copies.copies}`,
    shardsLost: result.lives.losses.length,
    toldLost: proof.toldLost,
    ok: findings.length === 0,
    violations: findings.map(({ kind, key, text }) => `${kind}: ${key}: ${text}`),
  };
}

/** The report for people. */
export function renderReport(result: ChaosResult, summary: ChaosSummary): string {
  const lines = [
    `chaos, seed ${summary.seed}: ${summary.ok ? 'everything held' : `${summary.violations.length} VIOLATIONS`}`,
    '',
    ...renderFaults(result, summary),
    '',
    ...renderProofs(result, summary),
    ...summary.violations.slice(0, 20).map((violation) => `  ! ${violation}`),
  ];
  return lines.join('\n');
}

function renderFaults(result: ChaosResult, summary: ChaosSummary): string[] {
  const { faults, watch } = result;
  const stalls = byKind(faults, stallsIn(result));
  const each = byKind(faults, faults);
  const rows = FAULT_KINDS.filter((kind) => each.has(kind)).map((kind) => {
    const list = each.get(kind)!;
    const noticed = quantiles(list.map(({ at, downAt }) => ((downAt ?? at) - at) / 1e6));
    const restored = quantiles(list.map(restoredMs).filter((ms) => ms !== null));
    const stall = quantiles(stalls.get(kind)!);
    return [kind, list.length, noticed.p50, stall.p50, stall.p99, stall.max, restored.p50, restored.max];
  });
  const header = ['fault', 'times', 'noticed p50', 'stall p50', 'p99', 'max', 'restored p50', 'max'];
  const deaths = watch.unplanned.length === 0 ? '' : `; ${watch.unplanned.length} deaths nobody ordered`;
  return [
    ...table([header, ...rows.map((row) => row.map(String))]),
    `  ms; the main thread's worst turn ${round(result.worstTurnMs)}; waited for redundancy p50 ${summary.waitedMs.p50}, max ${summary.waitedMs.max}${deaths}`,
  ];
}

function renderProofs(result: ChaosResult, summary: ChaosSummary): string[] {
  const { proof, options, loadSeconds, copies, faults } = result;
  const rate = Math.round(summary.operations / loadSeconds);
  const mark = (good: boolean): string => (good ? 'ok ' : 'BAD');
  const row = (good: boolean, what: string, found: string): string => `  ${mark(good)}  ${what.padEnd(34)}${found}`;
  const loss = options.beyond
    ? [row(true, 'shards lost, said so, begun anew', `${summary.shardsLost} (${summary.toldLost} calls were told)`)]
    : [];
  const cluster = result.findings.filter(({ kind }) => kind === 'cluster');
  const hurt = faults.filter(({ held }) => held.size > 0).length;
  const all = `${summary.acknowledged} of ${summary.operations} calls`;
  return [
    `  ${options.callers} callers, ${rate} calls/s for ${loadSeconds.toFixed(0)} s; checked in ${(proof.checkMs / 1000).toFixed(1)} s`,
    row(summary.lostAcknowledged === 0, 'acknowledged writes lost', `${summary.lostAcknowledged} (${all})`),
    row(summary.duplicated === 0, 'writes done twice', String(summary.duplicated)),
    row(summary.clientErrors === 0, 'errors at callers', String(summary.clientErrors)),
    row(proof.linearizable, 'linearizable', `${proof.operationsChecked} calls on ${proof.keysChecked} keys`),
    row(cluster.length === 0, 'redundancy restored', `after all of ${hurt} faults that took copies`),
    row(copies.findings.length === 0, 'copies identical', `${summary.copiesCompared} copies read`),
    ...loss,
  ];
}

/** Writes what is needed to look into a violation; returns the path. */
export function writeEvidence(result: ChaosResult, summary: ChaosSummary): string {
  const path = resolve(`chaos-seed-${summary.seed}.log`);
  const names = new Set(result.findings.map(({ key }) => key.replace(/@\d+$/, '')));
  const records = recordsOf(result.proofParts, (key) => names.has(keyName(key)));
  const header = JSON.stringify({ ...summary, faultsInOrder: result.faults.map(describeFault) }, null, 1);
  writeFileSync(path, `${header}\n\n${summary.violations.join('\n')}\n\n${formatHistory(records)}`);
  return path;
}

/** From the death being noticed to the last copy being back; null if the node held none, or did not die. */
function restoredMs({ downAt, restoredAt, held }: Fault): number | null {
  return downAt === null || restoredAt === null || held.size === 0 ? null : (restoredAt - downAt) / 1e6;
}

function describeFault({ held, touched: _, lost, ...fault }: Fault): object {
  return { ...fault, shards: [...held.keys()], lost: [...lost] };
}

function stallsIn({ faults, logs, loadEndedAt, proofParts }: ChaosResult): number[] {
  return stallsOf({ faults, logs, shardOf: proofParts.shardOf, endedAt: loadEndedAt });
}

function middleAndMost(values: readonly number[]): { p50: number; max: number } {
  const { p50, max } = quantiles(values);
  return { p50, max };
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map(
    (row) =>
      `  ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  ')}`,
  );
}
