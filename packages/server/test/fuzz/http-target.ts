/**
 * HTTP/1.1: the front door, node's parser and every route; every fourth epoch over TCP, the others in memory.
 *
 * Wrong is: a bug reported; bytes of a body run as commands; a first answer that is not HTTP's; a server that does not hang
 * up after its client; a healthy client not answered as ever.
 */
import { subscribe } from 'node:diagnostics_channel';
import { httpFrames } from './http-frames.ts';
import { cut } from './mutate.ts';
import { Random } from './random.ts';
import { noTally, type Tally } from './target.ts';
import { attack, converse, Wire } from './wire.ts';

const CONNECTIONS = 400;
const FRAMES = 80;
const HEALTHY_EVERY = 20;

/** Requests whose head was understood, of the whole process. */
let requests = 0;
subscribe('http.server.request.start', () => {
  requests++;
});

export async function httpTarget(seed: number): Promise<Tally> {
  const wire = await Wire.open({ overTcp: seed % 4 === 0 });
  const tally = noTally();
  try {
    for (let connection = 0; connection < CONNECTIONS; connection++) {
      // A client's own, so that what it sends does not hang on how fast others were answered.
      const random = new Random(seed * CONNECTIONS + connection);
      const before = requests;
      const sound = random.pick([5, 20, 100, 400]);
      const pieces = cut(random, httpFrames(random, FRAMES, sound));
      const { output, refused } = await attack(wire, { pieces, pauses: () => random.chance(20) });
      if (!/^(?:$|HTTP\/1\.1 )/.test(output)) throw new Error(`HTTP answered ${JSON.stringify(output.slice(0, 40))}`);
      tally.connections++;
      if (refused) tally.refused++;
      // What broke the connection is a frame that no request came of.
      tally.frames += requests - before + (refused ? 1 : 0);
      wire.checkBugs();
      wire.checkCanaries();
      if (connection % HEALTHY_EVERY > 0) continue;
      wire.executor.forget();
      await checkHealthy(wire, random);
      tally.healthy++;
    }
  } finally {
    await wire.close();
  }
  return tally;
}

async function checkHealthy(wire: Wire, random: Random): Promise<void> {
  const value = random.bytes(30);
  const put = `PUT /v1/keys/healthy HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${value.length}\r\n\r\n${value}`;
  const get = 'GET /v1/keys/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const text = await converse(wire, put + get);
  if (text.startsWith('HTTP/1.1 204 ') && text.includes('HTTP/1.1 200 ') && text.endsWith(`\r\n\r\n${value}`)) return;
  throw new Error(`a healthy client got ${JSON.stringify(text)}`);
}
