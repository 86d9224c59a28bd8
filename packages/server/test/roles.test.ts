/** The second password: reads and writes over every protocol, and no administration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Command } from '../src/command/command.ts';
import { ServerStartError, startServer } from '../src/index.ts';
import { fakeCluster } from './support/fake-cluster.ts';
import { type Connection, connect } from './support/fake-transport.ts';

const BOTH = { password: 'root', userPassword: 'app' };

const NOPERM = (name: string): string => `-NOPERM this user has no permissions to run the '${name}' command\r\n`;

async function askLine({ ask }: Connection, line: string): Promise<string> {
  return ask(...line.split(' '));
}

/** What a program that reads and writes has no business with. */
const ADMINISTRATION = [
  'flushall',
  'flushdb',
  'shutdown',
  'save',
  'bgsave',
  'bgrewriteaof',
  'config|get',
  'config|set',
  'config|rewrite',
  'config|resetstat',
  'client|list',
  'client|kill',
  'client|pause',
  'client|unpause',
  'client|no-evict',
  'slowlog|get',
  'slowlog|len',
  'slowlog|reset',
  'debug|sleep',
  'debug|log',
  'quintet|chaos',
  'quintet|reset',
  'quintet|revive',
];

/** A request of the right length. */
function requestFor({ spec, fullName }: Command): string[] {
  const words = fullName.split('|');
  return [...words, ...Array(Math.max(0, Math.abs(spec.arity) - words.length)).fill('1')];
}

test('every command of administration is marked, and refused to a user', async () => {
  const marked = Command.all.filter(({ adminOnly }) => adminOnly).map(({ fullName }) => fullName);
  for (const name of ADMINISTRATION) assert.ok(marked.includes(name), `${name} is marked`);
  const user = connect(BOTH);
  assert.equal(await askLine(user, 'AUTH app'), '+OK\r\n');
  for (const command of Command.all) {
    if (!command.adminOnly || command.subcommands.size > 0) continue;
    assert.equal(await user.ask(...requestFor(command)), NOPERM(command.fullName), command.fullName);
  }
  assert.deepEqual(user.calls, []);
});

test('a user reads and writes', async () => {
  const user = connect(BOTH);
  const rows: [line: string, reply: string][] = [
    ['SET a 1', '-NOAUTH Authentication required.\r\n'],
    ['AUTH default app', '+OK\r\n'],
    ['SET a 1', '+OK\r\n'],
    ['GET a', '$1\r\n1\r\n'],
    ['DEL a', ':1\r\n'],
    ['CLIENT SETNAME me', '+OK\r\n'],
    ['CONFIG GET', "-ERR wrong number of arguments for 'config|get' command\r\n"],
    ['FLUSHALL', NOPERM('flushall')],
    ['AUTH root', '+OK\r\n'],
    ['FLUSHALL', '+OK\r\n'],
    ['AUTH app', '+OK\r\n'],
    ['FLUSHALL', NOPERM('flushall')],
    ['RESET', '+RESET\r\n'],
    ['FLUSHALL', '-NOAUTH Authentication required.\r\n'],
  ];
  for (const [line, reply] of rows) assert.equal(await askLine(user, line), reply, line);
  assert.match(await askLine(user, 'HELLO 3 AUTH default app'), /^%7/);
  assert.equal(await askLine(user, 'SHUTDOWN'), NOPERM('shutdown'));
});

test('a transaction is no way around it', async () => {
  const user = connect(BOTH);
  await askLine(user, 'AUTH app');
  await askLine(user, 'MULTI');
  assert.equal(await askLine(user, 'FLUSHALL'), NOPERM('flushall'));
  assert.match(await askLine(user, 'EXEC'), /^-EXECABORT/);
  await askLine(user, 'AUTH root');
  for (const line of ['MULTI', 'AUTH app', 'FLUSHALL']) await askLine(user, line);
  assert.match(await askLine(user, 'EXEC'), /-NOPERM this user has no permissions to run the 'flushall' command/);
});

test('HTTP and gRPC take either password, and no other', async () => {
  const server = await startServer(fakeCluster(), { port: 0, ...BOTH });
  const path = fileURLToPath(new URL('../proto/kvstore.server.v2.proto', import.meta.url));
  const service = loadSync([path], { keepCase: true })['kvstore.server.v2.KeyValueService'] as grpc.ServiceDefinition;
  const Client = grpc.makeGenericClientConstructor(service, 'KeyValueService');
  const client = new Client(server.address, grpc.credentials.createInsecure());
  const codeOverGrpc = (password: string): Promise<number> =>
    new Promise((resolve) => {
      const metadata = new grpc.Metadata();
      metadata.set('authorization', `Bearer ${password}`);
      const done = (error: grpc.ServiceError | null): void => resolve(error?.code ?? 0);
      (client as unknown as { Put: (...args: unknown[]) => void }).Put({ key: Buffer.from('b') }, metadata, done);
    });
  try {
    for (const [password, status, code] of [
      ['root', 204, 0],
      ['app', 204, 0],
      ['other', 401, grpc.status.UNAUTHENTICATED],
    ] as const) {
      const headers = { authorization: `Bearer ${password}` };
      const url = `http://${server.address}/v1/keys/a`;
      const response = await fetch(url, { method: 'PUT', headers, body: '1' });
      await response.arrayBuffer();
      assert.equal(Math.floor(response.status / 100), Math.floor(status / 100), password);
      assert.equal(await codeOverGrpc(password), code, password);
    }
  } finally {
    client.close();
    await server.close();
  }
});

test('a user password stands beside another one', async () => {
  for (const options of [
    { userPassword: 'app' },
    { password: 'a', userPassword: 'a' },
    { password: 'a', userPassword: '' },
  ]) {
    await assert.rejects(
      startServer(fakeCluster(), { port: 0, ...options }),
      (error) => error instanceof ServerStartError && error.code === 'PASSWORD_REQUIRED',
    );
  }
});
