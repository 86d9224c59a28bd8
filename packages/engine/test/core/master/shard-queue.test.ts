/** The queue of a shard: what is sent, held back and numbered, in protocol §5's order and within its credit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainPut } from '../../../src/core/codec/operations.ts';
import type { Operation } from '../../../src/core/data/operation.ts';
import { Subject } from './subject.ts';

const put = (key: string, value = 'v') => plainPut(key, value);
const get = (key: string): Operation => ({ verb: 'get', key });
const COUNT: Operation = { verb: 'count', key: '' };
const CLEAR: Operation = { verb: 'clear', key: '' };

test('Q1: requests are numbered as they are sent, without gap; direct reads have numbers of their own', () => {
  const subject = new Subject();
  for (const operation of [put('a'), get('b'), put('c'), put('a')]) subject.submit(operation);
  assert.deepEqual(subject.take(), ['put a #1', 'read b 1', 'put c #2', 'put a #3']);
});

test('§5: a read behind a write of its key is numbered; one behind a logged read waits', () => {
  const subject = new Subject();
  for (const operation of [put('a'), get('a'), get('a')]) subject.submit(operation);
  assert.deepEqual(subject.take(), ['put a #1', 'get a #2', 'get a #3']);
  subject.answer();
  subject.submit(get('a'));
  assert.deepEqual(subject.take(), [], 'no write is under way, and a direct read could overtake those in the log');
  subject.answer();
  subject.answer();
  assert.deepEqual(subject.take(), ['read a 1']);
});

test('§5: a write waits for a direct read of its key, and what comes later of that key waits behind it', () => {
  const subject = new Subject();
  for (const operation of [get('a'), put('a'), get('a'), put('b')]) subject.submit(operation);
  assert.deepEqual(subject.take(), ['read a 1', 'put b #1']);
  subject.value(1);
  assert.deepEqual(subject.take(), ['put a #2', 'get a #3']);
});

test('a clear waits for every direct read, and all that comes later for the clear', () => {
  const subject = new Subject();
  for (const operation of [get('a'), CLEAR, get('b'), put('c')]) subject.submit(operation);
  assert.deepEqual(subject.take(), ['read a 1']);
  subject.value(1);
  assert.deepEqual(subject.take(), ['clear  #1', 'get b #2', 'put c #3']);
});

test('a read of the whole shard goes when all that came before is answered, and keeps nobody waiting', () => {
  const subject = new Subject();
  for (const operation of [put('a'), COUNT, put('b')]) subject.submit(operation);
  assert.deepEqual(subject.take(), ['put a #1', 'put b #2']);
  subject.answer();
  assert.deepEqual(subject.take(), ['read  1'], 'it does not wait for what came later');
});

test('Q3, Q4: what is beyond the credit waits in line, and goes in order as answers come', () => {
  const subject = new Subject({ creditOperations: 2 });
  for (const key of ['a', 'b', 'c', 'd']) subject.submit(put(key));
  assert.deepEqual(subject.take(), ['put a #1', 'put b #2']);
  subject.answer();
  assert.deepEqual(subject.take(), ['put c #3']);
  subject.answer();
  subject.answer();
  assert.deepEqual(subject.take(), ['put d #4']);
});

test('Q3: bytes are credit too, and one operation always fits', () => {
  const subject = new Subject({ creditBytes: 1000 });
  subject.submit(put('a', 'x'.repeat(5000)));
  subject.submit(put('b'));
  assert.deepEqual(subject.take(), ['put a #1']);
  subject.answer();
  assert.deepEqual(subject.take(), ['put b #2']);
});

test('when the waiting room is full it is BUSY, and nothing was sent', () => {
  const subject = new Subject({ creditOperations: 1, waitingOperations: 1 });
  for (const name of ['sent', 'waits', 'refused']) subject.submit(put(name), name);
  assert.deepEqual([subject.heard, subject.take()], [['refused BUSY'], ['put sent #1']]);
});

test('§4.5: given up while it waits it is never sent; once numbered it may be done, and is still waited for', () => {
  const subject = new Subject({ creditOperations: 1 });
  const numbered = subject.submit(put('a'), 'numbered');
  const waits = subject.submit(put('b'), 'waits');
  subject.submit(put('c'), 'last');
  for (const call of [waits, numbered]) subject.master.giveUp(call, 'aborted', subject.now);
  assert.deepEqual(subject.heard, ['waits ABORTED', 'numbered ABORTED_IN_FLIGHT']);
  assert.deepEqual(subject.take(), ['put a #1'], 'its credit is not back before its answer');
  subject.answer();
  assert.deepEqual(subject.take(), ['put c #2']);
  subject.answer();
  assert.deepEqual(subject.heard.slice(2), ['last ok'], 'nobody hears twice');
});
