/** How often passwords may be guessed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADDRESS_GUESSES, addressGroup, GuessLimits, SERVER_GUESSES } from '../src/access/guess-limits.ts';
import { TokenBucket } from '../src/access/token-bucket.ts';

test('bucket: so many at once, then so many a second, never more than the burst', () => {
  const bucket = new TokenBucket(3, 2, 1000);
  for (let count = 0; count < 3; count++) {
    assert.equal(bucket.has(1000), true);
    bucket.take(1000);
  }
  assert.equal(bucket.has(1000), false);
  assert.equal(bucket.has(1499), false);
  assert.equal(bucket.has(1500), true);
  bucket.take(1500);
  assert.equal(bucket.has(900), false, 'a clock that goes backwards gives nothing');
  assert.equal(bucket.has(1_000_000), true);
  for (let count = 0; count < 3; count++) bucket.take(1_000_000);
  assert.equal(bucket.has(1_000_000), false);
});

const { burst, perSecond } = ADDRESS_GUESSES;

function guesser(): {
  limits: GuessLimits;
  compared: () => number;
  guess: (from: string, right: boolean, at?: number) => string;
} {
  const limits = new GuessLimits(0);
  let compared = 0;
  const guess = (from: string, right: boolean, at = 0): string =>
    limits.guess(
      from,
      () => {
        compared++;
        return right;
      },
      at,
    );
  return { limits, compared: () => compared, guess };
}

test('guesses: an address that guessed too often is not compared with, right or wrong, until its bucket refills', () => {
  const { guess, compared } = guesser();
  for (let count = 0; count < burst; count++) assert.equal(guess(`10.0.0.1:${count}`, false), 'wrong');
  assert.equal(guess('10.0.0.1:99', false), 'throttled');
  assert.equal(guess('10.0.0.1:99', true), 'throttled');
  assert.equal(compared(), burst);
  assert.equal(guess('10.0.0.2:1', true), 'right', 'others are not concerned');
  assert.equal(guess('10.0.0.1:99', true, 1000 / perSecond), 'right');
  assert.equal(guess('10.0.0.1:99', true, 1000 / perSecond), 'right', 'a right one takes nothing');
});

test('guesses: all addresses together are limited too, but for those that gave the right one', () => {
  const { guess } = guesser();
  assert.equal(guess('10.9.9.9:1', true), 'right');
  for (let count = 0; count < SERVER_GUESSES.burst; count++) assert.equal(guess(`10.0.1.${count}:1`, false), 'wrong');
  assert.equal(guess('10.0.2.1:1', true), 'throttled');
  assert.equal(guess('10.9.9.9:1', true), 'right');
  assert.equal(guess('10.0.2.1:1', true, 1000 / SERVER_GUESSES.perSecond), 'right');
});

test('guesses: a bucket is of an IPv4 address, or of a /64', () => {
  assert.equal(addressGroup('10.0.0.1:5000'), '10.0.0.1');
  assert.equal(addressGroup('[::ffff:10.0.0.1]:5000'), '10.0.0.1');
  assert.equal(addressGroup('[2001:db8:1:2:3:4:5:6]:5000'), '2001:db8:1:2');
  assert.equal(addressGroup('[2001:db8:1:2::9]:5000'), '2001:db8:1:2');
  assert.equal(addressGroup('[2001:db8::9]:5000'), '2001:db8:0:0');
  assert.equal(addressGroup('[::1]:5000'), '0:0:0:0');
});
