/**
 * Histories a human can judge, legal ones and illegal ones, each as a table (see support/table.ts).
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkLinearizable } from '../src/linearizability.ts';
import { isLinearizableByBruteForce } from './support/brute-force.ts';
import { table } from './support/table.ts';

const LEGAL: Record<string, string> = {
  'nothing at all': '',
  'a read of what was written': `
    1 | 0..10  | put a | applied v1
    1 | 20..30 | get   | a v1`,
  'concurrent writes, seen in either order by those after': `
    1 | 0..10  | put a | applied
    2 | 1..11  | put b | applied
    3 | 12..13 | get   | a
    3 | 14..15 | get   | a`,
  'a read that overlaps a write sees the old value or the new': `
    1 | 0..5   | put a | applied
    1 | 10..30 | put b | applied
    2 | 11..12 | get   | a
    2 | 13..14 | get   | b`,
  'an unknown write that took effect late': `
    1 | 0..5   | put a | applied
    2 | 6      | put b | ?
    1 | 10..20 | get   | a
    1 | 30..40 | get   | b`,
  'an unknown write that never took effect': `
    1 | 0..5   | put a | applied
    2 | 6      | put b | ?
    1 | 10..20 | get   | a`,
  'an unknown increment found out by the next number': `
    1 | 0..5   | incr 1 | n=1
    2 | 6      | incr 1 | ?
    1 | 10..20 | incr 1 | n=3`,
  'a refused operation had no effect': `
    1 | 0..5   | put a | applied
    1 | 6..9   | put b | -
    1 | 10..20 | get   | a`,
  'compare-and-set: one wins, the other is told the version that won': `
    1 | 0..5   | put a             | applied v1
    1 | 10..20 | put b ifVersion=1 | applied v2
    2 | 11..21 | put c ifVersion=1 | refused v2
    1 | 30..40 | get               | b v2`,
  'a deleted key is absent and can be made anew': `
    1 | 0..5   | put a          | applied v1
    1 | 10..11 | delete         | applied
    1 | 12..13 | get            | absent v-
    1 | 14..15 | put b ifAbsent | applied v3`,
  'append, increment, getAndPut, getAndDelete in a row': `
    1 | 0..1   | append x     | len=1
    1 | 2..3   | append y     | xy
    1 | 4..5   | getAndPut 7  | xy
    1 | 6..7   | incr 5       | n=12
    1 | 8..9   | getAndDelete | 12
    1 | 10..11 | getAndDelete | absent
    1 | 12..13 | incr 1       | n=1`,
  'increment of a text is refused': `
    1 | 0..1 | put a  | applied
    1 | 2..3 | incr 1 | refused
    1 | 4..5 | get    | a`,
  'a value vanishes within its window': `
    1 | 0..5   | put a expires=100..120 | applied v1
    1 | 90..95 | get                    | a
    1 | 105..110 | get                  | a
    1 | 111..115 | get                  | absent
    1 | 130..140 | get                  | absent`,
  'a later write without expiry stays': `
    1 | 0..5     | put a expires=100..120 | applied
    1 | 10..15   | put b                  | applied
    1 | 200..210 | get                    | b`,
  'an increment keeps the expiry': `
    1 | 0..5     | put 1 expires=100..120 | applied
    1 | 10..15   | incr 1                 | n=2
    1 | 200..210 | get                    | absent`,
  'expire gives a value an end': `
    1 | 0..5     | put a                | applied
    1 | 10..15   | expire expires=50..60 | applied
    1 | 70..80   | get                  | absent
    1 | 90..95   | expire expires=99..99 | refused`,
};

const ILLEGAL: Record<string, string> = {
  'a stale read': `
    1 | 0..10  | put a | applied
    1 | 20..30 | put b | applied
    2 | 40..50 | get   | a`,
  'a stale read, by versions': `
    1 | 0..10  | put a | applied v1
    1 | 20..30 | put b | applied v2
    2 | 40..50 | get   | a v1`,
  'a lost update': `
    1 | 0..10  | incr 1 | n=1
    2 | 20..30 | incr 1 | n=1`,
  'an increment that counted twice': `
    1 | 0..10  | incr 1 | n=1
    2 | 20..30 | incr 1 | n=3`,
  'an unknown increment that counted twice': `
    1 | 0..10  | incr 1 | n=1
    2 | 11     | incr 1 | ?
    1 | 20..30 | incr 1 | n=4`,
  'an acknowledged write lost': `
    1 | 0..10  | put a | applied
    2 | 20..30 | get   | absent`,
  'a read of a value never written': `
    1 | 0..10  | put a | applied
    2 | 5..15  | get   | z`,
  'a read of a write that surely had no effect': `
    1 | 0..10  | put a | -
    2 | 20..30 | get   | a`,
  'a read from the future': `
    1 | 0..10  | get   | a
    2 | 20..30 | put a | applied`,
  'two readers disagree on the order of two writes': `
    1 | 0..10  | put a | applied
    2 | 0..10  | put b | applied
    3 | 20..30 | get   | a
    4 | 40..50 | get   | b`,
  'new, then old again': `
    1 | 0..100 | put a | applied
    2 | 10..20 | get   | a
    2 | 30..40 | get   | absent`,
  'compare-and-set: both win': `
    1 | 0..5   | put a             | applied v1
    1 | 10..20 | put b ifVersion=1 | applied v2
    2 | 11..21 | put c ifVersion=1 | applied v3`,
  'compare-and-set: both win, versions not reported': `
    1 | 0..5   | put a             | applied v1
    1 | 10..20 | put b ifVersion=1 | applied
    2 | 11..21 | put c ifVersion=1 | applied`,
  'put-if-absent: both win': `
    1 | 10..20 | put a ifAbsent | applied
    2 | 11..21 | put b ifAbsent | applied`,
  'refused for no reason': `
    1 | 0..5   | put a             | applied v1
    1 | 10..20 | put b ifVersion=1 | refused v1`,
  'a value resurrected after delete': `
    1 | 0..10  | put a  | applied
    1 | 20..30 | delete | applied
    2 | 40..50 | get    | a`,
  'a delete that found nothing, though something was there': `
    1 | 0..10  | put a  | applied
    1 | 20..30 | delete | refused`,
  'one value deleted twice': `
    1 | 0..10  | put a        | applied
    1 | 20..30 | getAndDelete | a
    2 | 25..35 | getAndDelete | a`,
  'versions that fall': `
    1 | 0..10  | put a | applied v5
    1 | 20..30 | put b | applied v4`,
  'one version for two writes': `
    1 | 0..10 | put a | applied v5
    2 | 0..10 | put b | applied v5`,
  'two versions for one write': `
    1 | 0..10  | put a | applied
    1 | 20..30 | get   | a v1
    1 | 40..50 | get   | a v2`,
  'a version of a value other than the one it was given with': `
    1 | 0..10  | put a | applied v1
    1 | 20..30 | get   | a v2`,
  'an unknown write seen, then unseen': `
    1 | 0..5   | put a | applied
    2 | 6      | put b | ?
    1 | 10..20 | get   | b
    1 | 30..40 | get   | a`,
  'an unknown delete seen, then unseen': `
    1 | 0..5   | put a  | applied
    2 | 6      | delete | ?
    1 | 10..20 | get    | absent
    1 | 30..40 | get    | a`,
  'an unknown write seen before it was called': `
    1 | 0..5   | get   | b
    2 | 6      | put b | ?`,
  'an append lost': `
    1 | 0..10  | append x | len=1
    1 | 20..30 | append y | len=1`,
  'vanished too early': `
    1 | 0..5   | put a expires=100..120 | applied
    1 | 50..60 | get                    | absent`,
  'vanished too late': `
    1 | 0..5     | put a expires=100..120 | applied
    1 | 121..130 | get                    | a`,
  'back from having vanished': `
    1 | 0..5     | put a expires=100..120 | applied
    1 | 105..106 | get                    | absent
    1 | 107..108 | get                    | a`,
  'vanished though overwritten': `
    1 | 0..5     | put a expires=100..120 | applied
    1 | 10..15   | put b                  | applied
    1 | 200..210 | get                    | absent`,
};

describe('legal histories', () => {
  for (const [name, text] of Object.entries(LEGAL)) {
    test(name, () => {
      const records = table(text);
      assert.ok(isLinearizableByBruteForce(records), 'the oracle disagrees with the table');
      for (const method of ['any', 'search'] as const)
        assert.equal(checkLinearizable(records, { method }).verdict, 'ok');
    });
  }
});

describe('illegal histories', () => {
  for (const [name, text] of Object.entries(ILLEGAL)) {
    test(name, () => {
      const records = table(text);
      assert.ok(!isLinearizableByBruteForce(records), 'the oracle disagrees with the table');
      for (const method of ['any', 'search'] as const) {
        const { verdict, violations } = checkLinearizable(records, { method });
        assert.equal(verdict, 'violation');
        assert.equal(violations[0]?.key, 'k');
      }
    });
  }
});

test('keys are judged each for itself', () => {
  const { verdict, violations, keys } = checkLinearizable(
    table(`
      a:1 | 0..10  | put x | applied
      b:1 | 20..30 | put y | applied
      a:2 | 40..50 | get   | x
      b:2 | 60..70 | get   | x`),
  );
  assert.deepEqual([verdict, keys, violations.map(({ key }) => key)], ['violation', 2, ['b']]);
});

test('a result that says nothing is not accepted in silence', () => {
  const [record] = table('1 | 0..10 | get | a');
  assert.ok(record !== undefined);
  const silent = { ...record, outcome: { kind: 'ok' as const, result: { version: 1 } } };
  assert.throws(() => checkLinearizable([silent]), /must say: value/);
});

test('a budget of no steps leaves the verdict unknown', () => {
  const records = table(LEGAL['a deleted key is absent and can be made anew'] ?? '');
  const report = checkLinearizable(records, { budgetSteps: 0 });
  assert.deepEqual([report.verdict, report.undecided], ['unknown', ['k']]);
});

test('a violation reads well', () => {
  const { violations } = checkLinearizable(
    table(`
      1 | 0..10    | put before                     | applied v3
      1 | 20..30   | put first ifVersion=3          | applied v4
      1 | 31..35   | get                            | first v4
      2 | 40       | put unknown                    | ?
      1 | 100..120 | put second expires=1000..1200  | applied v12
      2 | 130..150 | get                            | first v4`),
  );
  assert.equal(
    violations[0]?.text,
    [
      'key "k": no order of these operations explains their answers, whatever the others did',
      '4 of 6 operations are not shown',
      '  client  invoked  returned  operation                         result',
      '       1      100       120  put "second" expiring 1000..1200  applied, version 12',
      '       2      130       150  get                               "first", version 4',
    ].join('\n'),
  );
});
