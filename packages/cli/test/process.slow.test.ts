/** kvctl as users start it: real processes, real signals, the exit codes a shell sees. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fakeServer } from './support/fake-server.ts';
import { type Serving, serve, start } from './support/processes.ts';

let server: Serving;
before(async () => {
  server = await serve(['--chaos', '--nodes', '3', '--shards', '4', '--max-memory', '64mb']);
});
after(async () => {
  server.child.kill('SIGTERM');
  await server.exit;
});

const at = (...args: string[]): string[] => [`127.0.0.1:${server.port}`, ...args];

test('serve says once that it is ready, where and with what', () => {
  const { pid, host, nodes, shards, replicas, chaos } = server.ready;
  assert.deepEqual([pid, host, nodes, shards, replicas, chaos], [server.child.pid, '127.0.0.1', 3, 4, 1, true]);
});

test('put, get, not found: output and exit codes of real processes', async () => {
  const put = start(at('put', 'name'));
  put.child.stdin.end('luis');
  assert.deepEqual(await put.exit, { code: 0, stdout: 'OK\n', stderr: '' });
  assert.deepEqual(await start(at('get', 'name')).exit, { code: 0, stdout: 'luis\n', stderr: '' });
  const missing = await start(at('get', 'nope')).exit;
  assert.deepEqual([missing.code, missing.stdout], [1, '']);
});

test('an import through a process: pool, pipe, exit code', async () => {
  const importing = start(at('import', '-', '--format', 'ndjson', '--json'));
  const lines = Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ key: `p${i}`, value: 'x'.repeat(40) }));
  importing.child.stdin.end(`${lines.join('\n')}\n{broken\n`);
  const { code, stdout, stderr } = await importing.exit;
  assert.equal(code, 1, stderr);
  assert.equal((JSON.parse(stdout) as { stored: number }).stored, 20_000);
  assert.match(stderr, /^\{"error":\{"code":"BAD_RECORD","message":"stdin:20001: bad JSON/);
});

test('a reader that has had enough (| head) is no error', async () => {
  const scanning = start(at('scan', '--keys-only'));
  await once(scanning.child.stdout, 'data');
  scanning.child.stdout.destroy();
  assert.equal((await scanning.exit).code, 0);
});

test('serve writes a line for each event', async () => {
  const down = new Promise<Record<string, unknown>>((resolve) => {
    server.lines.on('line', (line) => {
      const event = JSON.parse(line) as Record<string, unknown>;
      if (event.event === 'node-down') resolve(event);
    });
  });
  assert.equal((await start(at('chaos', 'crash', 'n2')).exit).code, 0);
  const { level, node, reason } = await down;
  assert.deepEqual([level, node, reason], ['warn', 'n2#1', 'crashed']);
});

test('a port in use: exit 2 and a hint, and no cluster left behind', async () => {
  const { code, stdout, stderr } = await start(['serve', '--port', String(server.port), '--nodes', '2']).exit;
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, new RegExp(`error: 127\\.0\\.0\\.1:${server.port} is in use\nhint: .*--port`));
});

test('options that cannot be: exit 2', async () => {
  const rows: [string[], RegExp, password?: string][] = [
    [['--nodes', '2', '--replicas', '2'], /replicas/],
    [['--nodes', '0'], /whole number from 1 to 64\nhint: kvctl serve --help/],
    [['--max-memory', 'lots'], /no size/],
    [['--eviction', 'magic'], /Allowed choices/],
    [['--host', '0.0.0.0'], /without a password.*\nhint: set KVCTL_PASSWORD.*QUINTET_OPEN=yes/],
    [['--open', '--chaos'], /open and chaos exclude each other/],
    [['--hang-limit', '1ms'], /: --hang-limit \(ms\) must be .* from 50/],
    [
      ['--host', '203.0.113.7'],
      /error: cannot listen on 203\.0\.113\.7:0: this machine has no such address\n/,
      'secret',
    ],
    [['--url', 'redis://x'], /--host and --port/],
  ];
  for (const [args, message, password = ''] of rows) {
    const { code, stderr } = await start(['serve', '--port', '0', ...args], { KVCTL_PASSWORD: password }).exit;
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, message);
  }
});

test('a password: beyond this machine with it, no answer without it; SIGINT ends in order', async () => {
  const guarded = await serve(['--host', '0.0.0.0', '--nodes', '2'], { KVCTL_PASSWORD: 'secret' });
  const url = `127.0.0.1:${guarded.port}`;
  const without = await start([url, 'get', 'a']).exit;
  assert.equal(without.code, 4);
  assert.match(without.stderr, /NOAUTH.*\nhint: .*KVCTL_PASSWORD/);
  assert.equal((await start([url, 'put', 'a', 'b'], { KVCTL_PASSWORD: 'secret' }).exit).code, 0);
  guarded.child.kill('SIGINT');
  const { code, stderr } = await guarded.exit;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /"event":"stopped"/);
});

test('open beyond this machine: no password, a loud warning; a password given wins', async () => {
  const open = await serve(['--host', '0.0.0.0', '--nodes', '2'], { QUINTET_OPEN: 'yes' });
  assert.equal((await start([`127.0.0.1:${open.port}`, 'put', 'a', 'b']).exit).code, 0);
  open.child.kill('SIGTERM');
  assert.match((await open.exit).stderr, /"level":"warn".*"event":"open-to-everybody"/);

  const guarded = await serve(['--host', '0.0.0.0', '--nodes', '2'], { QUINTET_OPEN: 'yes', KVCTL_PASSWORD: 'secret' });
  assert.equal((await start([`127.0.0.1:${guarded.port}`, 'get', 'a']).exit).code, 4);
  guarded.child.kill('SIGTERM');
  assert.doesNotMatch((await guarded.exit).stderr, /open-to-everybody/);
});

test('serve: flags over variables over the file; what is wrong there ends the start', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quintet-serve-'));
  const config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify({ nodes: 2, shards: 3, replicas: 1, 'max-value': '1kb' }));
  const configured = await serve(['--config', config, '--replicas', '0'], { QUINTET_SHARDS: '5' });
  const { nodes, shards, replicas } = configured.ready;
  assert.deepEqual([nodes, shards, replicas], [2, 5, 0]);
  const tooLong = await start([`127.0.0.1:${configured.port}`, 'put', 'a', 'x'.repeat(1025)]).exit;
  assert.match(tooLong.stderr, /exceeds maximum allowed size/);
  configured.child.kill('SIGTERM');
  assert.equal((await configured.exit).code, 0);
  writeFileSync(config, JSON.stringify({ node: 2 }));
  const { code, stderr } = await start(['serve', '--config', config]).exit;
  assert.equal(code, 2);
  assert.match(stderr, /unknown key "node"\nhint: kvctl serve --help/);
  rmSync(folder, { recursive: true });
});

test('serve: SIGTERM answers what was asked, refuses what comes, and tells its way down', async () => {
  const slow = await serve(['--nodes', '2', '--close-timeout', '10s']);
  const socket = connect(slow.port, '127.0.0.1');
  await once(socket, 'connect');
  let answers = '';
  socket.on('data', (chunk) => {
    answers += String(chunk);
  });
  // Both are begun when the first is answered. The second is under way when the signal comes; what stands behind it is not.
  socket.write('PING\r\nDEBUG SLEEP 1\r\nSET a 1\r\n');
  while (answers !== '+PONG\r\n') await once(socket, 'data');
  const stopping = new Promise<void>((resolve) => {
    slow.lines.on('line', (line) => (JSON.parse(line) as { event: string }).event === 'closing' && resolve());
  });
  slow.child.kill('SIGTERM');
  await stopping;
  const late = connect(slow.port, '127.0.0.1');
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
  // Reset: the kernel had taken it on before the listener closed.
  assert.match(error.code ?? '', /^ECONN(REFUSED|RESET)$/);
  const { code, stderr } = await slow.exit;
  assert.equal(code, 0);
  assert.equal(answers, '+PONG\r\n+OK\r\n');
  const events = stderr
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event: string }).event);
  assert.deepEqual(events, ['starting', 'listening', 'stopping', 'closing', 'closed', 'stopped']);
  socket.destroy();
});

test('serve: the log of people, and that of machines', async () => {
  const text = await serve(['--nodes', '2', '--log-format', 'text', '--no-color'], { QUINTET_LOG_LEVEL: 'warn' });
  const lines: string[] = [];
  text.lines.on('line', (line) => lines.push(line));
  assert.equal((await start([`127.0.0.1:${text.port}`, 'chaos', 'kill', 'n1']).exit).code, 4, 'chaos is off');
  const socket = connect(text.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('PING\r\nHost: localhost\r\n');
  await once(text.lines, 'line');
  assert.match(lines[0]!, /^\d\d:\d\d:\d\d\.\d{3} warn: client-cut-off protocol=resp address=.* reason=cross-protocol/);
  text.child.kill('SIGTERM');
  await text.exit;
  assert.equal(lines.length, 1, 'nothing below the level');
});

test('SIGTERM while clients are connected: exit 0', async () => {
  const busy = await serve(['--nodes', '2']);
  const watching = start([`127.0.0.1:${busy.port}`, 'status', '--watch', '--interval', '50ms']);
  await once(watching.child.stdout, 'data');
  busy.child.kill('SIGTERM');
  assert.equal((await busy.exit).code, 0);
  watching.child.kill('SIGINT');
  assert.equal((await watching.exit).code, 130);
});

test('Ctrl-C on a client that waits: exit 130', async () => {
  let reached = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    reached = resolve;
  });
  await using silent = await fakeServer(() => {
    reached();
    return 'silence';
  });
  const waiting = start([`127.0.0.1:${silent.port}`, 'get', 'a', '--timeout', '1h']);
  await asked;
  waiting.child.kill('SIGINT');
  assert.equal((await waiting.exit).code, 130);
});

test('no server: exit 3, quickly', async () => {
  const { code, stderr } = await start(['127.0.0.1:1', 'get', 'a']).exit;
  assert.equal(code, 3);
  assert.match(stderr, /ECONNREFUSED/);
});
