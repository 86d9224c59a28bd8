/**
 * Protocol §7.11: a chain only loses members, gains the learner at its end, or is reordered at a seal. One epoch is one
 * configuration; nobody dead, or not up yet, is in it or hears anything (MA1); no two copies share a node.
 */
import { MASTER, type Message, NOBODY, type NodeId, nodeName, seatOf } from '@quintet/engine/internal';
import { check } from '../violation.ts';
import type { Change, Checker, World } from './checker.ts';

const NAME = 'chain-changes';

export function chainChanges({ cluster, shards }: World): Checker {
  function checkMembers({ shard, after }: Change): void {
    const copies = after.learner === NOBODY ? after.chain : [...after.chain, after.learner];
    check(new Set(copies.map(seatOf)).size === copies.length, NAME, () => `${shard.name}: two copies in one seat`);
    for (const node of copies) {
      check(
        cluster.host(node)?.declared === false,
        NAME,
        () => `${shard.name}: ${nodeName(node)} is dead, and a member`,
      );
    }
  }

  function checkStep({ shard, before, after }: Change): void {
    const text = `${shard.name}: ${before.chain.map(nodeName)} became ${after.chain.map(nodeName)}`;
    const stayed = before.chain.filter((node) => after.chain.includes(node));
    const joined = after.chain.filter((node) => !before.chain.includes(node));
    check(
      joined.length === 0 || (joined.length === 1 && joined[0] === before.learner),
      NAME,
      () => `${text}: who joined?`,
    );
    const kept = after.chain.filter((node) => !joined.includes(node));
    const sameOrder = stayed.every((node, at) => node === kept[at]);
    if (sameOrder)
      return check(joined.length === 0 || after.chain.at(-1) === joined[0], NAME, () => `${text}: not at its end`);
    // Another order: the old one has run dry, so all logs are equal and accepted to the end.
    for (const node of after.chain) {
      const dry = shard.headOf(node) === shard.committed;
      check(dry, NAME, () => `${text}: reordered before ${nodeName(node)} had run dry`);
    }
  }

  function checkEpoch(message: Message & { type: 'config' }): void {
    const { epoch, chain, learner, since } = shards[message.shard]!.configuration;
    if (message.epoch !== epoch) return;
    const same = message.chain.join() === chain.join() && message.learner === learner && message.since === since;
    check(same, NAME, () => `shard ${message.shard}: two configurations of epoch ${epoch}`);
  }

  return {
    name: NAME,
    sent(from: NodeId, to: NodeId, message: Message) {
      if (from !== MASTER) return;
      const host = cluster.host(to);
      const is = host === undefined || host.declared ? 'dead' : host.stage === 'spawning' ? 'not up yet' : '';
      check(is === '', NAME, () => `the master sends ${message.type} to ${nodeName(to)}, which is ${is}`);
      if (message.type === 'config') checkEpoch(message);
    },
    changed(change) {
      checkMembers(change);
      if (change.anew) return;
      const { shard, before, after } = change;
      check(after.epoch > before.epoch, NAME, () => `${shard.name}: epoch ${after.epoch} after ${before.epoch}`);
      checkStep(change);
    },
  };
}
