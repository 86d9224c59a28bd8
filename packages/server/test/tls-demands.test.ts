/** What a server may demand of TLS: that there is some, the order of ciphers, a certificate of the client. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { Redis } from 'ioredis';
import type { TlsOptions } from '../src/access/tls.ts';
import { type RunningServer, ServerStartError, startServer } from '../src/index.ts';
import { authority, certificate, NO_OPENSSL } from './support/certificate.ts';
import { fakeCluster } from './support/fake-cluster.ts';
import { RecordedLog } from './support/recorded-log.ts';
import { exchange } from './support/sockets.ts';

const skip = NO_OPENSSL;

async function withServer(
  tls: TlsOptions,
  work: (server: RunningServer, log: RecordedLog) => Promise<void>,
): Promise<void> {
  const log = new RecordedLog();
  const server = await startServer(fakeCluster(), { port: 0, tls, log });
  try {
    await work(server, log);
  } finally {
    await server.close();
  }
}

/** What a PING inside of TLS is answered with; how the connection ended, if it is not. */
async function pingOver(server: RunningServer, options: ConnectionOptions): Promise<string> {
  const socket = connect({ host: server.host, port: server.port, servername: 'localhost', ...options });
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('close', () => resolve('closed'));
  });
  socket.write('PING\r\n');
  const answered = once(socket, 'data').then(
    ([chunk]) => String(chunk),
    () => ended,
  );
  const outcome = await Promise.race([ended, answered]);
  socket.destroy();
  return outcome;
}

test('tls only: who does not begin with it is refused, whatever it speaks', { skip, timeout: 20_000 }, async () => {
  const tls = certificate();
  await withServer({ ...tls, only: true }, async (server, log) => {
    assert.equal(await exchange(server, 'SET a 1\r\n'), '-ERR this server speaks TLS only\r\n');
    assert.equal(await exchange(server, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'), '');
    assert.equal(await exchange(server, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), '');
    assert.equal(log.named('client-cut-off').length, 3);
    assert.equal(log.named('client-cut-off')[0]!.fields.reason, 'plaintext');
    assert.equal(await pingOver(server, { ca: tls.cert }), '+PONG\r\n');
  });
});

test('the server’s order of ciphers counts', { skip, timeout: 20_000 }, async () => {
  const tls = certificate();
  await withServer(tls, async (server) => {
    const ciphers = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305'];
    const chosen: string[] = [];
    for (const offered of [ciphers, ciphers.toReversed()]) {
      const socket = connect({
        host: server.host,
        port: server.port,
        servername: 'localhost',
        ca: tls.cert,
        maxVersion: 'TLSv1.2',
        ciphers: offered.join(':'),
      });
      await once(socket, 'secureConnect');
      chosen.push(socket.getCipher().name);
      socket.destroy();
    }
    assert.equal(chosen[0], chosen[1]);
  });
});

test('client certificates: only those the authority has signed', { skip, timeout: 20_000 }, async () => {
  const tls = certificate();
  const ours = authority();
  const theirs = authority();
  await withServer({ ...tls, ca: ours.cert }, async (server, log) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const trust = { ca: tls.cert, maxVersion };
      assert.equal(await pingOver(server, { ...trust, ...ours.sign('app') }), '+PONG\r\n', maxVersion);
      const refused = [
        ['without one', await pingOver(server, trust)],
        ['another authority', await pingOver(server, { ...trust, ...theirs.sign('app') })],
        ['signed by itself', await pingOver(server, { ...trust, ...certificate() })],
      ];
      for (const [what, outcome] of refused)
        assert.match(outcome!, /^(closed|E)/, `${what}, ${maxVersion}: ${outcome}`);
    }
    const reasons = log.named('client-cut-off').map(({ fields }) => fields.reason);
    assert.deepEqual(reasons, Array(5).fill('client-certificate'), 'of six, five are told one by one');
    const redis = new Redis(server.port, server.host, {
      tls: { ca: tls.cert, servername: 'localhost', ...ours.sign('redis') },
    });
    assert.equal(await redis.set('a', '1'), 'OK');
    redis.disconnect();
    assert.equal(await exchange(server, 'PING\r\n'), '-ERR this server speaks TLS only\r\n', 'no way around it');
  });
});

test('client certificates: a session is resumed, and that of a stranger is not', {
  skip,
  timeout: 20_000,
}, async () => {
  const tls = certificate();
  const [ours, theirs] = [authority(), authority()];
  await withServer({ ...tls, ca: ours.cert }, async (server) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const [signer, answer] of [
        [ours, /^\+PONG/],
        [theirs, /^(closed|E)/],
      ] as const) {
        const options = { ca: tls.cert, maxVersion, ...signer.sign('app') };
        const first = connect({ host: server.host, port: server.port, servername: 'localhost', ...options });
        const sessions: Buffer[] = [];
        first.on('session', (session: Buffer) => sessions.push(session)).on('error', () => {});
        first.end('PING\r\n');
        first.resume();
        await new Promise<void>((resolve) => first.once('close', () => resolve()));
        const session = sessions.at(-1);
        if (signer === ours) assert.ok(session, 'there is one to resume');
        if (session !== undefined) assert.match(await pingOver(server, { ...options, session }), answer, maxVersion);
      }
    }
  });
});

test('an authority that cannot be read ends the start', { skip, timeout: 20_000 }, async () => {
  for (const broken of [{ cert: 'none' }, { ca: 'none' }]) {
    await assert.rejects(
      startServer(fakeCluster(), { port: 0, tls: { ...certificate(), ...broken } }),
      (error) => error instanceof ServerStartError && error.code === 'BAD_CERTIFICATE',
    );
  }
});
