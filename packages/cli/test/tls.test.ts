/** kvctl over TLS: rediss:// and --tls-ca, against a server with a certificate of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cluster } from '@quintet/engine';
import { startServer } from '@quintet/server';
import { kvctl } from './support/world.ts';

const NO_OPENSSL = spawnSync('openssl', ['version']).status === 0 ? false : 'needs openssl';

test('rediss:// trusts who is vouched for, and --tls-ca vouches', { skip: NO_OPENSSL }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvctl-tls-'));
  const [keyFile, certFile] = [join(folder, 'key'), join(folder, 'cert')];
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  spawnSync('openssl', [...args, '-subj', '/CN=localhost', '-keyout', keyFile, '-out', certFile]);
  const tls = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  const cluster = await Cluster.start({ nodes: 2, shards: 2 });
  const server = await startServer(cluster, { port: 0, tls });
  try {
    const url = `rediss://localhost:${server.port}`;
    const unknown = await kvctl(undefined, [url, 'ping']);
    assert.deepEqual([unknown.code, unknown.stdout], [3, '']);
    assert.match(unknown.stderr, /DEPTH_ZERO_SELF_SIGNED_CERT.*\nhint: .*--tls-ca FILE/);
    assert.equal((await kvctl(undefined, ['-u', url, '--tls-ca', certFile, 'put', 'name', 'luis'])).stdout, 'OK\n');
    const byPort = ['--host', 'localhost', '--port', String(server.port), '--tls-ca', certFile];
    assert.equal((await kvctl(undefined, [...byPort, 'get', 'name'])).stdout, 'luis\n');
    const otherName = await kvctl(undefined, ['-u', `rediss://127.0.0.1:${server.port}`, '--tls-ca', certFile, 'ping']);
    assert.deepEqual([otherName.code, otherName.stdout], [3, '']);
    assert.match(otherName.stderr, /hint: the certificate is for another name/);
  } finally {
    await server.close();
    await cluster.close();
    rmSync(folder, { recursive: true });
  }
});
