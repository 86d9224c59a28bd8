/** Passwords are in no list, log or error that others read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { Command } from '../src/command/command.ts';
import { findCommand } from '../src/commands/table.ts';
import { startServer } from '../src/index.ts';
import { fakeCluster } from './support/fake-cluster.ts';
import { RecordedLog } from './support/recorded-log.ts';
import { open, readUntil } from './support/sockets.ts';

test('SLOWLOG and the log: nothing of a refused AUTH or HELLO', async () => {
  const log = new RecordedLog();
  const server = await startServer(fakeCluster(), { port: 0, password: 'right', log });
  const redis = new Redis(server.port, server.host, { password: 'right' });
  const stranger = await open(server);
  try {
    await redis.config('SET', 'slowlog-log-slower-than', '0');
    const refused = ['AUTH hunter2', 'AUTH default hunter2', 'hello 3 auth default hunter2 SETNAME x'];
    for (const line of refused) {
      stranger.write(`${line}\r\n`);
      assert.match(await readUntil(stranger, 'disabled.\r\n'), /^-WRONGPASS/);
    }
    const entries = (await redis.slowlog('GET', 20)) as unknown as [number, number, number, string[]][];
    const shown = entries.map(([, , , args]) => args.join(' '));
    assert.ok(shown.includes('AUTH (redacted)'), shown.join('\n'));
    assert.ok(shown.includes('AUTH (redacted) (redacted)'));
    assert.ok(shown.includes('hello 3 auth (redacted) (redacted) SETNAME x'));
    assert.doesNotMatch(JSON.stringify([entries, log.told]), /hunter2|right/);
  } finally {
    stranger.destroy();
    redis.disconnect();
    await server.close();
  }
});

test('what is redacted, as Redis does, in requests however wrong', () => {
  const rows: [asked: string, shown: string][] = [
    ['AUTH pw', 'AUTH (redacted)'],
    ['auth a b c', 'auth (redacted) (redacted) (redacted)'],
    ['AUTH', 'AUTH'],
    ['HELLO 3', 'HELLO 3'],
    ['HELLO 2 SETNAME AUTH AUTH default pw', 'HELLO 2 SETNAME AUTH (redacted) (redacted) (redacted)'],
    ['HELLO 3 FOO AUTH default pw', 'HELLO 3 FOO AUTH (redacted) (redacted)'],
    ['HELLO 3 AUTH default', 'HELLO 3 AUTH (redacted)'],
    ['CONFIG SET maxclients 1 RequirePass pw', 'CONFIG SET maxclients 1 RequirePass (redacted)'],
    ['CONFIG SET masterauth pw maxclients 1', 'CONFIG SET masterauth (redacted) maxclients 1'],
    ['CONFIG GET requirepass', 'CONFIG GET requirepass'],
    ['SET AUTH requirepass', 'SET AUTH requirepass'],
  ];
  for (const [asked, shown] of rows) {
    const args = asked.split(' ');
    assert.deepEqual(findCommand(args)!.withoutSecrets(args), shown.split(' '), asked);
  }
  const marked = Command.all.filter(({ spec }) => spec.secrets !== undefined).map(({ fullName }) => fullName);
  assert.deepEqual(marked, ['auth', 'hello', 'config|set']);
});

test('CONFIG SET of a password that cannot be set does not tell it', async () => {
  const server = await startServer(fakeCluster(), { port: 0 });
  const redis = new Redis(server.port, server.host);
  try {
    for (const name of ['requirepass', 'masterauth']) {
      const error = await redis.config('SET', name, 'hunter2').then(String, String);
      assert.doesNotMatch(error, /hunter2/);
    }
  } finally {
    redis.disconnect();
    await server.close();
  }
});
