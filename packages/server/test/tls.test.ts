import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { startServer } from '../src/index.ts';
import { fakeCluster } from './support/fake-cluster.ts';

const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'needs openssl';

function certificate(): { cert: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'quintet-tls-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  spawnSync('openssl', [...args, '-subj', '/CN=localhost', '-keyout', key, '-out', cert]);
  const read = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  rmSync(folder, { recursive: true });
  return read;
}

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
  secure.disconnect();
  plain.disconnect();
  await server.close();
});
