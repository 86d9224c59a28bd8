/** Primary: one record for every request, once; records of its own while it is not sealed; room before growth. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainPut } from '../../../src/core/codec/operations.ts';
import type { Operation } from '../../../src/core/data/operation.ts';
import type { Record } from '../../../src/core/data/record.ts';
import { Status } from '../../../src/core/data/result.ts';
import { Primary } from '../../../src/core/node/primary.ts';
import type { NodeSettings } from '../../../src/core/protocol/settings.ts';
import { contents, newContext, newState } from './fixture.ts';

/** A primary of one copy: what it takes is applied at once. */
function subject(settings: Partial<NodeSettings> = {}) {
  const context = newContext(settings);
  const state = newState(context);
  const records: Record[] = [];
  const used: number[] = [];
  const take = (record: Record): void => {
    records.push(record);
    state.apply(record, true);
  };
  const primary = new Primary(state, context, { take, used: (hash) => used.push(hash) });
  let last = 0;
  const request = (operation: Operation, { number = ++last, pressure = false, watched = 0 as 0 | 1 | 2 } = {}) => {
    last = number;
    const [shard, epoch, committedSeq] = [7, 3, state.committedSeq];
    primary.onRequest({ type: 'request', shard, epoch, request: number, operation, committedSeq, pressure, watched });
    return records.at(-1)!;
  };
  return { context, state, primary, records, used, request };
}

const GET: Operation = { verb: 'get', key: 'a' };
const ABSENT: Operation = { ...plainPut('a', '2'), ifVersion: 0 };

test('P1: every request makes one record, failed conditions and logged reads too', () => {
  const { request, records } = subject();
  request(plainPut('a', '1'));
  assert.equal(request(ABSENT).result.status, Status.conditionFailed);
  assert.equal(request(GET).result.value, '1');
  assert.deepEqual(
    records.map(({ seq, request: number, effect }) => [seq, number, effect.type]),
    [
      [1, 1, 'put'],
      [2, 2, 'none'],
      [3, 3, 'none'],
    ],
  );
});

test('P2: a request that is in the log already makes no record; a gap is a bug', () => {
  const { request, records } = subject();
  request({ verb: 'increment', key: 'n', by: '1' });
  request({ verb: 'increment', key: 'n', by: '1' }, { number: 1 });
  assert.equal(records.length, 1);
  assert.throws(() => request(GET, { number: 3 }), /without gap/);
});

test('P3: sealed, it neither expires nor evicts nor is asked; a new configuration ends that', () => {
  const { request, primary, context, state, records } = subject({ maxMemoryBytes: 1e9, eviction: 'allkeys-lru' });
  request({ ...plainPut('a', '1'), ttl: 10 });
  request(plainPut('b', '1'));
  context.time += 1000;
  primary.seal();
  primary.eviction.evictPart(1);
  assert.deepEqual([primary.expire(), primary.eviction.shrink(), records.length], [false, false, 2]);
  assert.throws(() => request(GET), /sealed/);
  primary.configured();
  assert.deepEqual([primary.eviction.shrink(), primary.expire()], [false, true], 'what was to be evicted is over');
  assert.deepEqual(contents(state), ['b=1@2']);
});

test('an entry past its deadline is removed by a record of its own, not before', () => {
  const { request, primary, context, records } = subject();
  request({ ...plainPut('a', '1'), ttl: 10 });
  context.time += 9;
  assert.equal(primary.expire(), false);
  context.time += 1000;
  primary.expire();
  const { seq, request: number, effect } = records.at(-1)!;
  assert.deepEqual([seq, number, effect], [2, 0, { type: 'remove', key: 'a', cause: 'expire' }]);
});

test('keys that expire at one time have a record each: who resumes a watch after one is told the others', () => {
  const { request, primary, context, records } = subject();
  for (const key of ['a', 'b', 'c']) request({ ...plainPut(key, '1'), ttl: 10 });
  context.time += 1000;
  while (primary.expire());
  assert.deepEqual(
    records.slice(3).map(({ seq, effect }) => [seq, effect.type]),
    [
      [4, 'remove'],
      [5, 'remove'],
      [6, 'remove'],
    ],
  );
});

test('P4: without room what grows is refused, with a record; what does not grow goes on', () => {
  const { request, context, state } = subject({ maxMemoryBytes: 1e6 });
  request(plainPut('a', '1'));
  context.budget.reserved = 1e6;
  const { result, effect } = request(plainPut('b', '1'));
  assert.deepEqual([result.status, effect.type], [Status.outOfMemory, 'none']);
  assert.equal(request(GET).result.status, Status.ok);
  assert.equal(request({ verb: 'delete', key: 'a', ifVersion: -1, previous: false }).result.status, Status.ok);
  assert.deepEqual(contents(state), []);
});

test('P4: another node of the chain without room is as good as this one', () => {
  const { request } = subject({ maxMemoryBytes: 1e9 });
  assert.equal(request(plainPut('a', '1'), { pressure: true }).result.status, Status.outOfMemory);
  assert.equal(request(plainPut('a', '1')).result.status, Status.ok);
});

test('where entries may be evicted, they make room before the write is judged', () => {
  const { request, records, state } = subject({ maxMemoryBytes: 1e9, eviction: 'allkeys-lru' });
  request(plainPut('a', '1'));
  const { effect } = request(ABSENT, { pressure: true });
  assert.deepEqual(
    records.map(({ request: number, effect: { type } }) => [number, type]),
    [
      [1, 'put'],
      [0, 'remove'],
      [2, 'put'],
    ],
  );
  assert.equal(effect.type, 'put', 'its condition held: the entry was gone');
  assert.deepEqual(contents(state), ['a=2@3']);
});

test('it evicts the part it is asked for, in slices, and no more', () => {
  const { request, primary, state } = subject({ maxMemoryBytes: 1e9, eviction: 'allkeys-lru' });
  for (let i = 0; i < 100; i++) request(plainPut(`k${i}`, 'x'.repeat(100)));
  const before = state.data.liveBytes;
  primary.eviction.evictPart(0.5);
  state.commit(state.lastSeq);
  while (primary.eviction.shrink());
  assert.ok(
    state.data.liveBytes <= before / 2 && state.data.liveBytes > before * 0.4,
    `${state.data.liveBytes} of ${before}`,
  );
});

test('who watches is told what was there before, and a new deadline with its value', () => {
  const { request } = subject();
  request(plainPut('a', '1'));
  const again = request(plainPut('a', '2'), { watched: 2 }).effect;
  assert.ok(again.type === 'put' && again.previous?.value === '1');
  const expire = { verb: 'expire', key: 'a', ttl: 50, deadline: 0, when: 'always' } as const;
  const deadline = request(expire, { watched: 1 }).effect;
  assert.ok(deadline.type === 'put' && deadline.value === '2' && deadline.expiresAt === 1050);
});

test('reads in the log, and writes that were refused, count as uses; a stat does not', () => {
  const { request, used, state, context } = subject();
  request(plainPut('a', '1'));
  for (const operation of [GET, ABSENT, { verb: 'stat', key: 'a' } as const]) {
    context.uses.tick += 1;
    request(operation);
  }
  assert.deepEqual(used, [state.data.hashOf('a'), state.data.hashOf('a')]);
});
