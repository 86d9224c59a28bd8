/** Deque: a plain queue to whoever uses it, however often its ring grows, shrinks and wraps around. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deque } from '../../src/core/deque.ts';

test('does what an array does, through bursts and droughts', () => {
  const step = fc.record({ push: fc.nat(100), shift: fc.nat(100), remove: fc.nat(150) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const deque = new Deque<number>();
      const model: number[] = [];
      let next = 0;
      for (const { push, shift, remove } of steps) {
        for (let left = push; left > 0; left--) {
          deque.push(next);
          model.push(next++);
        }
        if (remove < model.length) assert.equal(deque.removeAt(remove), model.splice(remove, 1)[0]);
        for (let left = shift; left > 0; left--) assert.equal(deque.shift(), model.shift());
        assert.equal(deque.length, model.length);
        assert.equal(deque.first(), model[0]);
        assert.equal(deque.at(model.length - 1), model.at(-1));
        assert.equal(deque.at(model.length), undefined);
        assert.deepEqual([...deque], model);
      }
    }),
  );
});
