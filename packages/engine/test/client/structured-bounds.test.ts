/**
 * A structured value that is too long is refused by the time its length is clear, however much of it is still to come: what is
 * counted here is how many of its parts were looked at.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packStructured } from '../../src/client/codec/structured.ts';
import { encodeValue } from '../../src/client/codec/values.ts';
import { ValueKind } from '../../src/core/data/operation.ts';
import { KvError } from '../../src/core/protocol/errors.ts';

const LIMIT = 1024;

/** How often a part of it was read until it was refused; everything counted goes through `count`. */
function readsOf(make: (count: <T>(part: T) => T) => unknown): number {
  let reads = 0;
  const value = make((part) => {
    reads += 1;
    return part;
  });
  assert.throws(() => encodeValue(value, ValueKind.structured, LIMIT), { code: 'VALUE_TOO_LARGE' });
  return reads;
}

/** An array that counts how many of its elements are read. */
function counted(array: unknown[], count: <T>(part: T) => T): unknown[] {
  const get = (target: unknown[], name: string | symbol): unknown => {
    const part = Reflect.get(target, name) as unknown;
    return typeof name === 'string' && name !== 'length' ? count(part) : part;
  };
  return new Proxy(array, { get });
}

describe('a structured value that is too long', () => {
  it('is refused before any element is read, if it has more of them than bytes are allowed', () => {
    assert.equal(
      readsOf((count) => counted(new Array(1e9), count)),
      0,
    );
    const entries = (count: <T>(part: T) => T): Iterable<[number, number]> => ({
      *[Symbol.iterator]() {
        for (let at = 0; at < 6000; at++) yield count([at, at]);
      },
    });
    const reads = readsOf((count) => {
      const map = new Map(entries((part) => part));
      map[Symbol.iterator] = () => entries(count)[Symbol.iterator]() as never;
      return [map];
    });
    assert.equal(reads, 0);
    assert.equal(
      readsOf((count) => {
        const set = new Set(Array.from({ length: 6000 }, (_, at) => at));
        set[Symbol.iterator] = () => counted([...set.values()], count)[Symbol.iterator]() as never;
        return [set];
      }),
      0,
    );
  });

  it('is refused once more was written, wherever the rest of it stands', () => {
    const reads = readsOf((count) => {
      const tree = (depth: number): unknown =>
        depth === 0 ? 1 : counted([tree(depth - 1), tree(depth - 1), tree(depth - 1)], count);
      return tree(10);
    });
    assert.ok(reads < 8 * LIMIT, `${reads} of 88,572 elements`);
    const holes = readsOf((count) => counted(new Array(LIMIT), (part) => count(part)));
    assert.ok(holes <= LIMIT);
  });

  it('is refused before text, bytes and bigints are looked through', () => {
    for (const part of ['x'.repeat(2 ** 29 - 30), new Float64Array(2 ** 20), Buffer.alloc(6000), 1n << 60_000n]) {
      assert.throws(() => packStructured({ part, next: Symbol('not looked at') }, LIMIT), { code: 'VALUE_TOO_LARGE' });
      assert.throws(() => packStructured(new Map([[part, 1]]), LIMIT), { code: 'VALUE_TOO_LARGE' });
    }
  });

  it('is one that is a byte longer than what is allowed, whatever it is made of', () => {
    const nested = (depth: number): unknown => (depth === 0 ? new Set([1]) : new Map([[1, nested(depth - 1)]]));
    for (const value of [nested(400), new Array(900).fill(undefined), { text: 'é'.repeat(700) }, [1n << 9000n]]) {
      const { length } = packStructured(value);
      assert.equal(packStructured(value, length).length, length);
      assert.throws(
        () => packStructured(value, length - 1),
        (error) => error instanceof KvError && error.code === 'VALUE_TOO_LARGE' && !error.retryable,
      );
    }
  });

  it('is refused as any other long text: before it is made one piece', () => {
    const text = 'x'.repeat(2 ** 29 - 30) + 'y'.repeat(2);
    assert.throws(() => encodeValue(text, ValueKind.text, LIMIT), {
      code: 'VALUE_TOO_LARGE',
      message: /at least 536870884 bytes, the limit is 1024/,
    });
  });
});
