/** Nothing a stranger wrote moves the cursor, colours or turns text around: neither on kvctl's terminal nor in the log. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import picocolors from 'picocolors';
import type { Context } from '../src/context.ts';
import { openLog } from '../src/serve/log.ts';
import type { LogFormat } from '../src/serve/settings.ts';
import { jsonLine, UNPRINTABLE, visible, visibleLines } from '../src/text/visible.ts';
import { fakeServer } from './support/fake-server.ts';
import { kvctl } from './support/world.ts';

/** Clears the screen, sets the title by C1, turns text around, is no character. */
const EVIL = 'a\u001b[2J\u009d0;title\u009cb\u202egnp.exe\u2066\u007f\u2028\u0007z';

/** What a terminal would act upon, besides line breaks. */
function acted(text: string): string[] {
  return text.split('\n').filter((line) => UNPRINTABLE.test(line));
}

test('what is escaped is what a terminal must not interpret', () => {
  assert.equal(visible('Bogotá 🌵 "\\'), 'Bogotá 🌵 "\\');
  assert.equal(visible('\u001b[31m\n\t\u0085\u202e'), '\\u001b[31m\\u000a\\u0009\\u0085\\u202e');
  assert.equal(visible('\u{e0001}\ud800'), '\\udb40\\udc01\\ud800');
  assert.equal(visibleLines('a\u001b\nb\r'), 'a\\u001b\nb\\u000d');
});

test('JSON stays JSON, and means the same', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(fc.dictionary(text, fc.array(text)), (value) => {
      const line = jsonLine(value);
      assert.doesNotMatch(line, UNPRINTABLE);
      assert.deepEqual(JSON.parse(line), JSON.parse(JSON.stringify(value)));
    }),
  );
});

for (const format of ['text', 'json'] as const satisfies LogFormat[]) {
  test(`the log as ${format}`, async () => {
    let written = '';
    const stderr = new Writable({
      write(chunk, _encoding, done) {
        written += String(chunk);
        done();
      },
    });
    const context = { io: { stderr }, colors: picocolors.createColors(false), output: 'table' } as unknown as Context;
    const log = await openLog(context, 'debug', format);
    log.warn({ name: EVIL, address: '127.0.0.1:1', detail: { key: EVIL }, [EVIL]: 1 }, 'client-cut-off');
    log.error({ err: new Error(EVIL) }, 'server-bug');
    assert.deepEqual(acted(written), []);
    assert.match(written, /a\\u001b\[2J\\u009d0;title\\u009cb\\u202egnp\.exe\\u2066\\u007f\\u2028\\u0007z/);
    if (format === 'json') assert.equal((JSON.parse(written.split('\n')[0]!) as { name: string }).name, EVIL);
  });
}

test('kvctl on a terminal: tables, lists, changes, errors, answers', async () => {
  const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${Buffer.from(text).toString('latin1')}\r\n`;
  const status = {
    health: 'ok',
    uptimeMs: 1,
    counters: {},
    nodes: [{ node: EVIL, health: 'up', loopDelayMs: { mean: 1, max: 1 } }],
  };
  const shards = [{ shard: 0, health: 'ok', chain: [EVIL], learner: null, slots: [0, 1], epoch: 1 }];
  const replies: Record<string, string> = {
    SCAN: `*2\r\n$1\r\n0\r\n*5\r\n${bulk(EVIL)}${bulk('text')}${bulk(EVIL)}${bulk('1')}${bulk('0')}`,
    ENTRY: `*4\r\n${bulk('text')}${bulk(EVIL)}${bulk('1')}${bulk('0')}`,
    STATUS: bulk(JSON.stringify({ ...status, shards })),
    CHAOS: bulk(EVIL),
    REVIVE: `-ERR ${Buffer.from(EVIL).toString('latin1')}\r\n`,
  };
  await using server = await fakeServer((args) => {
    if (args[0] === 'INFO') return bulk(`# Server\r\nname:${EVIL}\r\n`);
    if (args[0] === 'PING') return bulk(EVIL);
    return replies[args[1]?.toUpperCase() ?? ''];
  });
  const rows: string[][] = [
    ['scan'],
    ['get', 'a'],
    ['get', 'a', '--entry'],
    ['export'],
    ['export', '--format', 'csv'],
    ['status'],
    ['ping'],
    ['info'],
    ['chaos', 'kill', EVIL],
    ['revive', 'n1'],
    ['incr', EVIL],
    ['expire', 'a', EVIL],
    [EVIL],
    ['import', `/${EVIL}.json`],
  ];
  for (const args of rows) {
    for (const form of [[], ['--json']]) {
      const { stdout, stderr } = await kvctl(server.port, [...args, ...form], { tty: true, env: { NO_COLOR: '1' } });
      assert.ok(stdout + stderr !== '', args.join(' '));
      assert.deepEqual(acted(stdout + stderr), [], [...args, ...form].join(' '));
      if (form.length > 0 && args[0] === 'get') assert.equal((JSON.parse(stdout) as { value: string }).value, EVIL);
    }
  }
});
