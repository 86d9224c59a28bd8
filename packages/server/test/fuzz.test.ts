// Bytes that no client would send. A round is a seed: a failure names it. FUZZ=1000000 for the large run (see fuzz-more.ts).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { startServer } from '../src/index.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import { Decoder } from '../src/resp/decoder.ts';
import { sniff } from '../src/sniff.ts';
import { FakeCaller, fakeCluster } from './support/fake-cluster.ts';
import { connect, request } from './support/fake-transport.ts';

const ROUNDS = Number(process.env.FUZZ ?? 20_000);

/** Frames that are nearly right: real ones with bytes changed, cut, doubled. */
const SAMPLES: readonly string[] = [
  request('SET', 'key', 'value', 'EX', '10'),
  request('MULTI') + request('INCR', 'a') + request('EXEC'),
  request('SUBSCRIBE', 'a') + request('PUBLISH', 'a', 'b'),
  'SET key "quoted \\x41"\r\nPING\r\n',
  '*-1\r\n*0\r\n$5\r\n',
  `${request('HELLO', '3')}${request('CLIENT', 'REPLY', 'OFF')}${request('LCS', 'a', 'b')}`,
  request('WATCH', 'a') + request('MULTI') + request('RENAME', 'a', 'b') + request('FLUSHALL') + request('EXEC'),
  request('SETBIT', 'a', '100', '1') + request('BITPOS', 'a', '1', '-1', '5', 'BIT'),
  request('CONFIG', 'SET', 'slowlog-max-len', '3') + request('SLOWLOG', 'GET', '-1'),
];

class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed + 1;
  }

  below(limit: number): number {
    this.state = (this.state * 48_271) % 2_147_483_647;
    return this.state % limit;
  }
}

const TELLING = ['\r\n', '*', '$', '\0', '\xff', '-1', '999999999', '"', "'", '\n', ' HTTP/1.1\r\n'];

function mutate(random: Random, samples: readonly string[]): string {
  let text = samples[random.below(samples.length)]! + samples[random.below(samples.length)]!;
  for (let changes = random.below(6); changes >= 0; changes--) {
    const at = random.below(text.length + 1);
    const what = random.below(4);
    if (what === 0) text = text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    else if (what === 1) text = text.slice(0, at) + text.slice(at + random.below(20));
    else if (what === 2) text = text.slice(0, at) + TELLING[random.below(TELLING.length)]! + text.slice(at);
    else text = text.slice(0, at) + text.slice(Math.max(0, at - random.below(30)));
  }
  return text;
}

test('fuzz: the decoder neither throws nor depends on how bytes are cut', () => {
  for (let seed = 0; seed < ROUNDS; seed++) {
    const random = new Random(seed);
    const text = mutate(random, SAMPLES);
    const whole = decodeAll([text]);
    const cut = random.below(text.length + 1);
    assert.deepEqual(decodeAll([text.slice(0, cut), text.slice(cut)]), whole, `seed ${seed}`);
  }
});

function decodeAll(parts: readonly string[]): unknown[] {
  const decoder = new Decoder(DEFAULT_LIMITS);
  const found: unknown[] = [];
  for (const part of parts) {
    decoder.feed(Buffer.from(part, 'latin1'));
    for (let args = decoder.next(); args !== null; args = decoder.next()) found.push(args);
  }
  return [...found, decoder.error];
}

test('fuzz: requests of any arguments come back as they were sent', () => {
  const arbitrary = fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(arbitrary, (list) => {
      const args = list.map((bytes) => Buffer.from(bytes).toString('latin1'));
      assert.deepEqual(decodeAll([request(...args)]), [args, null]);
    }),
    { numRuns: Math.min(ROUNDS, 10_000) },
  );
});

test('fuzz: the sniffer decides by a prefix what it would decide by the whole', () => {
  const samples = [...SAMPLES, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\x16\x03\x01'];
  for (let seed = 0; seed < ROUNDS; seed++) {
    const bytes = Buffer.from(mutate(new Random(seed), samples), 'latin1');
    let decided = 'more';
    for (let end = 1; end <= bytes.length; end++) {
      const verdict = sniff(bytes.subarray(0, end));
      if (decided !== 'more') break;
      decided = verdict;
    }
    if (decided === 'http1' || decided === 'http2') assert.notEqual(bytes[0], 42, `seed ${seed}`);
  }
});

test('fuzz: a session answers or closes, and reports no bug', async () => {
  for (let seed = 0; seed < ROUNDS / 10; seed++) {
    const connection = connect();
    connection.feed(mutate(new Random(seed), SAMPLES));
    connection.session.onEnd();
    await connection.quiet();
    assert.deepEqual(connection.bugs, [], `seed ${seed}`);
    connection.session.onClosed();
  }
});

const HTTP_SAMPLES: readonly string[] = [
  'GET /v1/keys/a HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'PUT /v1/keys/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc',
  'PUT /v1/keys/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'GET /v1/keys?prefix=%20&limit=3 HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'DELETE /v1/keys/%00 HTTP/1.1\r\nHost: localhost\r\nIf-Match: "1"\r\n\r\n',
];

const HTTP2_SAMPLES: readonly string[] = [
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x05\x01\x05\0\0\0\x01\x82\x86\x84\x41\x00',
];

for (const [name, samples] of Object.entries({ HTTP: HTTP_SAMPLES, 'HTTP/2': HTTP2_SAMPLES })) {
  test(`fuzz: ${name} frames crash nothing and never run as commands`, async () => {
    const bugs: unknown[] = [];
    const caller = new FakeCaller();
    const server = await startServer(fakeCluster(caller), { port: 0, onBug: (bug) => bugs.push(bug) });
    const smuggled = request('SET', 'smuggled', '1');
    for (let seed = 0; seed < ROUNDS / 100; seed++) {
      const text = mutate(new Random(seed), samples);
      // Mutated into something that is RESP from its first byte, it is RESP by right.
      const bytes = Buffer.from(text, 'latin1');
      if (sniff(bytes) === 'resp' || sniff(bytes) === 'more') continue;
      const socket = connectSocket(server.port, server.host);
      socket.on('error', () => {});
      socket.resume();
      const closed = once(socket, 'close');
      socket.end(Buffer.concat([bytes, Buffer.from(smuggled, 'latin1')]));
      // The server has taken the bytes by the time it answers who came later; HTTP/2 may then wait for more for ever.
      await once(socket, 'finish');
      await fetch(`http://${server.address}/healthz`);
      socket.destroy();
      await closed;
    }
    const written = caller.submitted.filter((operation) => operation.key === 'smuggled');
    await server.close();
    assert.deepEqual(written, []);
    assert.deepEqual(bugs, []);
  });
}
