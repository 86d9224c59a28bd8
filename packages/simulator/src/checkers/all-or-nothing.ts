/**
 * A transaction over several shards is in all of them or in none, once, whatever died meanwhile; it writes and answers what
 * a plain map would have, given what it gathered (model-transaction.ts). Only a shard that was lost may lack its part.
 */
import { type Entry, ERRORS, type InstallOperation, type Result } from '@quintet/engine/internal';
import type { SimulatedCall } from '../call.ts';
import { isOfSeveralShards, shardOfKey } from '../keys.ts';
import { expectedTransaction, type TransactionExpectation } from '../model-transaction.ts';
import { sameResult } from '../oracle/log-tree.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

/** Stands for the version that an install will give. */
const TO_COME = -9;

type Written = InstallOperation['effects'][number];

export function allOrNothing({ cluster, options, shards }: World): Checker {
  /** When shards were lost last. */
  const lostAt = new Map<number, number>();

  function checkCall(call: SimulatedCall): void {
    const installs = call.parts.filter(({ operation }) => operation.verb === 'install');
    const gathers = call.parts.filter(({ operation }) => operation.verb === 'gather');
    const asked = `call ${call.index} (transaction)`;
    if (call.code !== null && ERRORS[call.code].outcome === 'not-applied') {
      check(installs.length === 0, 'all-or-nothing', () => `${asked} was refused (${call.code}), and was written`);
    }
    if (installs.length === 0 && call.result === null) return;
    for (const { seq, lost, shard } of installs) {
      check(seq >= 0 || (lost && call.result === null), 'all-or-nothing', () => `${asked} is not in shard ${shard}`);
    }
    check(
      new Set(installs.map(({ shard }) => shard)).size === installs.length,
      'all-or-nothing',
      () => `${asked} twice`,
    );
    const [early, late] = modelsOf(call, gathers, installs);
    checkWritten(call, installs, early, late);
    if (call.result !== null) checkAnswer(call, installs, late, call.result);
  }

  /** Evaluated when the last gather was answered; without gathers, somewhen between these two times. */
  function modelsOf(
    { operation, submittedAt }: SimulatedCall,
    gathers: readonly SimulatedCall[],
    installs: readonly SimulatedCall[],
  ): [TransactionExpectation, TransactionExpectation] {
    const seen = new Map<string, Entry>(gathers.flatMap((gather) => [...gather.seen]));
    const at = (time: number): TransactionExpectation => {
      const moment = { time, seq: TO_COME, maxValueBytes: options.node.maxValueBytes };
      return expectedTransaction(operation as never, (key) => seen.get(key), moment);
    };
    const decidedAt = Math.max(...gathers.map(({ doneAt }) => doneAt));
    if (gathers.length > 0) return [at(decidedAt), at(decidedAt)];
    return [at(submittedAt), at(Math.max(...installs.map((install) => install.submittedAt)))];
  }

  function checkWritten(
    call: SimulatedCall,
    installs: readonly SimulatedCall[],
    early: TransactionExpectation,
    late: TransactionExpectation,
  ): void {
    const written = new Map<string, Written>();
    for (const { operation, shard } of installs) {
      for (const effect of (operation as InstallOperation).effects) {
        written.set(effect.key, effect);
        check(
          shardOfKey(effect.key, shards.length) === shard,
          'all-or-nothing',
          () => `${effect.key} in shard ${shard}`,
        );
      }
    }
    const wrote = (key: string): string =>
      `call ${call.index} (transaction) wrote ${key}: ${JSON.stringify(written.get(key))}`;
    for (const key of written.keys())
      check(late.after.has(key), 'all-or-nothing', () => `${wrote(key)}, out of nothing`);
    for (const [key, entry] of late.after) {
      const isLost = (lostAt.get(shardOfKey(key, shards.length)) ?? 0) > call.submittedMoment;
      if (isLost && !written.has(key)) continue;
      const right = isWritten(written.get(key), early.after.get(key), entry);
      check(right, 'all-or-nothing', () => `${wrote(key)}, not ${JSON.stringify(entry)}`);
    }
  }

  function checkAnswer(
    call: SimulatedCall,
    installs: readonly SimulatedCall[],
    { result }: TransactionExpectation,
    answered: Result,
  ): void {
    const steps =
      call.operation.verb === 'transaction' ? call.operation[result.status === 0 ? 'then' : 'otherwise'] : [];
    const items = result.items!.map((item, at) => {
      if (item.version !== TO_COME) return item;
      const shard = shardOfKey(steps[at]!.key, shards.length);
      return { ...item, version: installs.find((install) => install.shard === shard)?.seq ?? TO_COME };
    });
    const wanted = { ...result, version: 0, items };
    check(sameResult(answered, wanted), 'all-or-nothing', () => {
      return `call ${call.index} (transaction) was answered ${JSON.stringify(answered)}, not ${JSON.stringify(wanted)}`;
    });
  }

  return {
    name: 'all-or-nothing',
    lost(shard) {
      lostAt.set(shard.shard, cluster.nextMoment());
    },
    finish() {
      for (const call of cluster.calls) if (isOfSeveralShards(call, shards.length)) checkCall(call);
    },
  };
}

function isWritten(written: Written | undefined, early: Entry | undefined, late: Entry | undefined): boolean {
  if (written === undefined || early === undefined || late === undefined) return written?.type === 'remove' && !late;
  if (written.type === 'remove' || written.value !== late.value || written.kind !== late.kind) return false;
  return written.expiresAt >= early.expiresAt && written.expiresAt <= late.expiresAt;
}
