/**
 * Who changed the memory limit is answered once, and then every node that lived when it was changed, and still does, works by
 * it or by a later one. At the end all nodes work by the last, whenever they were started, and the master lets as much be
 * in flight as goes with it.
 */
import { nodeName } from '@quintet/engine/internal';
import { limitOf } from '../insides.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function memoryLimit({ cluster }: World): Checker {
  return {
    name: 'memory-limit',
    limitHeard({ index, nodes }) {
      const later = cluster.limits.slice(index);
      for (const id of nodes) {
        const { node, stage, declared } = cluster.host(id)!;
        if (node === null || stage !== 'up' || declared) continue;
        const { maxMemoryBytes, eviction } = limitOf(node);
        check(
          later.some(({ limit }) => limit.maxMemoryBytes === maxMemoryBytes && limit.eviction === eviction),
          'memory-limit',
          () => `change ${index} of the limit was answered before ${nodeName(id)} worked by it`,
        );
      }
    },
    finish() {
      const last = cluster.limits.at(-1);
      const { maxMemoryBytes, eviction } = last === undefined ? cluster.options.node : last.limit;
      for (const { node, id } of cluster.running) {
        const limit = limitOf(node!);
        check(
          limit.maxMemoryBytes === maxMemoryBytes && limit.eviction === eviction,
          'memory-limit',
          () => `${nodeName(id)} works by ${JSON.stringify(limit)} instead of ${maxMemoryBytes}, ${eviction}`,
        );
      }
      for (const { index, answers } of cluster.limits) {
        check(answers === 1, 'memory-limit', () => `change ${index} of the limit was answered ${answers} times`);
      }
    },
  };
}
