/** The optimistic loop and its plans, over results made by hand. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Operation, ValueKind } from '../../src/core/data/operation.ts';
import {
  type Move,
  type Plan,
  planMove,
  type RetryPolicy,
  runPlan,
  untilUncontended,
} from '../../src/core/data/optimistic.ts';
import { itemsResult, plainResult, type Result, Status, valueResult } from '../../src/core/data/result.ts';

const entry = (version: number, value = 'v', expiresAt = 0) =>
  valueResult(Status.ok, version, value, ValueKind.bytes, expiresAt);
const absent = plainResult(Status.absent, 0);
const atOnce = (attempts: number): RetryPolicy<void> => ({ attempts, pause: (_made, next) => next() });

describe('optimistic loop', () => {
  it('tries as often as the policy says, pauses between, and says how often it was', () => {
    const log: string[] = [];
    const pause = (made: number, next: () => void) => {
      log.push(`pause ${made}`);
      next();
    };
    const attempt = (conflicted: () => void) => {
      log.push('try');
      conflicted();
    };
    untilUncontended({ attempts: 3, pause }, attempt, (made) => log.push(`contended ${made}`));
    assert.deepEqual(log, ['try', 'pause 1', 'try', 'pause 2', 'try', 'contended 3']);
  });

  it('ends with the first attempt that meets no conflict', () => {
    let tries = 0;
    untilUncontended(
      atOnce(9),
      (conflicted) => {
        if (++tries < 4) conflicted();
      },
      () => assert.fail('contended'),
    );
    assert.equal(tries, 4);
  });
});

describe('plan', () => {
  const putBoth: Plan<string> = {
    keys: ['a', 'b'],
    needsValues: false,
    decide: ([a, b]) => ({
      steps: [{ verb: 'append', key: 'a', value: 'x', kind: ValueKind.text }],
      outcome: `${a!.version},${b!.version}`,
    }),
  };

  it('writes on condition of what it has read, decides again after a conflict, and has the last outcome', () => {
    const { asked, outcome } = run(putBoth, [
      itemsResult(Status.ok, 0, [entry(7), absent]),
      itemsResult(Status.conditionFailed, 0, []),
      itemsResult(Status.ok, 0, [entry(8), entry(9)]),
      itemsResult(Status.ok, 0, []),
    ]);
    assert.equal(outcome, '8,9');
    assert.deepEqual(asked.map(conditionsOf), [[], ['a=7', 'b=0'], [], ['a=8', 'b=9']]);
  });

  it('reads one key by itself, several at one moment; without steps nothing is written', () => {
    const nothing = { decide: () => ({ steps: [], outcome: 'read' }), needsValues: true };
    const one = run({ ...nothing, keys: ['a'] }, [absent]);
    assert.deepEqual(one, { asked: [{ verb: 'get', key: 'a' }], outcome: 'read' });
    const two = run({ ...nothing, keys: ['a', 'b'] }, [itemsResult(Status.ok, 0, [absent, absent])]);
    assert.deepEqual(
      two.asked.map(({ verb }) => verb),
      ['transaction'],
    );
  });

  it('is contended when every attempt was', () => {
    const replies = [itemsResult(Status.ok, 0, [absent, absent]), itemsResult(Status.conditionFailed, 0, [])];
    assert.equal(run(putBoth, [...replies, ...replies, ...replies], 3).outcome, 'contended 3');
  });
});

describe('plan of a move', () => {
  const decide = (move: Partial<Move>, entries: readonly Result[]) =>
    planMove({ from: 'a', to: 'b', removing: true, replacing: true, ...move }).decide(entries);

  it('keeps kind and deadline', () => {
    const [put, removal] = decide({}, [entry(3, 'v', 99)]).steps;
    assert.deepEqual(
      { ...put },
      {
        verb: 'put',
        key: 'b',
        value: 'v',
        kind: ValueKind.bytes,
        ifVersion: -1,
        ttl: 0,
        deadline: 99,
        previous: false,
      },
    );
    assert.deepEqual({ ...removal }, { verb: 'delete', key: 'a', ifVersion: -1, previous: false });
    assert.equal(decide({ removing: false }, [entry(3)]).steps.length, 1);
  });

  it('is absent, occupied or done', () => {
    const table: [Partial<Move>, Result[], string, number][] = [
      [{}, [absent], 'absent', 0],
      [{}, [entry(1)], 'done', 2],
      [{ to: 'a' }, [entry(1)], 'done', 0],
      [{ to: 'a' }, [absent], 'absent', 0],
      [{ replacing: false }, [entry(1), entry(2)], 'occupied', 0],
      [{ replacing: false }, [entry(1), absent], 'done', 2],
      [{ replacing: false }, [absent, entry(2)], 'absent', 0],
      [{ replacing: false, to: 'a' }, [entry(1)], 'occupied', 0],
    ];
    for (const [move, entries, outcome, steps] of table) {
      const decision = decide(move, entries);
      assert.deepEqual([decision.outcome, decision.steps.length], [outcome, steps], JSON.stringify(move));
    }
  });

  it('reads the target only if it may not be replaced', () => {
    const keysOf = (move: Partial<Move>) =>
      planMove({ from: 'a', to: 'b', removing: true, replacing: true, ...move }).keys;
    assert.deepEqual(keysOf({}), ['a']);
    assert.deepEqual(keysOf({ replacing: false }), ['a', 'b']);
    assert.deepEqual(keysOf({ replacing: false, to: 'a' }), ['a']);
  });
});

function run(plan: Plan<string>, replies: Result[], attempts = 10): { asked: Operation[]; outcome: string } {
  const asked: Operation[] = [];
  let outcome = '';
  const ask = (operation: Operation, next: (result: Result) => void) => {
    asked.push(operation);
    next(replies.shift()!);
  };
  const done = (text: string) => {
    assert.equal(outcome, '', 'one outcome');
    outcome = text;
  };
  runPlan(plan, atOnce(attempts), ask, done, (made) => done(`contended ${made}`));
  assert.deepEqual(replies, [], 'every reply was asked for');
  return { asked, outcome };
}

function conditionsOf(operation: Operation): string[] {
  assert.ok(operation.verb === 'transaction');
  return operation.conditions.map(({ key, ifVersion }) => `${key}=${ifVersion}`);
}
