/** kvctl watch against a server that misbehaves, and the words for what may be missing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeGap, gapBetween } from '../src/watch/gap.ts';
import { type Action, fakeServer } from './support/fake-server.ts';
import { watching } from './support/watching.ts';
import { kvctl } from './support/world.ts';

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const array = (items: readonly string[]): string => `*${items.length}\r\n${items.join('')}`;

/** A reply: after version `to`, with a put for each version after `from`. */
function page(from: number, to: number): string {
  const versions = Array.from({ length: to - from }, (_, i) => String(from + i + 1));
  const changes = versions.map((version) => array(['put', 'k', 'text', version, version, '0', '0', '0'].map(bulk)));
  return array([bulk(`life:0=${to}`), array(changes)]);
}

/** Serves a counter that goes up by one with each read that waits; `strike` may do something else instead. */
function counter(strike: (reads: number) => Action = () => undefined) {
  let version = 0;
  let reads = 0;
  return ([command, verb, ...args]: string[]): Action => {
    if (command !== 'QUINTET' || verb !== 'WATCH') return undefined;
    const from = args.includes('FROM') ? Number(/=(\d+)$/.exec(args[args.indexOf('FROM') + 1]!)![1]) : version;
    if (!args.includes('BLOCK')) return page(from, version);
    version += 1;
    reads += 1;
    return strike(reads) ?? page(from, version);
  };
}

const VALUES = Array.from({ length: 30 }, (_, i) => i + 1);
const valuesIn = (stdout: string): number[] => [...stdout.matchAll(/"(\d+)"/g)].map(([, value]) => Number(value));

test('a server that hangs up, is busy or says nothing now and then: every change once all the same', async () => {
  const strikes: Readonly<Record<number, Action>> = {
    5: 'hang-up',
    11: '-BUSY too many operations\r\n',
    17: 'silence',
  };
  await using server = await fakeServer(counter((reads) => strikes[reads]));
  const args = ['watch', 'k', '--count', '30', '--timeout', '100ms'];
  const { code, stdout, stderr } = await kvctl(server.port, args);
  assert.equal(code, 0, stderr);
  assert.deepEqual(valuesIn(stdout), VALUES);
  assert.equal(stderr.match(/trying again/g)?.length, 3);
  assert.equal(stderr.match(/connected again/g)?.length, 3);
  assert.doesNotMatch(stderr, /missing/);
});

test('a server that cannot go on from somewhere: what may be missing, and on from now', async () => {
  const lagged = '-WATCHLAGGED nothing is remembered of shard 0 since version 2\r\n';
  await using server = await fakeServer(counter((reads) => (reads === 3 ? lagged : undefined)));
  const watch = await watching(server.port, ['k', '--count', '5']);
  const { code, stdout, stderr } = await watch.outcome;
  assert.equal(code, 0);
  assert.deepEqual(valuesIn(stdout), [1, 2, 4, 5, 6]);
  assert.match(
    stderr,
    /nothing is remembered of shard 0 since version 2\. Changes may be missing: shard 0 version 3\n/,
  );
});

test('a server that knows no watch, or is something else: exit 4', async () => {
  await using old = await fakeServer(([command]) =>
    command === 'QUINTET' ? "-ERR unknown subcommand 'WATCH'. Try QUINTET HELP.\r\n" : undefined,
  );
  const unknown = await kvctl(old.port, ['watch', 'k']);
  assert.equal(unknown.code, 4);
  assert.match(unknown.stderr, /unknown subcommand/);
  await using odd = await fakeServer(() => '*1\r\n:7\r\n');
  assert.match((await kvctl(odd.port, ['watch', 'k'])).stderr, /does not understand/);
});

test('what may be missing, by two positions', () => {
  const rows: [from: string, now: string, reply: string, words: RegExp][] = [
    ['a:0=5,1=7', 'a:0=5,1=7', 'WATCHLAGGED forgotten', /^nothing was changed meanwhile: no change is missing$/],
    [
      'a:0=5,1=7',
      'a:0=9,1=8',
      'WATCHLAGGED why',
      /^why\. Changes may be missing: shard 0 versions 6 to 9, shard 1 version 8$/,
    ],
    ['17', 'a:3=20', 'WATCHLAGGED why', /^why\. Changes may be missing: shard 3 versions 18 to 20$/],
    ['a:0=5', 'b:0=0', 'WATCHLAGGED x', /began anew, empty: .*Nothing was changed in it before the watch went on$/],
    ['a:0=5', 'b:0=2', 'WATCHLAGGED x', /began anew, empty: .*Changes may be missing: shard 0 versions 1 to 2$/],
    ['a:0=5', 'a:0=5', 'CLUSTERDOWN gone: shard 0', /^gone: shard 0\. Nothing else is missing$/],
    [
      'a:0=5,1=1',
      'a:0=5,1=3',
      'WATCHLAGGED shard 0 was lost',
      /^shard 0 was lost\. Changes may .* shard 1 versions 2 to 3$/,
    ],
  ];
  for (const [from, now, reply, words] of rows) assert.match(describeGap(gapBetween(from, now, reply)), words);
});
