/**
 * The oracle: linearizability by trying every order, for histories of a handful of operations.
 *
 * Shares no code with the checker: its own model (values now, versions as equations solved at the end), no pruning but
 * real time and wrong answers.
 */

import type { Operation, OperationRecord, Result } from '../../src/operation.ts';

interface Item {
  readonly from: number;
  readonly to: number;
  readonly record: OperationRecord;
  readonly isVanishing: boolean;
}

interface World {
  readonly value: string | null;
  /** The item whose expiry rules the entry. */
  readonly ruledBy: OperationRecord | null;
  /** Known version of each write so far, in order; null if nobody said. */
  readonly writes: readonly (number | null)[];
  /** Index in `writes` of the entry's write. */
  readonly entryWrite: number;
  /** [write, version it must not have]. */
  readonly unequal: readonly (readonly [number, number])[];
}

const EMPTY: World = { value: null, ruledBy: null, writes: [], entryWrite: -1, unequal: [] };

/** True if some order explains all answers. */
export function isLinearizableByBruteForce(records: readonly OperationRecord[]): boolean {
  const items: Item[] = [];
  for (const record of records) {
    if (record.outcome.kind === 'not-applied') continue;
    items.push({ from: record.invokedAt, to: record.returnedAt, record, isVanishing: false });
    const { operation } = record;
    if (!('expiry' in operation) || operation.expiry === undefined || isRefused(record)) continue;
    items.push({ from: operation.expiry.notBefore, to: operation.expiry.notAfter, record, isVanishing: true });
  }
  return explore(items, new Set(), EMPTY);
}

function isRefused({ outcome }: OperationRecord): boolean {
  return outcome.kind === 'ok' && outcome.result.applied === false;
}

function explore(left: readonly Item[], vanished: ReadonlySet<OperationRecord>, world: World): boolean {
  const mustCome = left.filter((item) => item.to !== Number.POSITIVE_INFINITY);
  if (mustCome.length === 0) return versionsFit(world);
  const end = Math.min(...mustCome.map((item) => item.to));
  for (const item of left) {
    if (item.from > end) continue;
    const rest = left.filter((other) => other !== item);
    const gone = item.isVanishing ? new Set(vanished).add(item.record) : vanished;
    for (const next of item.isVanishing ? [expire(world, item.record)] : perform(world, item.record)) {
      const late = next.ruledBy === item.record && vanished.has(item.record);
      if (explore(rest, gone, late ? { ...next, value: null, ruledBy: null } : next)) return true;
    }
  }
  return false;
}

function expire(world: World, owner: OperationRecord): World {
  return world.ruledBy === owner ? { ...world, value: null, ruledBy: null } : world;
}

function versionsFit({ writes, unequal }: World): boolean {
  const known = writes.filter((version) => version !== null);
  return (
    known.every((version, at) => at === 0 || version > (known[at - 1] as number)) &&
    unequal.every(([write, version]) => writes[write] !== version)
  );
}

/** The worlds after an operation: none if its answer is wrong, or if its outcome is unknown and it would do nothing. */
function perform(world: World, record: OperationRecord): World[] {
  const { operation, outcome } = record;
  const result = outcome.kind === 'ok' ? outcome.result : undefined;
  const refusal = result?.applied === false;
  if (refusal) return refuse(world, operation, result);
  switch (operation.kind) {
    case 'get':
      return result !== undefined && result.value === world.value ? saw(world, result.version) : [];
    case 'put':
      if (operation.ifAbsent && world.value !== null) return [];
      if (operation.ifPresent && world.value === null) return [];
      return saw(world, operation.ifVersion).flatMap((seen) =>
        wrote(seen, operation.value, result, operation.expiry ? record : null),
      );
    case 'delete':
      if (world.value === null || world.value !== (operation.ifValue ?? world.value)) return [];
      return saw(world, operation.ifVersion).flatMap((seen) => wrote(seen, null, result, null));
    case 'expire':
      return world.value === null ? [] : wrote(world, world.value, result, record);
    case 'increment': {
      const sum = Number(world.value ?? '0') + operation.by;
      if (!/^-?\d+$/.test(world.value ?? '0') || (result?.number ?? sum) !== sum) return [];
      const rules = operation.expiry !== undefined && !(operation.onlyIfNew && world.value !== null);
      return wrote(world, String(sum), result, rules ? record : world.ruledBy);
    }
    case 'append': {
      const text = (world.value ?? '') + operation.suffix;
      if ((result?.length ?? text.length) !== text.length || (result?.value ?? text) !== text) return [];
      return wrote(world, text, result, world.ruledBy);
    }
    case 'getAndPut':
      if (result !== undefined && result.value !== world.value) return [];
      return wrote(world, operation.value, result, operation.expiry ? record : null);
    case 'getAndDelete':
      if (result !== undefined && result.value !== world.value) return [];
      return world.value === null ? saw(world, result?.version) : wrote(world, null, result, null);
    case 'getAndExpire': {
      if (result !== undefined && result.value !== world.value) return [];
      const changes = operation.expiry !== undefined || world.ruledBy !== null;
      if (world.value === null || !changes) return saw(world, result?.version);
      return wrote(world, world.value, result, operation.expiry ? record : null);
    }
  }
}

function refuse(world: World, operation: Operation, result: Result): World[] {
  return saw(world, result.version).flatMap((seen) => {
    const absent = seen.value === null;
    if (operation.kind === 'increment') return /^-?\d+$/.test(seen.value ?? '0') ? [] : [seen];
    if (operation.kind === 'expire') return absent ? [seen] : [];
    if (operation.kind !== 'put' && operation.kind !== 'delete') return [];
    if (operation.kind === 'delete' ? absent : operation.ifPresent === true && absent) return [seen];
    if (operation.kind === 'delete' && operation.ifValue !== undefined) {
      return seen.value === operation.ifValue ? [] : [seen];
    }
    if (operation.kind === 'put' && operation.ifAbsent === true && !absent) return [seen];
    if (operation.ifVersion === undefined) return [];
    if (absent) return [seen];
    return [{ ...seen, unequal: [...seen.unequal, [seen.entryWrite, operation.ifVersion] as const] }];
  });
}

function saw(world: World, version: number | null | undefined): World[] {
  if (version === undefined) return [world];
  if (world.value === null || version === null) return world.value === null && version === null ? [world] : [];
  const known = world.writes[world.entryWrite] ?? null;
  if (known !== null) return known === version ? [world] : [];
  return [{ ...world, writes: world.writes.with(world.entryWrite, version) }];
}

function wrote(
  world: World,
  value: string | null,
  result: Result | undefined,
  ruledBy: OperationRecord | null,
): World[] {
  const writes = [...world.writes, result?.version ?? null];
  return [{ ...world, value, writes, entryWrite: writes.length - 1, ruledBy: value === null ? null : ruledBy }];
}
