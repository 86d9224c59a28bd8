/**
 * Pipelines keep their order (protocol §5): operations of one key take effect in the order they were submitted, waited
 * for or not; a transaction's too, in every shard it has keys in, at its gather and its install. Direct reads of one key are
 * sent in the order they were submitted, also when they are sent again, and answered so: one that is sent again may find
 * expired what one behind it had seen. Stronger than linearizability, which says nothing about two calls in flight at once.
 */
import { isShardRead, MASTER } from '@quintet/engine/internal';
import type { SimulatedCall } from '../call.ts';
import { keysOf } from '../keys.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

interface Place {
  readonly call: SimulatedCall;
  /** Where in the log: of its record, or what was committed when it was read directly. */
  readonly seq: number;
  readonly isLogged: boolean;
}

export function programOrder({ shards }: World): Checker {
  const places = shards.map((): Place[] => []);
  const lastRead = shards.map(() => new Map<string, number>());
  const lastSent = shards.map(() => ({ epoch: 0, id: 0 }));

  function checkShard(shard: number): void {
    const lastOfKey = new Map<string, Place>();
    let lastOfAll: Place | null = null;
    for (const place of places[shard]!.sort((a, b) => a.call.index - b.call.index)) {
      const { operation } = place.call;
      const keys = keysOf(operation);
      for (const key of keys) {
        const before = key === '' ? lastOfAll : later(lastOfKey.get(key), lastOfKey.get(''));
        if (before) compare(before, place);
      }
      if (isShardRead(operation)) continue;
      for (const key of keys) lastOfKey.set(key, place);
      lastOfAll = later(lastOfAll, place) ?? null;
    }
  }

  function compare(before: Place, after: Place): void {
    if (before.call === after.call || (before.call.index === after.call.index && after.seq >= before.seq)) return;
    const inOrder = after.isLogged ? after.seq > before.seq : after.seq >= before.seq;
    check(inOrder, 'program-order', () => {
      const [first, second] = [before, after].map(
        ({ call, seq }) => `call ${call.index} (${call.operation.verb}) at seq ${seq}`,
      );
      return `shard ${after.call.shard}, key ${after.call.operation.key}: ${first} was submitted before ${second}`;
    });
  }

  return {
    name: 'program-order',
    sent(from, _to, message) {
      if (from !== MASTER || message.type !== 'read') return;
      const { shard, epoch, id } = message;
      const before = lastSent[shard]!;
      check(epoch > before.epoch || id > before.id, 'program-order', () => {
        return `${shards[shard]!.name}: read ${id} was sent after read ${before.id}, both in epoch ${epoch}`;
      });
      lastSent[shard] = { epoch, id };
    },
    accepted({ shard, entry }) {
      const call = shard.requests.get(entry.record!.request);
      if (call !== undefined) places[shard.shard]!.push({ call, seq: entry.seq, isLogged: true });
    },
    valued({ shard, value, read }) {
      const { key } = read.call.operation;
      const before = lastRead[shard.shard]!.get(key) ?? 0;
      check(key === '' || value.id > before, 'program-order', () => {
        return `${shard.name}: read ${value.id} of ${key} was answered after read ${before}`;
      });
      lastRead[shard.shard]!.set(key, value.id);
      places[shard.shard]!.push({ call: read.call, seq: read.committedSeq, isLogged: false });
    },
    known({ shard, call }) {
      places[shard.shard]!.push({ call, seq: call.seq, isLogged: false });
    },
    finish() {
      for (const { shard } of shards) checkShard(shard);
    },
  };
}

function later(one: Place | null | undefined, other: Place | undefined): Place | undefined {
  if (!one || !other) return one ?? other;
  return one.seq > other.seq ? one : other;
}
