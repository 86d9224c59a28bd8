// What fuzzing found: each of these ended the process, or kept a connection for ever, or was told as a bug.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { type RunningServer, startServer } from '../src/index.ts';
import { frame, headerBlock, PREFACE, readFrames, Type, uint } from './fuzz/http2-frames.ts';
import { VirtualTime } from './fuzz/virtual-time.ts';
import { certificate, NO_OPENSSL } from './support/certificate.ts';
import { FakeExecutor, fakeCluster } from './support/fake-cluster.ts';
import { connect, request } from './support/fake-transport.ts';

const CALL_OF_NOBODY = headerBlock([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
  [':path', '/none'],
  ['content-type', 'application/grpc'],
]);
const [END_STREAM, END_HEADERS] = [1, 4];
const SETTINGS = frame(Type.settings, 0, 0, '');

/** Sends frames in one packet on a connection of its own, until a frame of the type comes back or the connection is over. */
async function sendFrames(server: RunningServer, frames: string, until: number): Promise<void> {
  const socket = connectSocket({ port: server.port, host: server.host, noDelay: true });
  let output = '';
  await new Promise<void>((resolve) => {
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.on('data', (chunk: Buffer) => {
      output += chunk.toString('latin1');
      if ([...readFrames(output)].some(({ type }) => type === until)) resolve();
    });
    socket.write(PREFACE + SETTINGS + frames, 'latin1');
  });
  socket.destroy();
}

async function withServer(run: (server: RunningServer, bugs: unknown[]) => Promise<void>): Promise<void> {
  const bugs: unknown[] = [];
  const server = await startServer(fakeCluster(new FakeExecutor()), { port: 0, onBug: (bug) => bugs.push(bug) });
  try {
    await run(server, bugs);
    assert.equal((await fetch(`http://${server.address}/healthz`)).status, 200);
    assert.deepEqual(bugs, []);
  } finally {
    await server.close();
  }
}

test('fuzz found: a call of nobody, reset in the same packet', async () => {
  await withServer(async (server) => {
    for (const type of ['application/grpc', 'text/plain']) {
      const call = CALL_OF_NOBODY.replace('application/grpc', type.padEnd(16));
      const frames = frame(Type.headers, END_HEADERS, 1, call) + frame(Type.reset, 0, 1, uint(8, 4));
      // Answered pings tell that what came before is done with.
      await sendFrames(server, frames + frame(Type.ping, 0, 0, 'the last'), Type.ping);
    }
  });
});

test('fuzz found: a good-bye, then a malformed frame in the same packet', async () => {
  await withServer(async (server) => {
    const goodBye = frame(Type.goAway, 0, 0, uint(0, 8));
    const call = frame(Type.headers, END_HEADERS | END_STREAM, 1, CALL_OF_NOBODY);
    await sendFrames(server, goodBye + call + frame(Type.ping, 0, 0, ''), Type.goAway);
  });
});

test('fuzz found: gRPC in TLS', { skip: NO_OPENSSL }, async () => {
  const tls = certificate();
  const server = await startServer(fakeCluster(new FakeExecutor()), { port: 0, tls });
  const { host, port } = server;
  const session = connectHttp2('https://localhost', {
    createConnection: () => connectTls({ host, port, ca: tls.cert, servername: 'localhost', ALPNProtocols: ['h2'] }),
  });
  const call = session.request({
    ':method': 'POST',
    ':path': '/kvstore.server.v1.ServerService/GetValue',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  call.resume();
  call.end('\0\0\0\0\x03\x0a\x01a', 'latin1');
  const [headers] = await once(call, 'response');
  assert.equal(headers['grpc-status'], '5');
  session.destroy();
  await server.close();
});

test('fuzz found: a client that ends while its command waits long', async () => {
  const time = new VirtualTime();
  try {
    for (const text of [
      request('DEBUG', 'SLEEP', '1000000'),
      request('CLIENT', 'PAUSE', '1000000000') + request('SET', 'a', '1'),
    ]) {
      const { session, transport, feed, quiet } = connect();
      feed(text);
      session.onEnd();
      await quiet();
      assert.equal(transport.destroyed, false, text);
      // Others have their timers too, some again and again, but none goes on for so long.
      for (let timers = 0; timers < 1000 && !transport.destroyed; timers++) time.advance();
      assert.equal(transport.destroyed, true, text);
    }
  } finally {
    time.restore();
  }
});
