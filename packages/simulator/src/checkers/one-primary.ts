/** Protocol §7.1: in an epoch one primary makes records and one tail answers. */
import { nodeName } from '@quintet/engine/internal';
import { check } from '../violation.ts';
import type { Checker } from './checker.ts';

export function onePrimary(): Checker {
  const makers = new Map<string, number>();
  const answerers = new Map<string, number>();

  function claim(claims: Map<string, number>, shard: number, epoch: number, node: number, deed: string): void {
    const key = `${shard}:${epoch}`;
    const first = claims.get(key);
    if (first === undefined) claims.set(key, node);
    else {
      check(first === node, 'one-primary', () => {
        return `shard ${shard}, epoch ${epoch}: ${nodeName(first)} and ${nodeName(node)} both ${deed}`;
      });
    }
  }

  return {
    name: 'one-primary',
    made({ shard, host, epoch }) {
      claim(makers, shard.shard, epoch, host.id, 'make records');
    },
    sent(from, _to, message) {
      if (message.type !== 'answer' && message.type !== 'value') return;
      claim(answerers, message.shard, message.epoch, from, 'answer');
    },
  };
}
