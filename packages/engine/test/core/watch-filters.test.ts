import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Watched } from '../../src/core/data/record.ts';
import { WatchFilters } from '../../src/core/master/watch/watch-filters.ts';

const SLOTS = 1;
const exact = (text: string, shard = 0) => ({ text, shard, previous: false });

test('marks: a slot may meet a filter for as long as any of its keys has one', () => {
  const filters = new WatchFilters(2, SLOTS);
  assert.equal(filters.mayMeet(0, 0), false);
  const [one, other] = [filters.open(exact('one')), filters.open(exact('other'))];
  const again = filters.open({ ...exact('one'), previous: true });
  assert.equal(filters.mayMeet(0, 0), true);
  assert.equal(filters.mayMeet(1, 0), false, 'of another shard');

  for (const filter of [one, again]) filters.linger(filter, 0);
  filters.forget(1);
  assert.equal(filters.watched('one'), Watched.no);
  assert.equal(filters.watched('other'), Watched.yes);
  assert.equal(filters.mayMeet(0, 0), true);

  filters.linger(other, 0);
  filters.forget(1);
  assert.equal(filters.mayMeet(0, 0), false);
  assert.ok(filters.isEmpty);
});

test('marks: beside a prefix, every slot of every shard may meet a filter', () => {
  const filters = new WatchFilters(2, SLOTS);
  const prefix = filters.open({ text: 'user:', shard: null, previous: false });
  assert.equal(filters.mayMeet(1, 0), true);
  filters.linger(prefix, 0);
  filters.forget(1);
  assert.equal(filters.mayMeet(1, 0), false);
});
