import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from '../../src/commands/table.ts';
import { type Connection, connect } from '../support/fake-transport.ts';
import { ALL, wire } from './scripts/index.ts';

async function askLine(connection: Connection, line: string): Promise<string> {
  return connection.ask(...line.split(' '));
}

for (const [name, script] of Object.entries(ALL)) {
  test(`commands: ${name}`, async () => {
    const connection = connect();
    for (const [line, reply] of script) {
      assert.equal(await askLine(connection, line), wire(reply), line);
    }
    assert.deepEqual(connection.bugs, []);
  });
}

test('commands: expired keys are gone', async () => {
  const connection = connect();
  await askLine(connection, 'SET a 1 PX 10');
  connection.executor.clock += 11;
  assert.equal(await askLine(connection, 'GET a'), '$-1\r\n');
  assert.equal(await askLine(connection, 'TTL a'), ':-2\r\n');
});

test('commands: TIME is the clock of the cluster', async () => {
  const connection = connect();
  connection.executor.clock = 1_700_000_000_123;
  assert.equal(await askLine(connection, 'TIME'), '*2\r\n$10\r\n1700000000\r\n$6\r\n123250\r\n');
});

test('commands: values are binary-safe', async () => {
  const { ask } = connect();
  const bytes = String.fromCharCode(...Array(256).keys());
  await ask('SET', bytes, bytes);
  assert.equal(await ask('GET', bytes), `$256\r\n${bytes}\r\n`);
});

function scanReply(text: string): { cursor: string; keys: string[] } {
  const [, cursor, , ...rest] = text.split('\r\n').slice(1);
  return { cursor: cursor!, keys: rest.filter((line) => line !== '' && !line.startsWith('$')) };
}

test('commands: SCAN goes over all shards and ends', async () => {
  const { ask } = connect();
  const keys = Array.from({ length: 500 }, (_, index) => `key${index}`);
  await ask('MSET', ...keys.flatMap((key) => [key, 'v']));
  for (const extra of [[], ['COUNT', '7'], ['COUNT', '100000'], ['MATCH', '*', 'TYPE', 'STRING']]) {
    const found: string[] = [];
    let cursor = '0';
    do {
      const page = scanReply(await ask('SCAN', cursor, ...extra));
      cursor = page.cursor;
      found.push(...page.keys);
    } while (cursor !== '0');
    assert.deepEqual(found.sort(), [...keys].sort(), extra.join(' '));
  }
  assert.deepEqual(scanReply(await ask('SCAN', '0', 'MATCH', 'key49?', 'COUNT', '10000')).keys.length, 10);
  assert.deepEqual(scanReply(await ask('SCAN', '0', 'TYPE', 'list', 'COUNT', '10000')).keys, []);
  assert.equal(scanReply(await ask('SCAN', '99999999999999')).cursor, '0');
  assert.equal(await ask('SCAN', 'x'), '-ERR invalid cursor\r\n');
  assert.equal(await ask('SCAN', '0', 'COUNT', '0'), '-ERR syntax error\r\n');
  assert.equal(await ask('SCAN', '0', 'COUNT', 'x'), '-ERR value is not an integer or out of range\r\n');
  assert.equal(await ask('SCAN', '0', 'MATCH'), '-ERR syntax error\r\n');
  assert.match(await ask('KEYS', '*'), /^\*500\r\n/);
  assert.match(await ask('KEYS', 'key1?'), /^\*10\r\n/);
  assert.match(await ask('RANDOMKEY'), /^\$\d\r\nkey\d+\r\n$/);
});

test('commands: later commands wait for a scan', async () => {
  const { feed, quiet, transport } = connect();
  feed('SET a 1\r\nKEYS *\r\nSET b 2\r\nKEYS *\r\nDBSIZE\r\n');
  await quiet();
  assert.match(transport.written, /^\+OK\r\n\*1\r\n\$1\r\na\r\n\+OK\r\n\*2\r\n(\$1\r\n[ab]\r\n){2}:2\r\n$/);
});

test('commands: INFO has what clients look for', async () => {
  const { ask } = connect();
  const text = await ask('INFO');
  for (const field of [
    'redis_version:7.0.15',
    'quintet_version:',
    'role:master',
    'loading:0',
    'redis_mode:standalone',
  ]) {
    assert.ok(text.includes(field), field);
  }
  for (const section of ['Server', 'Clients', 'Memory', 'Stats', 'Replication', 'CPU', 'Cluster', 'Keyspace']) {
    assert.ok(text.includes(`# ${section}\r\n`), section);
  }
  const some = await ask('INFO', 'Clients', 'STATS', 'nope');
  assert.deepEqual(
    [...some.matchAll(/# (\w+)/g)].map((match) => match[1]),
    ['Clients', 'Stats'],
  );
  assert.match(await ask('INFO', 'commandstats'), /cmdstat_info:calls=\d+,usec=0/);
  await ask('GET');
  assert.match(await ask('INFO', 'everything'), /redis_version.*cmdstat_get:calls=0,.*rejected_calls=1/s);
  assert.ok(!text.includes('cmdstat'));
  assert.equal(await ask('INFO', 'nope'), '$0\r\n\r\n');
});

test('commands: HELLO and CLIENT describe the connection', async () => {
  const { ask, session } = connect();
  assert.equal(
    await ask('HELLO', '3', 'SETNAME', 'me'),
    `%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:${session.id}\r\n` +
      '$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n',
  );
  const line = await ask('CLIENT', 'INFO');
  assert.match(
    line,
    /^=\d+\r\ntxt:id=1 addr=127\.0\.0\.1:50000 laddr=127\.0\.0\.1:1338 .* name=me .* cmd=client\|info .* resp=3 /,
  );
  assert.equal(await ask('CLIENT', 'LIST', 'ID', '1'), await ask('CLIENT', 'LIST'));
  assert.match(await ask('CLIENT', 'SETNAME', 'a b'), /^-ERR Client names cannot contain spaces/);
  assert.equal(await ask('CLIENT', 'ID'), ':1\r\n');
});

test('commands: every command has help, documentation and flags that agree with its keys', async () => {
  const { ask } = connect();
  const { COMMANDS } = await import('../../src/commands/table.ts');
  assert.equal(await ask('COMMAND', 'COUNT'), `:${COMMANDS.size}\r\n`);
  assert.match(await ask('COMMAND'), new RegExp(`^\\*${COMMANDS.size}\r\n`));
  assert.match(await ask('COMMAND', 'DOCS'), new RegExp(`^\\*${COMMANDS.size * 2}\r\n`));
  assert.match(await ask('CLIENT', 'HELP'), /^\*\d+\r\n\+CLIENT <subcommand>/);
  for (const command of COMMANDS.values()) {
    assert.ok(command.spec.summary.length > 0 && !command.spec.summary.endsWith('.'), command.fullName);
    assert.equal(command.spec.name, command.spec.name.toLowerCase());
    if (command.spec.keys !== undefined && command.fullName !== 'watch') {
      assert.ok(
        command.spec.flags.some((flag) => flag === 'write' || flag === 'readonly'),
        command.fullName,
      );
    }
  }
});

test('commands: QUINTET speaks to the cluster', async () => {
  const { ask, calls, context } = connect();
  assert.match(await ask('QUINTET', 'STATUS'), /"health":"ok"/);
  assert.equal(await ask('QUINTET', 'CHAOS', 'kill', 'n1'), '+OK\r\n');
  assert.equal(await ask('QUINTET', 'CHAOS', 'oom', 'n2'), '+OK\r\n');
  assert.equal(await ask('QUINTET', 'CHAOS', 'HANG', 'n3', '50'), '+OK\r\n');
  assert.equal(await ask('QUINTET', 'RESET', '3'), '+OK\r\n');
  assert.equal(await ask('QUINTET', 'REVIVE', 'n4'), '+OK\r\n');
  assert.deepEqual(calls, ['kill n1', 'exhaustMemory n2', 'hang n3 50', 'resetShard 3', 'reviveNode n4']);
  assert.match(await ask('QUINTET', 'CHAOS', 'burn', 'n1'), /^-ERR CHAOS must be one of/);
  const { KvError } = await import('@quintet/engine');
  context.cluster.chaos.kill = () => {
    throw new KvError('CHAOS_DISABLED');
  };
  assert.match(await ask('QUINTET', 'CHAOS', 'kill', 'n1'), /^-ERR chaos is not allowed/);
});

test('commands: LATENCY HISTOGRAM tells how many calls took up to so long', async () => {
  const { ask, context } = connect();
  const { commandStatistics } = context;
  const get = COMMANDS.get('get')!;
  for (const milliseconds of [0.0005, 0.003, 0.0031, 0.9, 1e9]) {
    commandStatistics.called(get);
    commandStatistics.took(get, milliseconds);
  }
  // One that was answered at once, so without a time: among the quickest.
  commandStatistics.called(get);
  const wanted = '*4~$5~calls~:6~$14~histogram_usec~*8~:1~:2~:4~:4~:1024~:5~:1073741824~:6~'.replaceAll('~', '\r\n');
  assert.equal(await ask('LATENCY', 'HISTOGRAM', 'GET', 'nope', 'get'), `*2\r\n$3\r\nget\r\n${wanted}`);
  await ask('CLIENT', 'ID');
  const all = await ask('LATENCY', 'HISTOGRAM');
  assert.match(all, /\$3\r\nget\r\n/);
  assert.match(all, /\$9\r\nclient\|id\r\n/);
  assert.match(await ask('LATENCY', 'HISTOGRAM', 'client'), /^\*2\r\n\$9\r\nclient\|id\r\n/);
  context.resetCounters();
  assert.equal(await ask('LATENCY', 'HISTOGRAM', 'get'), '*0\r\n');
});
