/**
 * The first bytes: which protocol a connection is decided to speak, by itself and through the front door, plain and in TLS.
 *
 * Wrong is: a verdict that more bytes would change; another verdict than the rules in plain words; anything run by a
 * protocol other than the one decided on; a server that does not hang up; a healthy client not answered as ever.
 */
import { SNIFF_BYTES_MAX, type Sniff, sniff } from '../../src/listen/sniff.ts';
import { certificate } from '../support/certificate.ts';
import { PREFACE } from './http2-frames.ts';
import { cut, mutate } from './mutate.ts';
import { Random } from './random.ts';
import { CLIENT_HELLO, firstBytes, HTTP_CANARY, payload, RESP_CANARY } from './sniff-frames.ts';
import { noTally, type Tally } from './target.ts';
import { attack, converse, Wire } from './wire.ts';

const SAMPLES = 40_000;
const CONNECTIONS = 400;
const SECURE_CONNECTIONS = 40;
const HEALTHY_EVERY = 40;

const MAY_RUN: Partial<Record<Sniff, string>> = { resp: RESP_CANARY, http1: HTTP_CANARY };

export async function sniffTarget(seed: number): Promise<Tally> {
  const random = new Random(seed);
  const tally = noTally();
  for (let sample = 0; sample < SAMPLES; sample++) checkVerdict(random, firstBytes(random));
  tally.frames = SAMPLES;
  // TLS has certificates to check and keys to agree on, and sockets to do it on: every fourth epoch.
  const secure = seed % 4 === 0;
  const wire = await Wire.open({ overTcp: secure, tls: secure ? certificate() : undefined });
  try {
    const connections = secure ? SECURE_CONNECTIONS : CONNECTIONS;
    for (let index = 0; index < connections; index++) {
      await knock(wire, new Random(seed * CONNECTIONS + index), secure, tally);
      if (index % HEALTHY_EVERY > 0) continue;
      const answer = await converse(wire, 'SET healthy 1\r\nGET healthy\r\nQUIT\r\n');
      if (answer !== '+OK\r\n$1\r\n1\r\n+OK\r\n') throw new Error(`a healthy client got ${JSON.stringify(answer)}`);
      tally.healthy++;
    }
  } finally {
    await wire.close();
  }
  return tally;
}

/** The rules of sniff.ts in other words. */
function expected(text: string): Sniff {
  if (text.startsWith('*')) return 'resp';
  if (text.startsWith('\x16')) return 'tls';
  if (text.startsWith(PREFACE)) return 'http2';
  if (PREFACE.startsWith(text)) return 'more';
  const [line, ...more] = text.split('\n');
  if (more.length === 0) return text.length > SNIFF_BYTES_MAX ? 'resp' : 'more';
  const words = line!.replace(/\r$/, '').split(' ');
  const [method = '', target = '', version = ''] = words;
  const isRequest =
    words.length === 3 && /^[\w!#$%&'*+.^`|~-]+$/.test(method) && /^\S+$/.test(target) && /^HTTP\/1\.\d$/.test(version);
  const givesAway = method.toLowerCase() === 'post' && words.length > 1;
  return isRequest || givesAway || /^host:/i.test(text) ? 'http1' : 'resp';
}

function checkVerdict(random: Random, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  const verdict = sniff(bytes);
  const rule = expected(text);
  if (verdict !== rule) throw new Error(`sniffed ${verdict}, by the rules ${rule}: ${JSON.stringify(text)}`);
  for (let tries = 0; tries < 3; tries++) {
    const early = sniff(bytes.subarray(0, random.below(bytes.length + 1)));
    if (early !== 'more' && early !== verdict) throw new Error(`${early} turned ${verdict}: ${JSON.stringify(text)}`);
  }
}

/** One connection of doubtful first bytes with a payload that tells who ran it. */
async function knock(wire: Wire, random: Random, secure: boolean, tally: Tally): Promise<void> {
  const hello = secure && random.chance(50);
  const text = (hello ? mutate(random, CLIENT_HELLO) : firstBytes(random)) + payload(random);
  const pieces = cut(random, text);
  const { refused } = await attack(wire, { pieces, pauses: () => random.chance(30), secure: secure && !hello });
  tally.connections++;
  tally.frames++;
  if (refused) tally.refused++;
  wire.checkBugs();
  const verdict = expected(text);
  for (const canary of wire.executor.seen.splice(0)) {
    if (canary !== MAY_RUN[verdict]) throw new Error(`${verdict} ran ${canary}: ${JSON.stringify(text)}`);
  }
}
