/**
 * Protocol §7.6 and exactly once: request numbers in a log are contiguous; an operation has one number and one record;
 * its caller hears that record's result; what was refused as "not applied" is in no log.
 */
import { ERRORS, isWrite, nodeName, type Result } from '@quintet/engine/internal';
import type { SimulatedCall } from '../call.ts';
import { isOfSeveralShards } from '../keys.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function exactlyOnce({ cluster, shards }: World): Checker {
  /** Requests whose record was accepted, by shard, with the result. */
  const done = shards.map(() => new Map<number, Result>());

  function checkCall(call: SimulatedCall): void {
    // Of several shards: all-or-nothing.ts.
    if (!isWrite(call.operation) || call.parts.length > 0 || isOfSeveralShards(call, shards.length)) return;
    const result = call.request === 0 ? undefined : done[call.shard]!.get(call.request);
    const asked = `call ${call.index} (${call.operation.verb} ${call.operation.key})`;
    if (call.result !== null) {
      check(result === call.result, 'exactly-once', () => `${asked} was acknowledged without being in the log so`);
    }
    if (call.code !== null && ERRORS[call.code].outcome === 'not-applied') {
      check(result === undefined, 'exactly-once', () => `${asked} was refused (${call.code}), and is in the log`);
    }
  }

  return {
    name: 'exactly-once',
    made({ shard, host, entry, parent, call }) {
      const { request } = entry.record!;
      if (request === 0) return;
      check(request === parent.lastRequest + 1, 'exactly-once', () => {
        return `${shard.name}: ${nodeName(host.id)} put request ${request} after ${parent.lastRequest} in its log`;
      });
      check(call !== null, 'exactly-once', () => `${shard.name}: request ${request} was never sent`);
    },
    accepted({ shard, answer, entry }) {
      if (answer.request === 0) return;
      check(
        !done[shard.shard]!.has(answer.request),
        'exactly-once',
        () => `request ${answer.request} was accepted twice`,
      );
      done[shard.shard]!.set(answer.request, answer.result);
      const call = shard.requests.get(answer.request);
      const heard = call !== undefined && (call.of !== null || call.result === answer.result || call.code !== null);
      check(
        heard,
        'exactly-once',
        () => `${shard.name}: seq ${entry.seq} was accepted, and its caller heard nothing of it`,
      );
    },
    finish() {
      for (const call of cluster.calls) checkCall(call);
    },
  };
}
