/** What BITOP and BITFIELD may be made to do, by themselves and many of them in one MULTI. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { type Connection, connect, request } from './support/fake-transport.ts';

const MB = 1024 * 1024;
const TOO_MUCH = '-ERR BITOP works on at most 64 MB of source strings\r\n';

/** As many keys `big0`, `big1` … of the greatest length, without sending them. */
async function withBig(count: number): Promise<Connection> {
  const connection = connect();
  for (let index = 0; index < count; index++) {
    await connection.ask('SETRANGE', `big${index}`, String(16 * MB - 1), String.fromCharCode(1 + index));
  }
  return connection;
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

test('bit bounds: BITOP looks at 64 MB, and at no source twice', async () => {
  const { ask } = await withBig(5);
  const five = ['big0', 'big1', 'big2', 'big3', 'big4'];
  assert.equal(await ask('BITOP', 'OR', 'd', ...five), TOO_MUCH);
  assert.equal(await ask('BITOP', 'AND', 'd', ...five), TOO_MUCH);
  assert.equal(await ask('BITOP', 'XOR', 'd', ...five), TOO_MUCH);
  assert.equal(await ask('BITOP', 'OR', 'd', ...five.slice(1)), `:${16 * MB}\r\n`);
  assert.equal(await ask('BITOP', 'AND', 'd', ...five, 'absent'), `:${16 * MB}\r\n`, 'one is empty, so all is zero');
  // Named as often as it likes: once counts, and for XOR every other time.
  assert.equal(await ask('BITOP', 'OR', 'd', ...times(1000, 'big0')), `:${16 * MB}\r\n`);
  assert.equal(await ask('GETRANGE', 'd', '-1', '-1'), '$1\r\n\x01\r\n');
  assert.equal(await ask('BITOP', 'XOR', 'd', ...times(1001, 'big1'), 'big2', 'big2'), `:${16 * MB}\r\n`);
  assert.equal(await ask('GETRANGE', 'd', '-1', '-1'), '$1\r\n\x02\r\n');
  assert.equal(await ask('BITOP', 'XOR', 'd', 'big1', 'big1'), `:${16 * MB}\r\n`);
  assert.equal(await ask('BITCOUNT', 'd'), ':0\r\n');
});

test('bit bounds: very many arguments are no bug', async () => {
  const { ask, bugs, feed, quiet, transport } = connect();
  /** Too many to be arguments of a function. */
  const askMany = async (head: string[], count: number, ...each: string[]): Promise<string> => {
    const bulks = (some: string[]): string => some.map((one) => `$${one.length}\r\n${one}\r\n`).join('');
    transport.written = '';
    feed(`*${head.length + count * each.length}\r\n${bulks(head)}${bulks(each).repeat(count)}`);
    await quiet();
    return transport.written;
  };
  await ask('SET', 'tiny', 'x');
  assert.equal(await askMany(['BITOP', 'OR', 'd'], 200_000, 'tiny'), ':1\r\n');
  const refused = '-ERR at most 16384 fields\r\n';
  assert.equal(await askMany(['BITFIELD', 'f'], 150_000, 'SET', 'u8', '0', '1'), refused);
  assert.equal(await askMany(['BITFIELD', 'f'], 16_385, 'GET', 'u8', '0'), refused);
  assert.equal(await askMany(['BITFIELD_RO', 'f'], 16_385, 'GET', 'u8', '0'), refused);
  assert.match(await askMany(['BITFIELD', 'f'], 16_384, 'INCRBY', 'u8', '0', '1'), /^\*16384\r\n:1\r\n/);
  assert.deepEqual(bugs, []);
});

/** MULTI, the commands, EXEC; the reply to EXEC. */
async function execute({ feed, quiet, transport }: Connection, commands: readonly string[][]): Promise<string> {
  feed(request('MULTI') + commands.map((command) => request(...command)).join(''));
  await quiet();
  transport.written = '';
  feed(request('EXEC'));
  while (transport.written === '') await new Promise((resolve) => setImmediate(resolve));
  return transport.written;
}

test('bit bounds: plans in a MULTI are not made beyond what a transaction may have', async () => {
  const connection = await withBig(1);
  const made = mock.method(Buffer.prototype, 'toString');
  const reply = await execute(connection, times(20, ['BITOP', 'NOT', 'd', 'big0']));
  const large = made.mock.calls.filter(
    (call: { result?: unknown }) => ((call.result as string | undefined)?.length ?? 0) > MB,
  ).length;
  made.mock.restore();
  assert.equal(reply, '-ERR the transaction has too many keys or bytes\r\n');
  assert.equal(large, 3, 'the third is too much');
  assert.equal(await connection.ask('EXISTS', 'd'), ':0\r\n');
});

test('bit bounds: many plans and long replies of one MULTI are made in slices', async () => {
  const connection = await withBig(1);
  const { context } = connection;
  const add = mock.method(context.slowWork, 'add');
  // Changes nothing, so that nothing is too large to be written; but every one looks at 16 MB.
  const unchanged = ['BITFIELD', 'big0', 'SET', 'u8', '0', '0'];
  assert.equal(await execute(connection, times(5, unchanged)), `*5\r\n${'*1\r\n:0\r\n'.repeat(5)}`);
  assert.equal(add.mock.callCount(), 1, 'plans');
  assert.equal(await execute(connection, times(5, ['BITCOUNT', 'big0'])), `*5\r\n${':1\r\n'.repeat(5)}`);
  assert.equal(add.mock.callCount(), 2, 'replies');
  const fields = times(4000, ['INCRBY', 'u8', '0', '0']).flat();
  await execute(connection, times(3, ['BITFIELD', 'f', ...fields]));
  assert.equal(add.mock.callCount(), 3, 'fields');
  assert.equal(
    await execute(connection, [
      ['SET', 'a', '1'],
      ['COPY', 'a', 'b'],
      ['GET', 'b'],
    ]),
    '*3\r\n+OK\r\n:1\r\n$1\r\n1\r\n',
  );
  assert.equal(add.mock.callCount(), 3, 'what is short is made at once');
});
