/** Deque: against an array. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deque } from '../../src/core/deque.ts';

test('pushes, shifts and removals anywhere leave what an array would hold', () => {
  const step = fc.oneof(fc.constant('push'), fc.constant('push'), fc.constant('shift'), fc.nat(40));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const deque = new Deque<number>();
      const array: number[] = [];
      for (const [at, wanted] of steps.entries()) {
        if (wanted === 'push') {
          array.push(at);
          deque.push(at);
        } else if (wanted === 'shift') assert.equal(deque.shift(), array.shift());
        else if (typeof wanted === 'number' && wanted < array.length) {
          assert.equal(deque.removeAt(wanted), array.splice(wanted, 1)[0]);
        }
        assert.equal(deque.length, array.length);
      }
      assert.deepEqual([...deque], array);
    }),
  );
});
