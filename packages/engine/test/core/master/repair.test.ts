/** Repair: every shard back to all its copies, then even; one thing at a time, and nothing on a lost shard. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeId, nodeName } from '../../../src/core/protocol/ids.ts';
import { Subject } from './subject.ts';

const node = (seat: number, incarnation = 1) => nodeId(seat, incarnation);
const die = (subject: Subject, id: number) => subject.master.nodeDied(id, 'killed', '', subject.now);

function later(subject: Subject, ms: number): void {
  subject.now += ms;
  if (subject.master.nextDeadline() <= subject.now) subject.master.tick(subject.now, []);
}

test('a seat that is being filled takes back what its forerunner held', () => {
  const subject = new Subject({ nodes: 3, seatGraceMs: 250, youngMs: 0 });
  assert.equal(subject.chain(0), 'n1#1 n2#1');
  die(subject, node(2));
  later(subject, 100);
  assert.equal(subject.chain(0), 'n1#1', 'it is waited for');
  subject.boot();
  assert.equal(subject.chain(0), 'n1#1 + n2#2');
  assert.equal(subject.master.settled, false);
  subject.joined(0);
  assert.equal(subject.chain(0), 'n1#1 n2#2');
  assert.equal(subject.master.settled, true);
});

test('one that takes longer than the grace does not: another node gets the copy', () => {
  const subject = new Subject({ nodes: 3, seatGraceMs: 250, youngMs: 0 });
  die(subject, node(2));
  later(subject, 249);
  assert.equal(subject.chain(0), 'n1#1');
  later(subject, 1);
  assert.equal(subject.chain(0), 'n1#1 + n3#1');
});

test('missing copies go to the emptiest of the nodes that live', () => {
  const subject = new Subject({ nodes: 4, shards: 6, replicas: 1, seatGraceMs: 0, youngMs: 0 });
  die(subject, node(1));
  const copies = subject.master.shards.flatMap(({ chain, learner }) => (learner === 0 ? chain : [...chain, learner]));
  for (const seat of [2, 3, 4]) assert.equal(copies.filter((id) => id === node(seat)).length, 4);
});

test('what is restored is noted: each copy, each shard, and when all are back', () => {
  const subject = new Subject({ nodes: 3, shards: 2, seatGraceMs: 1000, youngMs: 0 });
  die(subject, node(2));
  subject.now += 40;
  subject.boot();
  const before = subject.notes.length;
  for (const shard of [0, 1]) if (subject.master.shards[shard]!.learner !== 0) subject.joined(shard);
  const since = subject.notes.slice(before);
  const types = since.map(({ type }) => type);
  assert.equal(types.filter((type) => type === 'learner-joined').length, 2);
  assert.equal(types.filter((type) => type === 'redundancy-restored').length, 1);
  assert.equal(types.at(-1), 'redundancy-restored');
  assert.deepEqual(since.at(-1), { type: 'redundancy-restored', tookMs: 40 });
});

test('when all copies are there, moves and swaps even out loads, one at a time, and end', () => {
  const subject = new Subject({ nodes: 3, shards: 6, replicas: 1, seatGraceMs: 0, youngMs: 0 });
  die(subject, node(3));
  for (const { shard, learner } of subject.master.shards) if (learner !== 0) subject.joined(shard);
  subject.boot();
  for (let steps = 0; !subject.master.settled; steps++) {
    assert.ok(steps < 50, 'it ends');
    const moving = subject.master.shards.filter(({ learner, wantedChain }) => learner !== 0 || wantedChain !== null);
    assert.equal(moving.length, 1, 'one at a time');
    const { shard, learner, epoch, tail } = moving[0]!;
    if (learner !== 0) subject.joined(shard);
    else subject.receive(tail, { type: 'sealed', shard, epoch });
  }
  const copies = subject.master.shards.flatMap(({ chain }) => chain.map(nodeName));
  for (const name of ['n1#1', 'n2#1', 'n3#2']) assert.equal(copies.filter((copy) => copy === name).length, 4);
  const heads = subject.master.shards.map(({ primary }) => nodeName(primary));
  for (const name of ['n1#1', 'n2#1', 'n3#2']) assert.equal(heads.filter((head) => head === name).length, 2);
});

test('a lost shard is left alone until it is reset, then it gets all its copies', () => {
  const subject = new Subject({ nodes: 3, seatGraceMs: 0, youngMs: 0 });
  die(subject, node(1));
  die(subject, node(2));
  assert.equal(subject.master.shards[0]!.lost, true);
  subject.boot();
  assert.equal(subject.chain(0), '');
  subject.master.resetShard(0, subject.now);
  assert.match(subject.chain(0), /^n\d#\d \+ n\d#\d$/);
});

test('with fewer nodes than copies, every live node has one, and it waits for more', () => {
  const subject = new Subject({ nodes: 3, replicas: 2, seatGraceMs: 0, youngMs: 1e9, crashLoopDeaths: 1 });
  die(subject, node(3));
  assert.equal(subject.chain(0), 'n1#1 n2#1');
  assert.equal(subject.master.settled, false);
  subject.master.reviveSeat(3, subject.now);
  subject.boot();
  assert.equal(subject.chain(0), 'n1#1 n2#1 + n3#2');
});
