/** kvctl against a server that misbehaves: exit codes, hints, and imports that get through all the same. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { fakeServer } from './support/fake-server.ts';
import { kvctl } from './support/world.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('a server that is not there: exit 3 at once, with a hint', async () => {
  const port = await freePort();
  const begin = performance.now();
  for (const args of [
    ['get', 'a'],
    ['put', 'a', 'b'],
    ['status', '--watch'],
    ['import', '-', '--format', 'ndjson'],
    ['export'],
  ]) {
    const { code, stdout, stderr } = await kvctl(port, args);
    assert.equal(code, 3, args.join(' '));
    assert.match(
      stderr,
      /error: cannot connect to 127\.0\.0\.1:\d+ \(ECONNREFUSED\)\nhint: is a server running there\?/,
    );
    assert.equal(stdout, '');
  }
  assert.ok(performance.now() - begin < 10_000, 'no retries');
});

test('a server that says nothing: exit 124', async () => {
  await using server = await fakeServer(() => 'silence');
  const { code, stderr } = await kvctl(server.port, ['get', 'a', '--timeout', '1s']);
  assert.equal(code, 124);
  assert.match(stderr, /no answer from .+ within 1000 ms\nhint: /);
});

test('a server that hangs up under a write: exit 3, and the outcome is said to be unknown', async () => {
  await using server = await fakeServer(() => 'hang-up');
  const { code, stderr } = await kvctl(server.port, ['put', 'a', 'b']);
  assert.equal(code, 3);
  assert.match(stderr, /lost the connection.*\nhint: .*may or may not have been applied/);
  assert.equal(server.seen.filter(([, verb]) => verb === 'PUT').length, 1, 'and it is not sent twice');
});

test('a server that is something else: exit 4', async () => {
  await using plain = await fakeServer(([command]) =>
    command === 'QUINTET' ? "-ERR unknown command 'QUINTET'\r\n" : undefined,
  );
  const unknown = await kvctl(plain.port, ['get', 'a']);
  assert.equal(unknown.code, 4);
  assert.match(unknown.stderr, /is it a Quintet server/);
  await using odd = await fakeServer(() => '*1\r\n:7\r\n');
  const nonsense = await kvctl(odd.port, ['get', 'a']);
  assert.equal(nonsense.code, 4);
  assert.match(nonsense.stderr, /does not understand/);
});

test('a password that is missing or wrong: exit 4 and where to put it', async () => {
  await using server = await fakeServer(([command, password]) => {
    if (command === 'AUTH') return password === 'right' ? '+OK\r\n' : '-WRONGPASS invalid username-password pair\r\n';
    return undefined;
  });
  const wrong = await kvctl(server.port, ['ping'], { env: { KVCTL_PASSWORD: 'wrong' } });
  assert.equal(wrong.code, 4);
  assert.match(wrong.stderr, /WRONGPASS.*\nhint: .*KVCTL_PASSWORD/);
  const right = await kvctl(server.port, ['ping'], { env: { KVCTL_PASSWORD: 'right' } });
  assert.equal(right.code, 0);
  await using strict = await fakeServer(() => '-NOAUTH Authentication required.\r\n');
  const none = await kvctl(strict.port, ['ping']);
  assert.equal(none.code, 4);
  assert.match(none.stderr, /hint: .*KVCTL_PASSWORD/);
});

test('Ctrl-C: exit 130', async () => {
  const controller = new AbortController();
  await using server = await fakeServer(() => {
    controller.abort();
    return 'silence';
  });
  const { code } = await kvctl(server.port, ['get', 'a'], { signal: controller.signal });
  assert.equal(code, 130);
});

const RECORDS = Array.from({ length: 1_000 }, (_, i) => JSON.stringify({ key: `k${i}`, value: `v${i}` })).join('\n');

test('an import survives a server that hangs up now and then', async () => {
  let puts = 0;
  await using server = await fakeServer(([, verb]) => {
    if (verb === 'PUT') puts += 1;
    return verb === 'PUT' && puts % 300 === 0 ? 'hang-up' : undefined;
  });
  const { code, stdout } = await kvctl(server.port, ['import', '-', '--format', 'ndjson', '--json'], {
    stdin: RECORDS,
  });
  const summary = JSON.parse(stdout) as { stored: number; retries: number };
  assert.equal(code, 0);
  assert.equal(summary.stored, 1_000);
  assert.ok(summary.retries > 0);
  assert.equal(server.stored.size, 1_000);
  assert.equal(server.stored.get('k999'), 'v999');
});

test('an import sends again what was refused as BUSY, and the later of two records stays', async () => {
  const refused = new Set<string>();
  // The first record with the key is refused once, the second one is not.
  await using server = await fakeServer(([, verb, key = '', value = '']) => {
    if (verb !== 'PUT' || value === 'new' || refused.has(key)) return undefined;
    refused.add(key);
    return '-BUSY too many operations are waiting\r\n';
  });
  const lines = ['{"key":"a","value":"old"}', '{"key":"b","value":"only"}', '{"key":"a","value":"new"}'];
  const { code, stdout } = await kvctl(server.port, ['import', '-', '--format', 'ndjson', '--json'], {
    stdin: lines.join('\n'),
  });
  assert.equal(code, 0);
  assert.equal((JSON.parse(stdout) as { stored: number }).stored, 3);
  assert.equal(server.stored.get('a'), 'new');
  assert.equal(server.stored.get('b'), 'only');
});

test('a record at which the server always hangs up is given up, and no other', async () => {
  await using server = await fakeServer(([, verb, key]) => (verb === 'PUT' && key === 'k500' ? 'hang-up' : undefined));
  const { code, stdout, stderr } = await kvctl(server.port, ['import', '-', '--format', 'ndjson', '--json'], {
    stdin: RECORDS,
  });
  const summary = JSON.parse(stdout) as { stored: number; refused: number };
  assert.equal(code, 4);
  assert.deepEqual([summary.stored, summary.refused], [999, 1]);
  assert.match(stderr, /stdin:501: the server hangs up on this record/);
});

test('an import gives up when nothing helps, and says what was stored', async () => {
  await using server = await fakeServer(([, verb]) => (verb === 'PUT' ? '-BUSY too many operations\r\n' : undefined));
  const args = ['import', '-', '--format', 'ndjson', '--retry-for', '50ms'];
  const { code, stderr } = await kvctl(server.port, args, { stdin: RECORDS });
  assert.equal(code, 4);
  assert.match(stderr, /trying again for 50 ms did not help; 0 records were stored before/);
});

test('a full server ends an import at once', async () => {
  await using server = await fakeServer(([, verb, key]) =>
    verb === 'PUT' && key === 'k200' ? "-OOM command not allowed when used memory > 'maxmemory'.\r\n" : undefined,
  );
  const { code, stderr } = await kvctl(server.port, ['import', '-', '--format', 'ndjson'], { stdin: RECORDS });
  assert.equal(code, 4);
  assert.match(stderr, /OOM.*\nhint: a node is at its --max-memory/);
});

test('an export reads on where a connection broke', async () => {
  let reads = 0;
  await using server = await fakeServer(([, verb]) => {
    if (verb === 'ENTRY') reads += 1;
    return verb === 'ENTRY' && (reads === 100 || reads === 900) ? 'hang-up' : undefined;
  });
  for (let i = 0; i < 1_000; i += 1) server.stored.set(`k${i}`, `v${i}`);
  const keys = Array.from({ length: 1_000 }, (_, i) => `k${i}`).join('\n');
  const { code, stdout } = await kvctl(server.port, ['export', '--keys', '-'], { stdin: `${keys}\nabsent\n` });
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { key: string; value: string });
  assert.equal(code, 1, 'one key is not there');
  assert.deepEqual(lines.map(({ key }) => key).sort(), [...server.stored.keys()].sort());
  assert.ok(server.connections > 1);
});

test('a server that goes for good during an import: exit 3 after --retry-for, and what was stored', async () => {
  let puts = 0;
  await using server = await fakeServer(([, verb], fake) => {
    if (verb === 'PUT') puts += 1;
    if (puts === 300) void fake[Symbol.asyncDispose]();
    return puts >= 300 ? 'hang-up' : undefined;
  });
  const args = ['import', '-', '--format', 'ndjson', '--retry-for', '100ms'];
  const { code, stderr } = await kvctl(server.port, args, { stdin: RECORDS });
  assert.equal(code, 3);
  assert.match(
    stderr,
    /cannot connect to .+ \(ECONNREFUSED\), and trying again for 100 ms did not help; \d+ records were stored before\nhint: /,
  );
});

test('Ctrl-C during an import: what is on its way is answered and counted, exit 130', async () => {
  const controller = new AbortController();
  await using server = await fakeServer(([, verb]) => {
    if (verb === 'PUT') controller.abort();
    return undefined;
  });
  const stdin = Readable.from(manyRecords());
  const args = ['import', '-', '--format', 'ndjson', '--json', '--threads', '1'];
  const { code, stdout } = await kvctl(server.port, args, { stdin, signal: controller.signal });
  const summary = JSON.parse(stdout) as { interrupted: boolean; stored: number };
  assert.deepEqual([code, summary.interrupted], [130, true]);
  assert.equal(summary.stored, server.stored.size);
});

/** Without end, unless somebody stops reading. */
function* manyRecords(): Generator<Buffer> {
  for (let i = 0; ; i += 1_000) {
    const lines = Array.from({ length: 1_000 }, (_, at) => JSON.stringify({ key: `k${i + at}`, value: 'v' }));
    yield Buffer.from(`${lines.join('\n')}\n`);
  }
}
