/**
 * Accounting: a store's figures equal its contents (its own audit recomputes them from the bytes), a node's budget is the
 * sum of its stores, and at rest the master has all its credit back and nobody holds a copy without a role.
 */
import { nodeName } from '@quintet/engine/internal';
import { creditBytesLeft, storeOf, waitingRoomOf } from '../insides.ts';
import type { Host } from '../observer.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function bytes({ cluster, options, shards }: World): Checker {
  let turn = 0;

  function auditNode(host: Host, deep: (shard: number) => boolean): void {
    let reserved = 0;
    for (const { shard } of shards) {
      const copy = host.node!.inspect(shard);
      const store = copy === undefined ? null : storeOf(copy);
      if (store === null) continue;
      reserved += store.reservedBytes;
      if (deep(shard)) store.audit();
    }
    check(reserved === host.node!.reservedBytes, 'bytes', () => {
      return `${nodeName(host.id)} reserves ${host.node!.reservedBytes} bytes, its stores ${reserved}`;
    });
  }

  function checkCredit(shard: number): void {
    const { queue } = cluster.master.shards[shard]!;
    const { inFlight, waiting } = queue.counts;
    check(inFlight === 0 && waiting === 0, 'bytes', () => `shard ${shard}: at rest, credit of ${inFlight} is out`);
    const left = creditBytesLeft(queue);
    const { creditBytes } = cluster.limits.at(-1)?.limit ?? options.master;
    check(left === creditBytes, 'bytes', () => `shard ${shard}: at rest, ${left} bytes of credit are left`);
    const room = waitingRoomOf(queue);
    check(room.operations === 0 && room.bytes === 0, 'bytes', () => 'at rest, the waiting room is not empty');
  }

  function checkHolders(host: Host): void {
    for (const { shard } of shards) {
      const copy = host.node!.inspect(shard);
      const holds = copy !== undefined && storeOf(copy) !== null;
      const is = cluster.master.shards[shard]!.chain.includes(host.id);
      check(
        holds === is,
        'bytes',
        () => `${nodeName(host.id)} ${holds ? 'holds' : 'lacks'} shard ${shard} without reason`,
      );
    }
  }

  return {
    name: 'bytes',
    sample() {
      turn += 1;
      const hosts = cluster.running;
      const host = hosts[turn % Math.max(1, hosts.length)];
      if (host !== undefined) auditNode(host, (shard) => shard === turn % shards.length);
    },
    finish() {
      for (const host of cluster.running) {
        auditNode(host, () => true);
        checkHolders(host);
      }
      for (const { shard } of shards) checkCredit(shard);
    },
  };
}
