/** What kvctl says when something fails: one line for people, an object for programs, and a code of its own for a full disk. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { fakeServer } from './support/fake-server.ts';
import { start } from './support/processes.ts';
import { kvctl } from './support/world.ts';

const NO_FULL = existsSync('/dev/full') ? false : 'needs /dev/full';
const NO_PROC = existsSync('/proc/self/cmdline') ? false : 'needs /proc';

interface Told {
  error: { code: string; message: string; retryable: boolean; outcome: string };
}

/** The one line of stderr. */
function told(stderr: string): Told['error'] {
  assert.match(stderr, /^\{.*\}\n$/);
  const { error } = JSON.parse(stderr) as Told;
  assert.deepEqual(Object.keys(error), ['code', 'message', 'retryable', 'outcome']);
  return error;
}

test('--json: every failure is an object on stderr', async () => {
  const replies: Record<string, string> = {
    busy: '-BUSY too many operations are waiting, try again\r\n',
    full: "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    unknown: '-ERR outcome unknown: no answer in time, the write may still be applied\r\n',
    denied: "-NOPERM this user has no permissions to run the 'set' command\r\n",
  };
  await using server = await fakeServer((args) => {
    if (args[2] === 'gone') return 'hang-up';
    return args[2] === 'silent' ? 'silence' : replies[args[2] ?? ''];
  });
  const rows: [args: string[], code: number, word: string, retryable: boolean, outcome: string][] = [
    [['get', 'nope'], 1, 'NOT_FOUND', false, 'not-applied'],
    [['put', 'busy', '1'], 4, 'BUSY', true, 'not-applied'],
    [['put', 'full', '1'], 4, 'OOM', true, 'not-applied'],
    [['put', 'unknown', '1'], 4, 'ERR', false, 'unknown'],
    [['put', 'denied', '1'], 4, 'NOPERM', false, 'not-applied'],
    [['put', 'gone', '1'], 3, 'UNREACHABLE', false, 'unknown'],
    [['put', 'silent', '1', '--timeout', '50ms'], 124, 'TIMEOUT', false, 'unknown'],
    [['-u', '127.0.0.1:1', 'get', 'a'], 3, 'ECONNREFUSED', true, 'not-applied'],
    [['expire', 'k', 'never'], 2, 'USAGE', false, 'not-applied'],
    [['get'], 2, 'USAGE', false, 'not-applied'],
    [['nonsense'], 2, 'USAGE', false, 'not-applied'],
    [['get', 'a', '--timeout', 'long'], 2, 'USAGE', false, 'not-applied'],
    [[], 2, 'USAGE', false, 'not-applied'],
    [['import', '/no/such/file.json'], 2, 'USAGE', false, 'not-applied'],
    [['serve', '--nodes', 'many'], 2, 'USAGE', false, 'not-applied'],
  ];
  for (const [args, exit, word, retryable, outcome] of rows) {
    for (const form of [['--json'], ['--output', 'json'], ['-ojson']]) {
      const { code, stdout, stderr } = await kvctl(server.port, [...form, ...args]);
      const error = told(stderr);
      assert.deepEqual([code, stdout], [exit, ''], args.join(' '));
      assert.deepEqual([error.code, error.retryable, error.outcome], [word, retryable, outcome], args.join(' '));
      assert.doesNotMatch(error.message, /^error:/);
    }
  }
  const words = await kvctl(server.port, ['get', '--', '--json']);
  assert.equal(words.stderr, 'error: not found: --json\n', 'behind -- it is a key');
});

test('a stdout that is full: exit 6 and one line; with --json an object', { skip: NO_FULL }, async () => {
  await using server = await fakeServer();
  server.stored.set('x', 'luis');
  const full = openSync('/dev/full', 'w');
  const run = async (...args: string[]): Promise<[number | null, string]> => {
    const running = start([`127.0.0.1:${server.port}`, ...args], {}, full);
    const { code, stderr } = await running.exit;
    return [code, stderr];
  };
  const [code, stderr] = await run('get', 'x');
  assert.equal(code, 6);
  assert.match(stderr, /^error: cannot write to stdout: .*ENOSPC.*\n$/);
  const [again, object] = await run('get', 'x', '--json');
  assert.deepEqual([again, told(object).code, told(object).outcome], [6, 'ENOSPC', 'unknown']);
});

test('a password in the address: not in ps, not in errors', { skip: NO_PROC }, async () => {
  let reached = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    reached = resolve;
  });
  await using server = await fakeServer(([command]) => {
    if (command === 'AUTH') return '+OK\r\n';
    reached();
    return 'silence';
  });
  const running = start(['-u', `redis://default:hunter2@127.0.0.1:${server.port}`, 'get', 'a', '--timeout', '1h']);
  await asked;
  const line = readFileSync(`/proc/${running.child.pid}/cmdline`, 'latin1');
  const { stdout: ps } = spawnSync('ps', ['-o', 'args=', '-p', String(running.child.pid)], { encoding: 'utf8' });
  running.child.kill('SIGTERM');
  assert.equal((await running.exit).code, 143);
  assert.doesNotMatch(line + ps, /hunter2/);
  for (const address of [
    'redis://u:hunter2@host:99999',
    'u:hunter2@host:port',
    'redis://u:hunter2@h/7',
    'http://u:hunter2@h',
  ]) {
    for (const args of [
      ['-u', address, 'get', 'a'],
      [address, 'put', '--bogus'],
      [address],
      ['get', 'a', address, '--json'],
    ]) {
      const { code, stderr } = await kvctl(undefined, args);
      assert.equal(code, 2, address);
      assert.doesNotMatch(stderr, /hunter2/, args.join(' '));
    }
  }
});

test('a costly --match holds no turn: Ctrl-C ends it', { timeout: 20_000 }, async () => {
  const key = 'a'.repeat(60_000);
  await using server = await fakeServer((args) => {
    if (args[1] !== 'SCAN') return undefined;
    return `*2\r\n$1\r\n0\r\n*1\r\n$${key.length}\r\n${key}\r\n`;
  });
  const running = start([`127.0.0.1:${server.port}`, 'scan', '--keys-only', '--match', `*${'a'.repeat(50_000)}b`]);
  while (!server.seen.some((args) => args[1] === 'SCAN')) await once(server.events, 'command');
  running.child.kill('SIGTERM');
  assert.equal((await running.exit).code, 143);
  // It took exponential time: 60 letters were enough for ever.
  const stars = start([`127.0.0.1:${server.port}`, 'scan', '--keys-only', '--match', '*a*a*a*a*a*a*b']);
  assert.deepEqual(await stars.exit, { code: 0, stdout: '', stderr: '' });
});

test('serve: a second signal ends it, whatever it waits for', async () => {
  const serving = start(['serve', '--json', '--port', '0', '--nodes', '2', '--close-timeout', '1h']);
  const [ready] = (await once(serving.child.stdout, 'data')) as [Buffer];
  const { port } = JSON.parse(String(ready)) as { port: number };
  const waiting = start([`127.0.0.1:${port}`, 'watch']);
  await once(waiting.child.stderr, 'data');
  const sleeper = connect(port, '127.0.0.1');
  sleeper.on('error', () => undefined).write('PING\r\nDEBUG SLEEP 3600\r\n');
  await once(sleeper, 'data');
  serving.child.kill('SIGTERM');
  for await (const line of serving.lines) if (line.includes('"closing"')) break;
  const ended = once(serving.child, 'exit');
  serving.child.kill('SIGTERM');
  assert.deepEqual(await ended, [null, 'SIGTERM']);
  waiting.child.kill('SIGKILL');
  sleeper.destroy();
  await waiting.exit;
});
