/** What the server tells of its commands, beside Redis 7.0: arguments and tips, and the names of all there are. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cluster } from '@quintet/engine';
import { Redis } from 'ioredis';
import { NOT_OFFERED } from '../src/commands/not-offered.ts';
import { readSyntax } from '../src/commands/server/argument-docs.ts';
import { SYNTAX, TIPS } from '../src/commands/syntax.ts';
import { COMMANDS } from '../src/commands/table.ts';
import { type RunningServer, startServer } from '../src/index.ts';
import { connect } from './support/fake-transport.ts';
import { NO_REDIS, RedisServer } from './support/redis-server.ts';

const skip = NO_REDIS;

let redis: RedisServer;
let cluster: Cluster;
let server: RunningServer;
let theirs: Redis;
let ours: Redis;

before(async () => {
  if (skip) return;
  redis = await RedisServer.start();
  cluster = await Cluster.start({ nodes: 1, shards: 1, replicas: 0 });
  server = await startServer(cluster, { port: 0 });
  theirs = new Redis(redis.port);
  ours = new Redis(server.port);
});

after(async () => {
  if (skip) return;
  theirs.disconnect();
  ours.disconnect();
  await server.close();
  await cluster.close();
  await redis.stop();
});

/** Commands and subcommands by full name, but HELP. */
const FULL_NAMES = [...COMMANDS.values()]
  .flatMap((command) => [command, ...command.subcommands.values()])
  .map(({ fullName }) => fullName)
  .filter((name) => !name.endsWith('|help'));

/** A flat list of names and values by name. */
function byName(flat: unknown): Map<string, unknown> {
  const list = (flat ?? []) as unknown[];
  return new Map(list.flatMap((name, at) => (at % 2 === 0 ? [[name as string, list[at + 1]]] : [])));
}

/** The arguments of every command, by full name. */
async function argumentsOf(client: Redis): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  const read = (docs: unknown): void => {
    for (const [name, fields] of byName(docs)) {
      found.set(name, byName(fields).get('arguments'));
      read(byName(fields).get('subcommands'));
    }
  };
  read(await client.call('COMMAND', 'DOCS'));
  return found;
}

/** The tips of every command, by full name. */
async function tipsOf(client: Redis): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  const read = (entries: unknown): void => {
    for (const entry of entries as unknown[][]) {
      found.set(entry[0] as string, entry[7]);
      read(entry[9]);
    }
  };
  read(await client.call('COMMAND', 'INFO'));
  return found;
}

/** What both tell of the commands that both have, one after the other so that a difference can be read. */
function assertSame(mine: ReadonlyMap<string, unknown>, redis: ReadonlyMap<string, unknown>, least: number): void {
  const common = FULL_NAMES.filter((name) => redis.has(name));
  assert.ok(common.length > 100, String(common.length));
  assert.ok(common.filter((name) => redis.get(name) !== undefined).length >= least);
  const lines = (all: ReadonlyMap<string, unknown>) => common.map((name) => `${name} ${JSON.stringify(all.get(name))}`);
  assert.deepEqual(lines(mine), lines(redis));
}

test('COMMAND DOCS tells the arguments that Redis tells', { skip }, async () => {
  assertSame(await argumentsOf(ours), await argumentsOf(theirs), 80);
});

test('COMMAND INFO tells the tips that Redis tells', { skip }, async () => {
  assertSame(await tipsOf(ours), await tipsOf(theirs), 100);
});

test('every command of Redis is offered, or said not to be', { skip }, async () => {
  const names = (await theirs.call('COMMAND', 'LIST')) as string[];
  const offered = new Set(FULL_NAMES);
  const refused: string[] = [];
  for (const name of names.filter((each) => !each.endsWith('|help') && !offered.has(each))) {
    const [container, subcommand] = name.split('|') as [string, string | undefined];
    const text = await ours
      .call(container.toUpperCase(), ...(subcommand === undefined ? ['a', 'b'] : [subcommand]))
      .then(
        () => 'no error',
        (error: Error) => error.message,
      );
    if (!/^ERR '[a-z_-]+(\|[a-z-]+)?' is not offered by Quintet: see docs\/commands\.md$/.test(text))
      refused.push(`${name}: ${text}`);
  }
  assert.deepEqual(refused, []);
  const known = new Set(names);
  const listed = NOT_OFFERED.flatMap((group) => group.names.split(' '));
  assert.deepEqual(
    listed.filter((name) => !known.has(name) || offered.has(name)),
    [],
  );
});

test('what is not offered aborts a MULTI, and a typing error is one still', async () => {
  const { ask } = connect();
  assert.equal(await ask('HSET', 'h', 'f', 'v'), "-ERR 'hset' is not offered by Quintet: see docs/commands.md\r\n");
  assert.match(await ask('HSTE', 'h'), /^-ERR unknown command 'HSTE', with args beginning with: 'h' /);
  assert.match(await ask('client', 'Tracking', 'on'), /^-ERR 'client\|tracking' is not offered/);
  assert.match(await ask('CLIENT', 'TRACK'), /^-ERR unknown subcommand 'TRACK'/);
  await ask('MULTI');
  await ask('LPUSH', 'l', 'x');
  assert.match(await ask('EXEC'), /^-EXECABORT /);
});

test('syntax and tips are told of commands that exist, and every own command that takes something has them', () => {
  const names = new Set(FULL_NAMES);
  assert.deepEqual(
    [...Object.keys(SYNTAX), ...Object.keys(TIPS)].filter((name) => !names.has(name)),
    [],
  );
  const own = [...COMMANDS.get('quintet')!.subcommands.values()].filter(({ spec }) => Math.abs(spec.arity) > 2);
  assert.deepEqual(
    own.map(({ fullName }) => fullName).filter((name) => SYNTAX[name] === undefined),
    [],
  );
});

test('a notation that is none is refused', () => {
  for (const wrong of ['', 'a(', 'a(b|', 'a(b}', 'a b)', 'a??', ' a', 'a  b'])
    assert.throws(() => readSyntax(wrong), wrong);
});
