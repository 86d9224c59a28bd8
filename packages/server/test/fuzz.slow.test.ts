// Bytes that no client would send, for a while. For longer: the fuzz lane of CI, and pnpm fuzz --frames 1000000 (see fuzz/run.ts).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_LIMITS } from '../src/listen/limits.ts';
import { Decoder } from '../src/resp/decoder.ts';
import { cut } from './fuzz/mutate.ts';
import { Random } from './fuzz/random.ts';
import { respFrames } from './fuzz/resp-frames.ts';
import { fuzz } from './fuzz/supervise.ts';
import { TARGET_NAMES } from './fuzz/targets.ts';
import { request } from './support/fake-transport.ts';

/** CI has a lane of millions; here is whether each target and its attacks work at all. */
const FRAMES = 5_000;
/** Every fourth epoch of these is in TLS. */
const IN_TLS = 4;
const ATTACKS = [
  ...TARGET_NAMES.map((target) => ({ target, seed: 1, how: '' })),
  { target: 'grpc', seed: IN_TLS, how: ' in TLS' },
  { target: 'sniff', seed: IN_TLS, how: ' in TLS' },
] as const;
const TEXTS = 2000;

test('fuzz: front door and protocols', { concurrency: 2 }, async (t) => {
  const targets = ATTACKS.map(({ target, seed, how }) =>
    t.test(`fuzz: ${FRAMES} frames of ${target}${how}`, async () => {
      const { frames, refused, healthy } = await fuzz({ target, seed, frames: FRAMES });
      assert.ok(frames >= FRAMES);
      assert.ok(refused > 0 && healthy > 0, 'an attack that meets no refusal attacks nothing');
    }),
  );
  await Promise.all(targets);
});

test('fuzz: what is decoded does not depend on how the bytes are cut', () => {
  for (let seed = 0; seed < TEXTS; seed++) {
    const random = new Random(seed);
    const text = respFrames(random, 10, 3);
    const whole = decodeAll([text]);
    assert.deepEqual(decodeAll(cut(random, text)), whole, `seed ${seed}`);
    assert.deepEqual(decodeAll([...text]), whole, `seed ${seed}`);
  }
});

test('fuzz: requests of any arguments, however cut, come back as they were sent', () => {
  const requests = fc.array(fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 8 }), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(requests, fc.array(fc.nat(1000), { maxLength: 6 }), (lists, cuts) => {
      const sent = lists.map((list) => list.map((bytes) => Buffer.from(bytes).toString('latin1')));
      const text = sent.map((args) => request(...args)).join('');
      const at = [0, ...cuts.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
      const pieces = at.slice(1).map((end, index) => text.slice(at[index], end));
      assert.deepEqual(decodeAll(pieces), [...sent, null]);
    }),
    { numRuns: 5000 },
  );
});

/** The requests, then the error or null. */
function decodeAll(pieces: readonly string[]): unknown[] {
  const decoder = new Decoder(DEFAULT_LIMITS);
  const found: unknown[] = [];
  for (const piece of pieces) {
    if (piece === '') continue;
    decoder.feed(Buffer.from(piece, 'latin1'));
    for (let args = decoder.next(); args !== null; args = decoder.next()) found.push(args);
  }
  return [...found, decoder.error];
}
