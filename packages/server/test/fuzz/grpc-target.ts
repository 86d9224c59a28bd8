/**
 * gRPC: the front door, node's HTTP/2 and grpc-js with every service; over TCP, since on streams that are no sockets node
 * takes other paths, and every fourth epoch in TLS.
 *
 * Wrong is: a bug reported; bytes of a frame run as commands or as HTTP/1.1; a first answer that is not HTTP/2's; a server
 * that does not hang up after its client; a healthy client not answered as ever.
 */
import { once } from 'node:events';
import { connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { certificate } from '../support/certificate.ts';
import { frame, Http2Client, readFrames, Type } from './http2-frames.ts';
import { cut } from './mutate.ts';
import { patiently } from './patience.ts';
import { Random } from './random.ts';
import { noTally, type Tally } from './target.ts';
import { attack, turns, type Verdict, Wire } from './wire.ts';

const CONNECTIONS = 200;
const FRAMES = 200;
const HEALTHY_EVERY = 20;
const ANSWER_MS = 10_000;
/** Its answer tells that everything before it was taken up. */
const LAST_PING = 'the last';
const NO_ERROR = '\0\0\0\0';

interface SessionEntry extends PerformanceEntry {
  readonly detail: { readonly type?: 'server' | 'client'; readonly framesReceived?: number };
}

/** Frames that sessions of servers took up, of the whole process. Node counts those that keep the rules. */
let taken = 0;
new PerformanceObserver((list) => {
  for (const { name, detail } of list.getEntries() as SessionEntry[]) {
    if (name === 'Http2Session' && detail.type === 'server') taken += detail.framesReceived ?? 0;
  }
}).observe({ entryTypes: ['http2'] });

export async function grpcTarget(seed: number): Promise<Tally> {
  const secure = seed % 4 === 0;
  const wire = await Wire.open({ overTcp: true, tls: secure ? certificate() : undefined });
  const tally = noTally();
  const before = taken;
  try {
    for (let connection = 0; connection < CONNECTIONS; connection++) {
      const random = new Random(seed * CONNECTIONS + connection);
      const sound = random.pick([20, 100, 400, 2000]);
      const text = new Http2Client(random).frames(FRAMES, sound) + frame(Type.ping, 0, 0, LAST_PING);
      const pieces = cut(random, text);
      const { output, refused } = await attack(wire, { pieces, pauses: () => random.chance(20), judge, secure });
      checkFrames(output);
      tally.connections++;
      if (refused) tally.refused++;
      wire.checkBugs();
      wire.checkCanaries();
      if (connection % HEALTHY_EVERY > 0) continue;
      wire.executor.forget();
      await checkHealthy(wire, random, secure);
      tally.healthy++;
    }
  } finally {
    await wire.close();
  }
  // Sessions tell what they counted a little after their end. What broke a connection they did not count.
  await turns(3);
  tally.frames = taken - before + tally.refused;
  return tally;
}

/**
 * Node leaves a connection it has found fault with unread, open and unaware of its client's death; what ends it is
 * grpc-js's keepalive, later than can be waited for here.
 */
function judge(output: string): Verdict {
  let verdict: Verdict = 'open';
  for (const { type, payload } of readFrames(output)) {
    if (type === Type.goAway && payload.slice(4, 8) !== NO_ERROR) return 'good-bye';
    if (type === Type.ping && payload === LAST_PING) verdict = 'answered';
  }
  return verdict;
}

/** @throws at what is no HTTP/2 of a server */
function checkFrames(output: string): void {
  let first = true;
  for (const { type, payload } of readFrames(output)) {
    const known = type <= Type.more && payload.length <= 16_384;
    if (!known || (first && type !== Type.settings))
      throw new Error(`HTTP/2 answered ${JSON.stringify(output.slice(0, 40))}`);
    first = false;
  }
}

/** A PutValue and a GetValue by node's own client. */
async function checkHealthy(wire: Wire, random: Random, secure: boolean): Promise<void> {
  const value = String(random.below(1e9)).padStart(9, '0');
  const session = connect('http://localhost', { createConnection: () => wire.connect(secure) });
  const put = await call(session, 'PutValue', `\x0a\x07healthy\x12\x09${value}`);
  const got = await call(session, 'GetValue', '\x0a\x07healthy');
  session.destroy();
  if (put !== '0 \x08\x01' || got !== `0 \x0a\x09${value}`) throw new Error(`a healthy client got ${put}, ${got}`);
}

/** The status and the message that came, as text. */
async function call(session: ReturnType<typeof connect>, method: string, message: string): Promise<string> {
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: `/kvstore.server.v1.ServerService/${method}`,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
    [constants.HTTP2_HEADER_TE]: 'trailers',
  });
  stream.end(`\0\0\0\0${String.fromCharCode(message.length)}${message}`, 'latin1');
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
  const answered = await patiently(ANSWER_MS, (signal) => once(stream, 'trailers', { signal }));
  const [trailers] = answered as [IncomingHttpHeaders];
  return `${trailers['grpc-status']} ${Buffer.concat(chunks).toString('latin1').slice(5)}`;
}
