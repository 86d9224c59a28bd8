/** kvctl watch as users start it: servers that die under it, signals, a reader that has had enough. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Running, type Serving, serve, start } from './support/processes.ts';
import { Growing } from './support/watching.ts';

interface WatchProcess extends Running {
  out: Growing;
  err: Growing;
}

async function watching(port: number, ...args: string[]): Promise<WatchProcess> {
  const running = start([`127.0.0.1:${port}`, 'watch', ...args], { NO_COLOR: '1' });
  const [out, err] = [new Growing(), new Growing()];
  running.child.stdout.on('data', (chunk: Buffer) => out.grow(out.text + chunk.toString()));
  running.child.stderr.on('data', (chunk: Buffer) => err.grow(err.text + chunk.toString()));
  await err.has(/watching/);
  return { ...running, out, err };
}

const SMALL = ['--nodes', '2', '--shards', '2'];

async function put(server: Serving, key: string, value: string): Promise<void> {
  assert.equal((await start([`127.0.0.1:${server.port}`, 'put', key, value]).exit).code, 0);
}

test('a watch outlives its server, and says what that means; Ctrl-C ends it', { timeout: 120_000 }, async () => {
  let server = await serve(SMALL);
  const { port } = server;
  const plain = await watching(port, '--prefix', 'a:');
  const json = await watching(port, '--prefix', 'a:', '--json');
  await put(server, 'a:1', 'first life');
  await Promise.all([plain, json].map(({ out }) => out.has(/first life/)));

  server.child.kill('SIGKILL');
  await server.exit;
  await Promise.all([plain, json].map(({ err }) => err.has(/lost the connection/)));
  server = await serve([...SMALL, '--port', String(port)]);
  await Promise.all([plain, json].map(({ err }) => err.has(/began anew|"gap"/)));
  await put(server, 'a:1', 'second life');
  await Promise.all([plain, json].map(({ out }) => out.has(/second life/)));

  server.child.kill('SIGTERM');
  await server.exit;
  await Promise.all([plain, json].map(({ err }) => err.has(/lost the connection/, 2)));
  for (const { child } of [plain, json]) child.kill('SIGINT');
  const [ended, objects] = await Promise.all([plain.exit, json.exit]);
  assert.deepEqual([ended.code, objects.code], [130, 130]);
  assert.match(ended.stdout, /^put\ta:1\t"first life"\tv1\nput\ta:1\t"second life"\tv1\n$/);
  const said = ended.stderr.trimEnd().split('\n');
  assert.deepEqual(
    said.map((line) => /watching|lost|again|anew|stopped/.exec(line)?.[0]),
    ['watching', 'lost', 'again', 'anew', 'lost', 'stopped'],
  );
  const lines = objects.stdout.trimEnd().split('\n');
  const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
  assert.deepEqual(types, ['put', 'gap', 'put'], 'a program that reads it knows too');
});

test('a reader that has had enough (| head) is no error; a password is needed where there is one', async () => {
  const guarded = await serve(SMALL, { KVCTL_PASSWORD: 'secret' });
  const url = `127.0.0.1:${guarded.port}`;
  const without = await start([url, 'watch', 'a']).exit;
  assert.equal(without.code, 4);
  assert.match(without.stderr, /NOAUTH.*\nhint: .*KVCTL_PASSWORD/);

  const env = { KVCTL_PASSWORD: 'secret' };
  const { child, exit } = start([url, 'watch'], env);
  const said = new Growing();
  child.stderr.on('data', (chunk: Buffer) => said.grow(said.text + chunk.toString()));
  await said.has(/watching/);
  child.stdout.destroy();
  assert.equal((await start([url, 'put', 'a', 'b'], env).exit).code, 0);
  assert.equal((await exit).code, 0);
  guarded.child.kill('SIGTERM');
  await guarded.exit;
});
