/** kvctl over TLS: rediss:// and --tls-ca, against a server with a certificate of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cluster } from '@quintet/engine';
import { startServer } from '@quintet/server';
import { serve } from './support/processes.ts';
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

test('serve demands TLS, a certificate of the client and the right password for administration', {
  skip: NO_OPENSSL,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvctl-tls-'));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  };
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  for (const name of ['server', 'ca']) {
    const subject = name === 'server' ? '/CN=localhost' : '/CN=authority';
    openssl('req', '-x509', ...fresh, '-days', '1', '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.pem`);
  }
  openssl('req', ...fresh, '-subj', '/CN=app', '-keyout', 'app.key', '-out', 'app.csr');
  openssl('x509', '-req', '-in', 'app.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '1', '-out', 'app.pem');
  writeFileSync(at('user'), 'app\n');
  const tls = ['--tls-only', '--tls-cert', at('server.pem'), '--tls-key', at('server.key'), '--tls-ca', at('ca.pem')];
  const server = await serve(['--nodes', '2', ...tls, '--user-password-file', at('user')], {
    QUINTET_PASSWORD: 'root',
  });
  const ask = (args: string[], password: string): ReturnType<typeof kvctl> =>
    kvctl(undefined, args, { env: { KVCTL_PASSWORD: password } });
  try {
    const bare = ['--host', 'localhost', '-p', String(server.port)];
    const trusting = [...bare, '--tls-ca', at('server.pem')];
    const known = [...trusting, '--tls-cert', at('app.pem'), '--tls-key', at('app.key')];
    assert.equal((await ask([...known, 'put', 'a', '1'], 'app')).stdout, 'OK\n');
    const refused = await ask([...known, 'revive', 'n1'], 'app');
    assert.equal(refused.code, 4);
    assert.match(
      refused.stderr,
      /no permissions to run the 'quintet\|revive' command \(NOPERM\)\nhint: .*administration/,
    );
    assert.equal((await ask([...known, 'revive', 'n1'], 'root')).code, 0);
    assert.equal((await ask([...trusting, 'get', 'a'], 'root')).code, 3, 'without a certificate');
    assert.notEqual((await ask([...bare, 'get', 'a'], 'root')).code, 0, 'without TLS');
  } finally {
    server.child.kill('SIGTERM');
    assert.equal((await server.exit).code, 0);
    rmSync(folder, { recursive: true });
  }
});
