import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { Redis } from 'ioredis';
import { startServer } from '../src/index.ts';
import { certificate, NO_OPENSSL } from './support/certificate.ts';
import { fakeCluster } from './support/fake-cluster.ts';

const skip = NO_OPENSSL;

test('tls: RESP and HTTP inside, plain connections beside', { skip }, async () => {
  const tls = certificate();
  const server = await startServer(fakeCluster(), { port: 0, tls });
  const secure = new Redis(server.port, server.host, { tls: { ca: tls.cert, servername: 'localhost' } });
  assert.equal(await secure.set('a', 'over TLS'), 'OK');
  const plain = new Redis(server.port, server.host);
  assert.equal(await plain.get('a'), 'over TLS');
  const body = await new Promise<string>((resolve, reject) => {
    const options = { host: server.host, port: server.port, path: '/v1/keys/a', ca: tls.cert, servername: 'localhost' };
    const call = request({ ...options, headers: { host: 'localhost' }, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    call.on('error', reject);
    call.end();
  });
  assert.equal(body, 'over TLS');
  const both = connect({
    host: server.host,
    port: server.port,
    ca: tls.cert,
    servername: 'localhost',
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  await once(both, 'secureConnect');
  assert.equal(both.alpnProtocol, 'http/1.1', 'a browser offers both, and HTTP/2 is for gRPC');
  both.destroy();
  secure.disconnect();
  plain.disconnect();
  await server.close();
});
