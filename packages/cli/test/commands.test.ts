/** Every command against a real cluster: what is printed where, and the exit code. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decode } from '@msgpack/msgpack';
import { type RunningCluster, realCluster } from './support/cluster.ts';
import { kvctl, type Outcome, type World } from './support/world.ts';

let running: RunningCluster;
before(async () => {
  running = await realCluster({ maxValueBytes: 1_000_000 });
});
after(() => running.close());

const run = (args: readonly string[], world?: World): Promise<Outcome> => kvctl(running.port, args, world);

test('put, get, del and the words of lplazas/kv-store', async () => {
  assert.deepEqual(await run(['put', 'name', 'luis']).then(({ code, stdout }) => [code, stdout]), [0, 'OK\n']);
  assert.equal((await run(['get', 'name'])).stdout, 'luis\n');
  assert.equal((await run(['get', 'name'], { tty: true, env: { NO_COLOR: '1' } })).stdout, '"luis"\n');
  assert.equal((await run(['get', 'name', '--raw'], { tty: true })).stdout, 'luis');
  assert.equal((await run(['get', 'name', '--json'])).stdout, '{"key":"name","value":"luis","kind":"text"}\n');
  const addressFirst = await kvctl(undefined, [`127.0.0.1:${running.port}`, 'get', 'name']);
  assert.equal(addressFirst.stdout, 'luis\n');
  assert.deepEqual(await run(['del', 'name', 'other']).then(({ code, stdout }) => [code, stdout]), [1, '1\n']);
  const gone = await run(['get', 'name']);
  assert.deepEqual([gone.code, gone.stdout, gone.stderr], [1, '', 'error: not found: name\n']);
});

test('values from stdin, text and bytes, come back byte for byte', async () => {
  const bytes = Buffer.from([0, 255, 10, 13, 128]);
  assert.equal((await run(['put', 'raw'], { stdin: bytes })).code, 0);
  assert.deepEqual((await run(['get', 'raw'])).stdoutBytes, bytes);
  assert.equal(
    (await run(['get', 'raw', '--json'])).stdout,
    '{"key":"raw","value":"AP8KDYA=","encoding":"base64","kind":"bytes"}\n',
  );
  assert.equal((await run(['get', 'raw'], { tty: true })).stdout, '"\\x00\\xff\\n\\r\\x80"\n');
  assert.equal((await run(['put', 'dash', '-'], { stdin: 'piped\n' })).code, 0);
  assert.equal((await run(['get', 'dash', '--raw'])).stdout, 'piped\n');
  assert.equal((await run(['put', 'minus', '--', '-x'])).code, 0);
  assert.equal((await run(['get', 'minus'])).stdout, '-x\n');
});

test('structured values are the library’s, both ways', async () => {
  await run(['put', 'city', '{"lat":4.7,"tags":["a"]}', '--json-value']);
  assert.deepEqual(await running.cluster.get('city'), { lat: 4.7, tags: ['a'] });
  assert.equal((await run(['get', 'city'])).stdout, '{"lat":4.7,"tags":["a"]}\n');
  await running.cluster.put('made', { when: new Date(0), big: 1n, map: new Map([['k', 1]]) });
  assert.equal((await run(['get', 'made'])).stdout, '{"when":"1970-01-01T00:00:00.000Z","big":"1","map":{"k":1}}\n');
  assert.match((await run(['get', 'made', '--json'])).stdout, /"encoding":"msgpack"/);
  assert.equal((await run(['get', 'city', '--raw'])).stdout, '{"lat":4.7,"tags":["a"]}');
  const { stdoutBytes } = await run(['get', 'made', '--raw']);
  assert.deepEqual((decode(stdoutBytes) as { when: Date }).when, new Date(0));
  await run(['put', 'five', '5', '--json-value']);
  assert.equal(await running.cluster.get('five'), 5);
  const broken = await run(['put', 'city', '{"lat":', '--json-value']);
  assert.equal(broken.code, 2);
  assert.match(broken.stderr, /the value is no JSON/);
});

test('conditions: exit 1, and the version that is there', async () => {
  assert.equal((await run(['put', 'cond', 'x', '--if-present'])).code, 1);
  assert.equal((await run(['put', 'cond', 'a', '--if-absent'])).code, 0);
  const again = await run(['put', 'cond', 'b', '--if-absent', '--json']);
  const { applied, version } = JSON.parse(again.stdout) as { applied: boolean; version: number };
  assert.deepEqual([again.code, applied], [1, false]);
  assert.match(again.stderr, /"code":"CONDITION_FAILED","message":"not stored: cond is there, at version \d+"/);
  assert.equal((await run(['cas', 'cond', String(version), 'c'])).code, 0);
  const stale = await run(['cas', 'cond', String(version), 'd']);
  assert.equal(stale.code, 1);
  assert.match(stale.stderr, new RegExp(`at version \\d+, not ${version}\n`));
  assert.equal((await run(['get', 'cond'])).stdout, 'c\n');
  assert.equal((await run(['put', 'cond', 'e', '--prev'])).stdout, 'c\n');
  assert.equal((await run(['del', 'cond', '--if-version', String(version)])).code, 1);
});

test('versions that are no numbers, and options that exclude each other: exit 2, nothing sent', async () => {
  const rows = [
    ['cas', 'k', 'x', 'v'],
    ['cas', 'k', '1.5', 'v'],
    ['put', 'k', 'v', '--if-version', 'seven'],
    ['put', 'k', 'v', '--if-version=-1'],
    ['put', 'k', 'v', '--ttl', 'soon'],
    ['put', 'k', 'v', '--ttl', '0'],
    ['put', 'k', 'v', '--ttl', '1s', '--keep-ttl'],
    ['put', 'k', 'v', '--if-absent', '--if-present'],
    ['del', 'a', 'b', '--if-version', '1'],
    ['incr', 'k', 'many'],
    ['expire', 'k', 'never'],
    ['scan', '--limit', '-1'],
    ['scan', 'a', '--prefix', 'a'],
    ['get', 'k', '--json', '--raw'],
    ['get', 'k', '--output', 'xml'],
    ['reset-shard', 'x'],
    ['chaos', 'hang', 'n1', 'long'],
    ['completion', 'tcsh'],
    ['ping', '--url', 'http://x'],
    ['ping', '--port', '70000'],
  ];
  for (const args of rows) {
    const { code, stderr, stdout } = await run(args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, args.includes('--json') ? /^\{"error":\{"code":"USAGE"/ : /^error: /, args.join(' '));
  }
  assert.equal((await run(['get', 'k'])).code, 1, 'k was never stored');
});

test('what commander finds wrong is exit 2 too', async () => {
  for (const args of [
    ['nonsense'],
    ['get'],
    ['get', 'a', 'b'],
    ['put', '--bogus', 'a', 'b'],
    ['chaos', 'tickle', 'n1'],
    [],
  ]) {
    assert.equal((await run(args)).code, 2, args.join(' '));
  }
  const help = await run(['put', '--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /Examples:\n {2}kvctl put name luis/);
});

test('counters', async () => {
  assert.equal((await run(['incr', 'hits'])).stdout, '1\n');
  assert.equal((await run(['incr', 'hits', '-5'])).stdout, '-4\n');
  assert.equal(
    (await run(['incr', 'big', '9007199254740993', '--json'])).stdout,
    '{"key":"big","value":"9007199254740993"}\n',
  );
  assert.equal((await run(['incr', 'price', '0.25'])).stdout, '0.25\n');
  await run(['put', 'text', 'luis']);
  const refused = await run(['incr', 'text']);
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /not an integer.*\nhint: look at the value/);
});

test('expiry', async () => {
  await run(['put', 'session', 'x', '--ttl', '1h']);
  assert.match((await run(['ttl', 'session'])).stdout, /^3\d{6}ms\n$/);
  assert.match((await run(['ttl', 'session'], { tty: true })).stdout, /^(1h|59m \d+s)\n$/);
  await run(['put', 'session', 'y', '--keep-ttl']);
  assert.equal((await run(['persist', 'session'])).code, 0);
  assert.equal((await run(['ttl', 'session'])).stdout, 'none\n');
  assert.equal((await run(['ttl', 'session', '--json'])).stdout, '{"key":"session","ttlMs":null}\n');
  assert.equal((await run(['persist', 'session'])).code, 1);
  assert.equal((await run(['expire', 'session', '1500ms'])).code, 0);
  assert.equal((await run(['expire', 'session', '2m'])).code, 0);
  const { expiresAt } = JSON.parse((await run(['get', 'session', '--entry', '--json'])).stdout) as {
    expiresAt: number;
  };
  assert.ok(Number.isSafeInteger(expiresAt) && expiresAt > Date.now());
  assert.match(
    (await run(['get', 'session', '--entry'])).stdout,
    /version {2}\d+\nexpires {2}in 1m 59|expires {2}in 2m/,
  );
  for (const args of [
    ['ttl', 'absent'],
    ['expire', 'absent', '1s'],
    ['persist', 'absent'],
  ]) {
    assert.equal((await run(args)).code, 1, args.join(' '));
  }
});

test('scan by prefix and pattern, keys, counts, limits', async () => {
  await running.cluster.putMany(
    Array.from({ length: 40 }, (_, i) => [`scan:${i % 2 === 0 ? 'a' : 'b'}:${i}`, `v${i}`]),
  );
  const keys = async (...args: string[]): Promise<number> => {
    const { stdout } = await run(['scan', '--keys-only', '--page', '7', ...args]);
    return new Set(stdout.split('\n').filter((line) => line.startsWith('scan:'))).size;
  };
  assert.equal(await keys('--prefix', 'scan:'), 40);
  assert.equal(await keys('scan:a:'), 20);
  assert.equal(await keys('--match', 'scan:b:?'), 5);
  assert.equal(await keys('--match', 'scan:*', '--limit', '11'), 11);
  assert.equal((await run(['ls', 'scan:', '--count'])).stdout, '40\n');
  assert.equal((await run(['scan', '--count', '--json'])).stdout, `{"count":${await running.cluster.count()}}\n`);
  assert.equal((await run(['ls', 'scan:a:0'])).stdout, 'scan:a:0\t"v0"\n');
  assert.match(
    (await run(['ls', 'scan:a:0', '--json'])).stdout,
    /^\{"key":"scan:a:0","value":"v0","kind":"text","version":\d+\}\n$/,
  );
});

test('values and keys over the limit: exit 4, and what was there stays', async () => {
  await run(['put', 'limit', 'small']);
  const value = await run(['put', 'limit'], { stdin: Buffer.alloc(1_000_001, 'x') });
  assert.equal(value.code, 4);
  assert.match(value.stderr, /exceeds maximum allowed size.*\nhint: .*--max-value/);
  assert.equal((await run(['get', 'limit'])).stdout, 'small\n');
  const key = await run(['put', 'k'.repeat(65_537), 'v']);
  assert.equal(key.code, 4);
  assert.match(key.stderr, /key exceeds.*\nhint: /);
});

test('status, ping, info, completion', async () => {
  const table = await run(['status']);
  assert.equal(table.code, 0);
  assert.match(table.stdout, /● ok {2}every shard has all its copies/);
  assert.match(table.stdout, /n5 +up +#1 /);
  assert.match(table.stdout, /\n9 +ok +n\d#1 → n\d#1 +2\/2 /);
  const status = JSON.parse((await run(['status', '--json'])).stdout) as { nodes: unknown[]; shards: unknown[] };
  assert.deepEqual([status.nodes.length, status.shards.length], [5, 10]);
  assert.equal((await run(['ping'])).stdout, 'PONG\n');
  assert.match((await run(['info', 'server'])).stdout, /quintet_version/);
  const info = JSON.parse((await run(['info', '--json'])).stdout) as Record<string, Record<string, unknown>>;
  assert.equal(typeof info.server?.tcp_port, 'number');
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await run(['completion', shell]);
    assert.equal(code, 0);
    for (const word of ['reset-shard', 'if-absent', 'kill']) assert.ok(stdout.includes(word), `${shell}: ${word}`);
  }
});

test('status --watch goes on until Ctrl-C', async () => {
  const controller = new AbortController();
  let shown = 0;
  const onStdout = (text: string): void => {
    shown = text.split('\n').length - 1;
    if (shown >= 3) controller.abort();
  };
  const { code } = await run(['status', '--watch', '--interval', '5ms', '--json'], {
    signal: controller.signal,
    onStdout,
  });
  assert.equal(code, 130);
  assert.ok(shown >= 3);
});

test('chaos: a node dies, data stays; unknown nodes are named', async () => {
  await run(['put', 'survivor', 'alive']);
  const died = new Promise<string>((resolve) => running.cluster.once('node-down', ({ node }) => resolve(node)));
  assert.deepEqual(await run(['chaos', 'kill', 'n3']).then(({ code, stdout }) => [code, stdout]), [0, 'OK\n']);
  assert.match(await died, /^n3#/);
  assert.equal((await run(['get', 'survivor'])).stdout, 'alive\n');
  await running.cluster.settled();
  const unknown = await run(['chaos', 'kill', 'n9']);
  assert.equal(unknown.code, 4);
  assert.equal(unknown.stderr, 'error: there is no node "n9"\nhint: the nodes are n1, n2, n3, n4, n5\n');
  assert.equal((await run(['chaos', 'slow', 'n2', '1ms', '--json'])).stdout, '{"fault":"slow","node":"n2","ms":1}\n');
  assert.equal((await run(['chaos', 'slow', 'n2', '0'])).code, 0);
  assert.equal((await run(['revive', 'n9'])).code, 4);
  const revived = await run(['revive', 'n3']);
  assert.deepEqual([revived.code, revived.stdout, revived.stderr], [0, 'OK\n', 'n3 is up already\n']);
  const notLost = await run(['reset-shard', '3']);
  assert.equal(notLost.code, 4);
  assert.match(notLost.stderr, /only a lost shard can be reset.*\nhint: /);
});

test('a lost shard: status exits 5, operations 4, reset-shard mends it', async () => {
  const small = await realCluster({ nodes: 2, shards: 2, replicas: 0 });
  try {
    await kvctl(small.port, ['put', 'k', 'v']);
    const lost = new Promise<void>((resolve) => small.cluster.once('shard-lost', () => resolve()));
    small.cluster.chaos.kill('n1');
    small.cluster.chaos.kill('n2');
    await lost;
    const status = await kvctl(small.port, ['status']);
    assert.equal(status.code, 5);
    assert.match(status.stdout, /● lost/);
    const read = await kvctl(small.port, ['get', 'k']);
    assert.equal(read.code, 4);
    assert.match(read.stderr, /CLUSTERDOWN.*\nhint: .*reset-shard/);
    const { shards } = small.cluster.status();
    for (const { shard, health } of shards) {
      if (health === 'lost') assert.equal((await kvctl(small.port, ['reset-shard', String(shard)])).code, 0);
    }
    await small.cluster.settled();
    assert.equal((await kvctl(small.port, ['status'])).code, 0);
    assert.equal((await kvctl(small.port, ['put', 'k', 'again'])).code, 0);
  } finally {
    await small.close();
  }
});

test('chaos is refused where it was not allowed', async () => {
  const calm = await realCluster({ nodes: 2, shards: 2, chaos: false });
  try {
    const { code, stderr } = await kvctl(calm.port, ['chaos', 'kill', 'n1']);
    assert.equal(code, 4);
    assert.match(stderr, /hint: start the server with: kvctl serve --chaos/);
  } finally {
    await calm.close();
  }
});
