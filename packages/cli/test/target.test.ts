import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '../src/failure.ts';
import { isLoopback } from '../src/serve/loopback.ts';
import { addressFirst, describeTarget, resolveTarget } from '../src/server/target.ts';

test('flags win over KVCTL_URL, that over the default', () => {
  assert.deepEqual(resolveTarget({}, {}), { host: '127.0.0.1', port: 1338 });
  assert.deepEqual(resolveTarget({}, { KVCTL_URL: 'redis://box:7000' }), { host: 'box', port: 7000 });
  assert.deepEqual(resolveTarget({ url: 'here' }, { KVCTL_URL: 'there:1' }), { host: 'here', port: 1338 });
  assert.deepEqual(resolveTarget({ port: 9 }, { KVCTL_URL: 'there:1' }), { host: '127.0.0.1', port: 9 });
  assert.deepEqual(resolveTarget({ url: 'there:1', port: 9 }, {}), { host: 'there', port: 9 });
});

test('the password comes from the URL or the environment', () => {
  assert.equal(resolveTarget({}, { KVCTL_PASSWORD: 's' }).password, 's');
  assert.equal(resolveTarget({}, { KVCTL_PASSWORD: '' }).password, undefined);
  assert.equal(resolveTarget({}, { QUINTET_PASSWORD: 'q' }).password, 'q');
  assert.equal(resolveTarget({}, { KVCTL_PASSWORD: '', QUINTET_PASSWORD: 'q' }).password, 'q');
  assert.equal(resolveTarget({}, { KVCTL_PASSWORD: 's', QUINTET_PASSWORD: 'q' }).password, 's');
  const folder = mkdtempSync(join(tmpdir(), 'quintet-target-'));
  const file = join(folder, 'password');
  try {
    writeFileSync(file, 'from a file\n');
    assert.equal(resolveTarget({}, { QUINTET_PASSWORD_FILE: file }).password, 'from a file');
    assert.equal(resolveTarget({}, { QUINTET_PASSWORD_FILE: file, KVCTL_PASSWORD: 's' }).password, 's');
    assert.throws(
      () => resolveTarget({}, { QUINTET_PASSWORD_FILE: join(folder, 'none') }),
      /cannot read the password file/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
  const both = resolveTarget({ url: 'redis://ana:p%40ss@box' }, { KVCTL_PASSWORD: 's' });
  assert.deepEqual(both, { host: 'box', port: 1338, username: 'ana', password: 'p@ss' });
});

test('rediss:// means TLS; --tls-ca means it too, and must be there', () => {
  assert.deepEqual(resolveTarget({ url: 'rediss://box' }, {}), { host: 'box', port: 1338, tls: {} });
  const ca = readFileSync(import.meta.filename, 'utf8');
  assert.deepEqual(resolveTarget({ url: 'box', tlsCa: import.meta.filename }, {}).tls, { ca });
  assert.throws(
    () => resolveTarget({ tlsCa: '/no/such/file' }, {}),
    (error) => error instanceof Failure && error.exitCode === 2,
  );
});

test('other schemes and nonsense are usage errors', () => {
  for (const url of ['http://x', 'redisss://x', 'redis://', 'rediss://', 'a b', 'x:99999']) {
    assert.throws(
      () => resolveTarget({ url }, {}),
      (error) => error instanceof Failure && error.exitCode === 2,
      url,
    );
  }
  assert.throws(() => resolveTarget({ url: '127.0.0.1:1338/2' }, {}), /names a database, and there is but one/);
  assert.deepEqual(resolveTarget({ url: 'redis://127.0.0.1:1338/0' }, {}), { host: '127.0.0.1', port: 1338 });
});

test('an address as the first argument', () => {
  assert.deepEqual(addressFirst(['localhost:1338', 'put', 'a', 'b']), ['--url', 'localhost:1338', 'put', 'a', 'b']);
  assert.deepEqual(addressFirst(['[::1]:1338', 'ping']), ['--url', '[::1]:1338', 'ping']);
  assert.deepEqual(addressFirst(['redis://h:1', 'ping']), ['--url', 'redis://h:1', 'ping']);
  assert.deepEqual(addressFirst(['rediss://h:1', 'ping']), ['--url', 'rediss://h:1', 'ping']);
  assert.deepEqual(addressFirst(['put', 'a:1', 'b']), ['put', 'a:1', 'b']);
  assert.deepEqual(addressFirst([]), []);
  assert.equal(describeTarget(resolveTarget({ url: '[::1]:7' }, {})), '[::1]:7');
});

test('what is reachable from this machine only', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', '::1', '::ffff:127.0.0.1'])
    assert.ok(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'box', '127.evil.example']) assert.ok(!isLoopback(host), host);
});
