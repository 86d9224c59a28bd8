/**
 * Accounts, seen only through answers: every snapshot of all of them adds up to nothing, and at the end each is the sum of
 * the transfers that were acknowledged, every one counted once.
 */
import { Status, type Step } from '@quintet/engine/internal';
import type { SimulatedCall } from '../call.ts';
import { keysOf, shardOfKey } from '../keys.ts';
import { mayEvict } from '../options.ts';
import { accountsOf } from '../transacting.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function accounts({ cluster, options, shards }: World): Checker {
  const all = accountsOf(options);
  const isAccount = new Set(all);
  const concerned = new Set(all.map((key) => shardOfKey(key, shards.length)));
  /** Money went with a shard, or with an entry that was evicted or cleared. */
  let isGone = mayEvict(options) || options.workload.clears;

  function checkSnapshot({ index, operation, result }: SimulatedCall): void {
    if (operation.verb !== 'transaction' || isGone || result?.status !== Status.ok) return;
    const isSnapshot = operation.then.length === all.length && operation.then.every(({ verb }) => verb === 'get');
    if (!isSnapshot || ![...keysOf(operation)].every((key) => isAccount.has(key))) return;
    const total = result.items!.reduce((sum, { value }) => sum + Number(value ?? 0), 0);
    check(
      total === 0,
      'accounts',
      () => `snapshot ${index} adds up to ${total}: ${result.items!.map(({ value }) => value)}`,
    );
  }

  /** What the acknowledged transfers add up to; null if somebody gave up on one and cannot know. */
  function balances(): ReadonlyMap<string, number> | null {
    const balance = new Map<string, number>();
    for (const { operation, result, code } of cluster.calls) {
      if (operation.verb !== 'transaction') continue;
      if (code?.endsWith('_IN_FLIGHT')) return null;
      if (result === null) continue;
      const steps: readonly Step[] = result.status === Status.conditionFailed ? operation.otherwise : operation.then;
      const isDone = result.status === Status.ok || result.status === Status.conditionFailed;
      for (const step of isDone ? steps : []) {
        if (step.verb !== 'increment' || !isAccount.has(step.key)) continue;
        balance.set(step.key, (balance.get(step.key) ?? 0) + Number(step.by));
      }
    }
    return balance;
  }

  return {
    name: 'accounts',
    lost({ shard }) {
      if (concerned.has(shard)) isGone = true;
    },
    settled: checkSnapshot,
    finish() {
      const wanted = isGone ? null : balances();
      if (wanted === null) return;
      for (const key of all) {
        const held = Number(shards[shardOfKey(key, shards.length)]!.contents.get(key)?.value ?? 0);
        const sum = wanted.get(key) ?? 0;
        check(held === sum, 'accounts', () => `${key} holds ${held}; the transfers acknowledged add up to ${sum}`);
      }
    },
  };
}
