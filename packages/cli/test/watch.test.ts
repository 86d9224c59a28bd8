/** kvctl watch against a real cluster: what is printed, when it ends, and what it says when it cannot go on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cluster } from '@quintet/engine';
import { startServer } from '@quintet/server';
import { type RunningCluster, realCluster } from './support/cluster.ts';
import { positionIn, watching } from './support/watching.ts';
import { kvctl } from './support/world.ts';

let running: RunningCluster;
before(async () => {
  running = await realCluster({ nodes: 3, shards: 4 });
});
after(() => running.close());

type Line = Record<string, unknown>;
const linesOf = (stdout: string): string[] => stdout.trimEnd().split('\n');
const objectsOf = (stdout: string): Line[] => linesOf(stdout).map((line) => JSON.parse(line) as Line);

test('a line a change, values as get shows them; --count ends it, and another goes on from there', async () => {
  const { cluster } = running;
  const first = await watching(running.port, ['--prefix', 'a:', '--count', '6']);
  await cluster.put('a:text', 'lu\tis');
  await cluster.put('a:text', { lat: 4.7, when: new Date(0) });
  await cluster.put('a:text', new Uint8Array([0, 255]));
  await cluster.increment('a:text:n', 5);
  await cluster.put('b:other', 1);
  await cluster.delete('a:text:n');
  const { version } = await cluster.put('a:last', 'of six', { ttl: 60_000 });
  const { code, stdout, stderr } = await first.outcome;
  assert.equal(code, 0);
  const rows = linesOf(stdout).map((line) => line.split('\t'));
  assert.deepEqual(
    rows.map(([type, key, value]) => [type, key, value]),
    [
      ['put', 'a:text', '"lu\\tis"'],
      ['put', 'a:text', '{"lat":4.7,"when":"1970-01-01T00:00:00.000Z"}'],
      ['put', 'a:text', '"\\x00\\xff"'],
      ['put', 'a:text:n', '"5"'],
      ['delete', 'a:text:n', ''],
      ['put', 'a:last', '"of six"'],
    ],
  );
  assert.equal(rows[5]![3], `v${version}`);
  assert.match(stderr, /^\S+ watching keys that begin with a:\n\S+ stopped after 6 changes; to go on: --from \S+\n$/);
  await cluster.put('a:last', 'while nobody watched');
  const next = await kvctl(running.port, ['watch', '--prefix', 'a:', '--count', '1', '--from', positionIn(stderr)]);
  assert.match(next.stdout, /^put\ta:last\t"while nobody watched"\tv\d+\n$/);
});

test('the changes of a transaction stand together and are marked as one, in every form', async () => {
  const { cluster } = running;
  const plain = await watching(running.port, ['--prefix', 't:', '--count', '5']);
  const json = await watching(running.port, ['--prefix', 't:', '--count', '5', '--json']);
  const terminal = await watching(running.port, ['--prefix', 't:', '--count', '5'], {
    tty: true,
    env: { NO_COLOR: '1' },
  });
  const colored = await watching(running.port, ['--prefix', 't:', '--count', '5'], { tty: true });
  await cluster.put('t:before', 1);
  await cluster.transaction({ then: ['t:1', 't:2', 't:3'].map((key) => ({ put: key, value: 'x' })) });
  await cluster.delete('t:before');
  const rows = linesOf((await plain.outcome).stdout).map((line) => line.split('\t'));
  const marks = rows.map((row) => row[4]);
  assert.deepEqual([marks[0], marks[4]], [undefined, undefined]);
  assert.ok(/^tx\d+$/.test(marks[1]!) && marks[1] === marks[2] && marks[2] === marks[3]);
  const numbers = objectsOf((await json.outcome).stdout).map(({ transaction }) => transaction);
  assert.equal(new Set(numbers.slice(1, 4)).size, 1);
  assert.deepEqual([numbers[0], numbers[4]], [undefined, undefined]);
  const drawn = linesOf((await terminal.outcome).stdout);
  assert.deepEqual(
    drawn.map((line) => line.slice(0, 10)),
    ['  put     ', '┌ put     ', '│ put     ', '└ put     ', '  delete  '],
  );
  assert.match(drawn[1]!, /^┌ put {5}t:\d {2}"x" {2}v\d+ tx\d+$/);
  assert.match((await colored.outcome).stdout, /\[32mput/);
});

test('--json: whole values, and with --prev what was there before', async () => {
  const { cluster } = running;
  const json = await watching(running.port, ['j', '--prev', '--json']);
  const expiresAt = Date.now() + 60_000;
  const { version } = await cluster.put('j', { a: [1] }, { expiresAt });
  await cluster.put('j', new Uint8Array([0, 255]));
  await cluster.delete('j');
  await cluster.put('j', 'short', { ttl: 20 });
  await json.stdout.has(/"expire"/);
  const { code, stdout, stderr } = await json.interrupt();
  assert.equal(code, 130);
  const [put, bytes, gone, again, expired] = objectsOf(stdout);
  assert.deepEqual(put, {
    type: 'put',
    key: 'j',
    value: { a: [1] },
    kind: 'structured',
    version,
    shard: put!.shard,
    expiresAt,
    previous: null,
  });
  assert.deepEqual(
    [bytes!.value, bytes!.encoding, bytes!.previous],
    ['AP8=', 'base64', { value: { a: [1] }, kind: 'structured' }],
  );
  assert.deepEqual([gone!.type, gone!.previous], ['delete', { value: 'AP8=', encoding: 'base64', kind: 'bytes' }]);
  assert.deepEqual([again!.value, expired!.type, 'previous' in expired!], ['short', 'expire', false]);
  const events = objectsOf(stderr).map(({ event }) => event);
  assert.deepEqual(events, ['watching', 'stopped']);
});

test('one key from a version; everything; a clear', async () => {
  const { cluster } = running;
  const { version } = await cluster.put('v', 1);
  // Somebody must watch for what happens to be remembered.
  const everything = await watching(running.port, []);
  await cluster.put('v', 2);
  await cluster.put('v', 3);
  const since = await kvctl(running.port, ['watch', 'v', '--from', String(version), '--count', '2', '--json']);
  assert.deepEqual(
    objectsOf(since.stdout).map(({ value }) => value),
    [2, 3],
  );
  await cluster.clear();
  await everything.stdout.has(/^clear\t\(all of shard \d\)/m, 4);
  assert.match((await everything.interrupt()).stderr, /watching all keys/);
});

test('what cannot be asked: exit 2, and nothing is sent', async () => {
  for (const args of [
    ['k', '--prefix', 'k'],
    ['k', '--count', '0'],
    ['k', '--from', 'yesterday'],
    ['--prefix', 'k', '--from', '17'],
  ]) {
    const { code, stdout, stderr } = await kvctl(1, ['watch', ...args]);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, /^error: /);
  }
  const none = await kvctl(1, ['watch', 'k']);
  assert.equal(none.code, 3);
  assert.match((await kvctl(1, ['watch', '--help'])).stdout, /--from <position>[\s\S]*Examples:/);
});

test('every change once and in order while nodes die', { timeout: 60_000 }, async () => {
  const { cluster, port } = running;
  const TURNS = 200;
  const everything = await watching(port, ['--prefix', 'k:', '--json', '--count', String(4 * TURNS)]);
  const write = async (writer: number): Promise<void> => {
    for (let turn = 1; turn <= TURNS; turn++) await cluster.put(`k:${writer}`, turn);
  };
  const killing = (async () => {
    for (const node of ['n1', 'n2', 'n3']) {
      cluster.chaos.kill(node);
      await cluster.settled();
    }
  })();
  await Promise.all([0, 1, 2, 3].map(write));
  await killing;
  const changes = objectsOf((await everything.outcome).stdout);
  for (let writer = 0; writer < 4; writer++) {
    const values = changes.filter(({ key }) => key === `k:${writer}`).map(({ value }) => value);
    assert.deepEqual(
      values,
      Array.from({ length: TURNS }, (_, turn) => turn + 1),
    );
  }
});

test('a server that goes and comes back before the same cluster: nothing is missed', { timeout: 60_000 }, async () => {
  const { cluster } = running;
  const first = await startServer(cluster, { port: 0 });
  const { port } = first;
  const watch = await watching(port, ['--prefix', 's:']);
  await cluster.put('s:1', 'before');
  await watch.stdout.has(/before/);
  await first.close();
  await watch.stderr.has(/lost the connection to \S+; trying again/);
  await cluster.put('s:1', 'while it was away');
  const second = await startServer(cluster, { port });
  await watch.stdout.has(/while it was away/);
  assert.match(watch.stderr.text, /connected again after \S+; going on\n$/);
  await cluster.put('s:1', 'after');
  await watch.stdout.has(/after/);
  await second.close();
  await watch.stderr.has(/lost the connection/, 2);
  assert.equal((await watch.interrupt()).code, 130);
  assert.equal(linesOf(watch.stdout.text).length, 3);
});

test('a server that comes back with an empty store: said, with what may be missing', { timeout: 60_000 }, async () => {
  const old = await realCluster({ nodes: 2, shards: 2 });
  const plain = await watching(old.port, []);
  const json = await watching(old.port, ['--json']);
  await old.cluster.put('before', 1);
  await Promise.all([plain, json].map(({ stdout }) => stdout.has(/before/)));
  await old.close();
  await Promise.all([plain, json].map(({ stderr }) => stderr.has(/lost/)));
  await using anew = await Cluster.start({ nodes: 2, shards: 2 });
  const { version } = await anew.put('missed', 1);
  const server = await startServer(anew, { port: old.port });
  await Promise.all([plain, json].map(({ stderr }) => stderr.has(/began anew|"gap"/)));
  assert.match(
    plain.stderr.text,
    /connected again after .*\n\S+ the server began anew, empty: .* Changes may be missing: shard \d version 1\n$/,
  );
  const shard = String(anew.executor.shardOf('missed'));
  const gap = objectsOf(json.stdout.text).at(-1)!;
  assert.deepEqual([gap.type, gap.reason, gap.shards], ['gap', 'restart', { [shard]: [version, version] }]);
  await anew.put('seen', 1);
  await Promise.all([plain, json].map(({ stdout }) => stdout.has(/seen/)));
  await Promise.all([plain, json].map(({ interrupt }) => interrupt()));
  await server.close();
});

test('what the server no longer knows, and a shard that was lost', { timeout: 60_000 }, async () => {
  const frail = await realCluster({ nodes: 2, shards: 4, replicas: 0 });
  const short = await watching(frail.port, ['f', '--count', '1']);
  await frail.cluster.put('f', 0);
  const position = positionIn((await short.outcome).stderr);
  for (let round = 0; round < 5; round++) {
    await frail.cluster.putMany(Array.from({ length: 500 }, () => ['f', 'x'.repeat(2000)] as const));
  }
  const late = await watching(frail.port, ['f', '--from', position]);
  await late.stderr.has(/nothing is remembered .*|what happened since .* is forgotten.*/);
  assert.match(late.stderr.text, /Changes may be missing: shard \d versions 2 to 2501/);
  await late.interrupt();

  const all = await watching(frail.port, []);
  frail.cluster.chaos.kill('n2');
  await all.stderr.has(/every copy of the shard is gone: shard \d/);
  const left = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((key) => frail.cluster.put(key, 1).catch(() => undefined));
  await Promise.all(left);
  await all.stdout.has(/^put/m);
  await all.interrupt();
  await frail.close();
});
