/** Seats: who sits where; an empty seat is filled again, but not for ever. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Seats } from '../../../src/core/master/membership/seats.ts';
import { nodeId, nodeName } from '../../../src/core/protocol/ids.ts';
import type { MasterOutbox } from '../../../src/core/protocol/outbox.ts';
import { DEFAULT_MASTER_SETTINGS } from '../../../src/core/protocol/settings.ts';

const SETTINGS = {
  ...DEFAULT_MASTER_SETTINGS,
  nodes: 2,
  youngMs: 200,
  crashLoopDeaths: 6,
  backOffMs: 20,
  backOffMaxMs: 100,
};
const node = (incarnation: number) => nodeId(1, incarnation);

let did: string[] = [];
let seats: Seats;
/** Incarnation of the node in seat 1. */
let life = 1;

beforeEach(() => {
  did = [];
  const outbox: Partial<MasterOutbox> = {
    spawn: (id) => did.push(`spawn ${nodeName(id)}`),
    terminate: (id) => did.push(`terminate ${nodeName(id)}`),
    note: (note) => did.push(note.type === 'node-backing-off' ? `back off ${note.delayMs}` : note.type),
  };
  seats = new Seats(SETTINGS, outbox as MasterOutbox);
  for (const state of seats.all) seats.start(state);
  life = 1;
});

/** The node in seat 1 comes up, and dies after `ms`. What the master did about it. */
function liveFor(ms: number, now: number): string[] {
  assert.equal(seats.ready(node(life), now), true);
  did = [];
  assert.equal(seats.died(node(life), now + ms), true);
  const { incarnation } = seats.at(1)!;
  life = incarnation;
  return did.filter((deed) => !deed.startsWith('terminate'));
}

test('a node that dies after a while is replaced at once, and ended before its successor is asked for', () => {
  assert.deepEqual(did, ['spawn n1#1', 'spawn n2#1']);
  seats.ready(node(1), 0);
  did = [];
  seats.died(node(1), 1000);
  assert.deepEqual(did, ['terminate n1#1', 'spawn n1#2']);
});

test('a crash loop stops: the second young death waits, each further one twice as long, then the seat is stopped', () => {
  const deeds: string[][] = [];
  let now = 0;
  for (let death = 1; death <= SETTINGS.crashLoopDeaths; death++, now += 1000) {
    deeds.push(liveFor(10, now));
    if (seats.at(1)!.health === 'backing-off') {
      seats.tick(now + 1000);
      life += 1;
    }
  }
  assert.deepEqual(deeds, [
    ['spawn n1#2'],
    ['back off 20'],
    ['back off 40'],
    ['back off 80'],
    ['back off 100'],
    ['node-stopped'],
  ]);
  assert.equal(seats.nextDeadline(), Number.POSITIVE_INFINITY);
  did = [];
  seats.tick(1e9);
  assert.deepEqual(did, [], 'no time starts it again');
});

test('it starts when its delay is over, not before', () => {
  liveFor(10, 0);
  liveFor(10, 1000);
  did = [];
  assert.equal(seats.nextDeadline(), 1030);
  seats.tick(1029);
  assert.deepEqual(did, []);
  seats.tick(1030);
  assert.deepEqual(did, ['spawn n1#3']);
});

test('a life that was long enough forgives the young deaths before it', () => {
  liveFor(10, 0);
  assert.deepEqual(liveFor(500, 1000), ['spawn n1#3']);
  assert.deepEqual(liveFor(10, 2000), ['spawn n1#4'], 'the first young death again');
});

test('a stopped seat is revived, with nothing against it', () => {
  for (let death = 0; death < SETTINGS.crashLoopDeaths; death++) {
    liveFor(10, death * 1000);
    if (seats.at(1)!.health !== 'backing-off') continue;
    seats.tick(death * 1000 + 1000);
    life += 1;
  }
  assert.equal(seats.at(1)!.health, 'stopped');
  did = [];
  seats.revive(1);
  assert.deepEqual(did, [`spawn n1#${life + 1}`]);
  life += 1;
  assert.deepEqual(liveFor(10, 1e6), [`spawn n1#${life}`]);
});

test('T1: a dead incarnation is nobody: it does not come up, die again, or count as live', () => {
  seats.ready(node(1), 0);
  seats.died(node(1), 1000);
  assert.equal(seats.died(node(1), 1001), false);
  assert.equal(seats.ready(node(1), 1002), false);
  assert.equal(seats.isLive(node(1)), false);
  assert.equal(seats.ready(node(2), 1003), true);
  assert.equal(seats.ready(node(2), 1004), false, 'nobody comes up twice');
  assert.deepEqual(seats.live, [node(2)]);
});
