/** import and export against a real cluster, through real files and the real pool of threads. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import { ANY_VERSION, NO_TTL, ValueKind } from '@quintet/engine/internal';
import { openTarget } from '../src/transfer/export-target.ts';
import { type RunningCluster, realCluster } from './support/cluster.ts';
import { kvctl, type Outcome, type World } from './support/world.ts';

let running: RunningCluster;
let folder: string;
before(async () => {
  running = await realCluster({ maxValueBytes: 100_000 });
  folder = await mkdtemp(join(tmpdir(), 'kvctl-'));
});
beforeEach(() => running.cluster.clear());
after(async () => {
  await running.close();
  await rm(folder, { recursive: true });
});

const run = (args: readonly string[], world?: World): Promise<Outcome> => kvctl(running.port, args, world);

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

interface Summary {
  read: number;
  stored: number;
  skipped: number;
  bad: number;
  refused: number;
  stopped: boolean;
  errors: { line: number; number: number; message: string }[];
}

async function imported(args: readonly string[], world?: World): Promise<Outcome & { summary: Summary }> {
  const outcome = await run(['import', '--json', ...args], world);
  return { ...outcome, summary: JSON.parse(outcome.stdout) as Summary };
}

test('a JSON array with a template, in many batches on many threads', async () => {
  const places = Array.from({ length: 20_000 }, (_, i) => ({
    country: `C${i % 50}`,
    name: `Plaça "${i}"`,
    lat: i / 7,
  }));
  const path = await file('places.json', JSON.stringify(places));
  const { code, summary } = await imported([path, '--key', 'city:{country}:{name}']);
  assert.deepEqual([code, summary.read, summary.stored, summary.bad], [0, 20_000, 20_000, 0]);
  assert.equal(await running.cluster.count(), 20_000);
  assert.deepEqual(await running.cluster.get('city:C7:Plaça "57"'), places[57]);
});

test('broken lines: each with its line, nothing else lost, exit 1', async () => {
  const lines = Array.from({ length: 8_000 }, (_, i) => JSON.stringify({ id: i, text: 'x'.repeat(60) }));
  for (const i of [0, 4_000, 7_999]) lines[i] = `{"id": ${i}, "text": `;
  lines[10] = '{"no":"id"}';
  const path = await file('broken.ndjson', lines.join('\n'));
  const { code, summary, stderr } = await imported([path, '--key', 'k{id}']);
  assert.deepEqual([code, summary.stored, summary.bad], [1, 7_996, 4]);
  assert.deepEqual(
    summary.errors.map(({ line }) => line),
    [1, 11, 4_001, 8_000],
  );
  const messages = stderr.match(/"message":"(?:[^"\\]|\\.)*"/g) ?? [];
  assert.equal(messages.length, 4);
  assert.equal(messages[1], `"message":${JSON.stringify(`${path}:11: no field "id"`)}`);
  assert.equal(await running.cluster.count(), 7_996);
});

test('--on-error stop: what came before is stored, nothing after', async () => {
  const path = await file(
    'stop.ndjson',
    '{"key":"a","value":1}\n{"key":"b","value":2}\n{broken\n{"key":"c","value":3}\n',
  );
  const { code, summary } = await imported([path, '--on-error', 'stop']);
  assert.deepEqual([code, summary.stored, summary.stopped], [1, 2, true]);
  assert.equal(await running.cluster.has('c'), false);
});

test('CSV by extension, with the later of two records winning', async () => {
  const path = await file('users.csv', '\ufeffid,mail\n1,a@x\n2,"b, c@x"\n1,new@x\n3\n');
  const { code, summary } = await imported([path, '--key', 'user:{id}', '--value', '{mail}']);
  assert.deepEqual([code, summary.stored, summary.bad], [1, 3, 1]);
  assert.equal(await running.cluster.get('user:1'), 'new@x');
  assert.equal(await running.cluster.get('user:2'), 'b, c@x');
  const tabs = await file('users.tsv', 'id\tmail\n7\tt@x\n');
  assert.equal((await imported([tabs, '--key', 'user:{id}', '--as', 'text'])).code, 0);
  assert.equal(await running.cluster.get('user:7'), '{"id":"7","mail":"t@x"}');
});

test('records the server refuses: their lines, exit 4, the others stored', async () => {
  const long = JSON.stringify({ key: 'long', value: 'x'.repeat(100_001) });
  const path = await file('refused.ndjson', `{"key":"a","value":1}\n${long}\n{"key":"b","value":2}\n`);
  const { code, summary } = await imported([path]);
  assert.deepEqual([code, summary.stored, summary.refused], [4, 2, 1]);
  assert.deepEqual(
    summary.errors.map(({ line }) => line),
    [2],
  );
  assert.match(summary.errors[0]!.message, /refused by the server: string exceeds/);
});

test('--if-absent, --ttl, --dry-run', async () => {
  await running.cluster.put('a', 'old');
  const stdin = '{"key":"a","value":"new"}\n{"key":"b","value":"new"}\n';
  const dry = await imported(['-', '--format', 'ndjson', '--dry-run'], { stdin });
  assert.deepEqual([dry.code, dry.summary.read, await running.cluster.count()], [0, 2, 1]);
  const { code, summary } = await imported(['-', '--format', 'ndjson', '--if-absent', '--ttl', '1h'], { stdin });
  assert.deepEqual([code, summary.stored, summary.skipped], [0, 1, 1]);
  assert.equal(await running.cluster.get('a'), 'old');
  assert.ok((await running.cluster.ttl('b'))! < 3_600_001);
});

test('what is told is what was done: bad records would not be stored, keys that are not there are not written', async () => {
  const stdin = '{"key":"a","value":1}\n{"key":"b"\n';
  const dry = await run(['import', '-', '--format', 'ndjson', '--dry-run'], { stdin });
  assert.match(dry.stdout, /^1 record would be stored in .*, 1 bad\n$/);
  await running.cluster.put('there', 1);
  const keys = await file('keys.txt', 'there\nabsent\n');
  const exported = await run(['export', join(folder, 'listed.ndjson'), '--keys', keys]);
  assert.equal(exported.code, 1);
  assert.match(exported.stderr, /^1 entry written to .*\nerror: not found: 1 of the keys/);
});

test('input that is no input: exit 2', async () => {
  const object = await file('object.json', '{"key":"a","value":1}\n');
  const twice = await file('twice.csv', 'a,a\n1,2\n');
  const rows: [string[], RegExp][] = [
    [['import', join(folder, 'absent.json')], /cannot read .+ENOENT/],
    [['import', join(folder, 'absent')], /cannot read .+ENOENT/],
    [['import', folder], /is a folder/],
    [['import', await file('plain', '')], /format of/],
    [['import', '-'], /format of stdin is not known.*\nhint: .*--format/],
    [['import', object], /is no JSON array\nhint: .*ndjson/],
    [['import', twice, '--key', '{a}'], /header has "a" twice/],
    [['import', object, '--key', 'fixed'], /names no \{field\}/],
    [['import', object, '--key', '{a'], /lone "\{"/],
    [['import', object, '--delimiter', 'ab'], /one character/],
    [['export', join(folder, 'no', 'such', 'x.csv')], /cannot write/],
    [['export', '--keys', '-', '--prefix', 'a'], /exclude each other/],
    [['export', '--keys', join(folder, 'absent')], /cannot read the keys in .+ENOENT/],
  ];
  for (const [args, message] of rows) {
    const { code, stderr } = await run(args);
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, message);
  }
});

for (const format of ['ndjson', 'json', 'csv']) {
  test(`export as ${format} and import again: the same entries`, async () => {
    const { cluster } = running;
    const soon = Date.now() + 3_600_000;
    await cluster.put('text', 'Bogotá, "quoted"\nline');
    await cluster.put('empty', '');
    await cluster.put('space', ' x ');
    await cluster.put('bytes', new Uint8Array([0, 255, 10]));
    await cluster.put(new Uint8Array([255, 1]), 'binary key');
    await cluster.put('number', 0.1);
    await cluster.put('structured', { a: [1, { b: null }], s: '"' });
    await cluster.put('exact', { when: new Date(1), big: 2n ** 70n, map: new Map([['k', 1]]), none: undefined });
    await cluster.put('expiring', 'x', { expiresAt: soon });
    await cluster.putMany(Array.from({ length: 3_000 }, (_, i) => [`many:${i}`, i]));
    const path = join(folder, `export.${format}`);
    const exported = await run(['export', path]);
    assert.equal(exported.code, 0, exported.stderr);
    assert.match(exported.stderr, /3,009 entries written/);
    await cluster.clear();
    const { code, summary, stderr } = await imported([path]);
    assert.deepEqual([code, summary.stored], [0, 3_009], stderr);
    assert.equal(await cluster.get('text'), 'Bogotá, "quoted"\nline');
    assert.equal(await cluster.get('empty'), '');
    assert.equal(await cluster.get('space'), ' x ');
    assert.deepEqual([...(await cluster.get<Uint8Array>('bytes'))!], [0, 255, 10]);
    assert.equal(await cluster.get(new Uint8Array([255, 1])), 'binary key');
    assert.equal(await cluster.get('number'), 0.1);
    assert.deepEqual(await cluster.get('structured'), { a: [1, { b: null }], s: '"' });
    assert.deepEqual(await cluster.get('exact'), {
      when: new Date(1),
      big: 2n ** 70n,
      map: new Map([['k', 1]]),
      none: undefined,
    });
    assert.ok(Math.abs((await cluster.getEntry('expiring'))!.expiresAt! - soon) <= 5);
    assert.equal(await cluster.get('many:2999'), 2_999);
    assert.deepEqual(await leftovers(), []);
  });
}

test('export of a prefix to stdout, and of listed keys', async () => {
  await running.cluster.putMany([
    ['a:1', 'x'],
    ['a:2', 'y'],
    ['b:1', 'z'],
  ]);
  const { stdout } = await run(['export', '--prefix', 'a:']);
  assert.equal(stdout.trimEnd().split('\n').length, 2);
  const listed = await run(['export', '--keys', '-'], { stdin: 'b:1\na:2\n' });
  assert.deepEqual([listed.code, listed.stdout.match(/"[ab]:\d"/g)], [0, ['"b:1"', '"a:2"']]);
});

test('an import goes on while nodes die, and loses nothing', async () => {
  const { cluster } = running;
  const lines = Array.from({ length: 30_000 }, (_, i) => JSON.stringify({ key: `live:${i}`, value: `v${i}` }));
  const path = await file('live.ndjson', lines.join('\n'));
  let kills = 0;
  const onStderr = (): void => {
    // Each report of progress is an occasion; one wound at a time.
    if (kills < 3 && cluster.status().health === 'ok') {
      kills += 1;
      cluster.chaos.kill(`n${kills}`);
    }
  };
  const { code, summary } = await imported([path, '--progress', 'json', '--window', '512'], { onStderr });
  assert.deepEqual([code, summary.stored], [0, 30_000]);
  assert.ok(kills > 0);
  await cluster.settled();
  const values = await cluster.getMany(lines.map((_line, i) => `live:${i}`));
  assert.ok(values.every((value, i) => value === `v${i}`));
});

test('one value that cannot be read costs only itself', async () => {
  const { cluster } = running;
  await cluster.put('before', { a: 1 });
  const loop = Buffer.from('d6690000000191d67000000001', 'hex');
  await putUnchecked('loop', loop);
  await putUnchecked('deep', Buffer.from('91'.repeat(4_000), 'hex'));
  const path = join(folder, 'unreadable.ndjson');
  assert.deepEqual((await run(['export', path])).code, 0);
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const face = lines.map((line) => JSON.parse(line) as Record<string, unknown>).find(({ key }) => key === 'loop')!;
  assert.deepEqual([lines.length, face.kind, face.encoding], [3, 'bytes', 'base64']);
  assert.equal((await run(['scan', '--json'])).stdout.trimEnd().split('\n').length, 3);
  assert.deepEqual((await run(['get', 'loop', '--raw'])).stdoutBytes, loop);
  for (const form of ['--json', '--output=table', '--entry']) assert.equal((await run(['get', 'deep', form])).code, 0);
  await cluster.clear();
  assert.equal((await imported([path])).summary.stored, 3);
  assert.deepEqual(await cluster.get('loop'), Uint8Array.from(loop));
  assert.deepEqual(await cluster.get('before'), { a: 1 });
});

/** As only a program beside the library could: the server checks what it is given. */
function putUnchecked(key: string, bytes: Buffer): Promise<void> {
  const rest = { kind: ValueKind.structured, ifVersion: ANY_VERSION, ttl: NO_TTL, deadline: 0, previous: false };
  const put = { verb: 'put', key, value: bytes.toString('latin1'), ...rest } as const;
  return new Promise((resolve, reject) => {
    const onError = (code: string): void => reject(new Error(code));
    running.cluster.executor.submit(put, { onResult: () => resolve(), onError });
  });
}

test('an export is its owner’s alone, and goes nowhere but where it should', async () => {
  await running.cluster.put('a', 'x');
  const path = join(folder, 'private.ndjson');
  const victim = await file('victim', 'untouched');
  await symlink(victim, `${path}.part`);
  assert.equal((await run(['export', path])).code, 0);
  assert.equal(await readFile(victim, 'utf8'), 'untouched');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.match(await readFile(path, 'utf8'), /^\{"key":"a"/);
  // Again, over a file that others may read.
  await chmod(path, 0o644);
  assert.equal((await run(['export', path])).code, 0);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await rm(`${path}.part`);
});

test('the name of the temporary file is nobody’s to know, and it is opened only if it is new', async () => {
  const target = await openTarget(join(folder, 'new.ndjson'), new PassThrough());
  await target.write('half');
  const part = (await leftovers())[0]!;
  assert.match(part, /^\.kvctl-[0-9a-f]{24}\.part$/);
  assert.equal((await stat(join(folder, part))).mode & 0o777, 0o600);
  await target.discard();
  assert.deepEqual(await leftovers(), []);
  const other = await openTarget(join(folder, 'folder-by-now'), new PassThrough());
  await mkdir(join(folder, 'folder-by-now'));
  await assert.rejects(other.finish(), /cannot write .*folder-by-now/);
  await other.discard();
  assert.deepEqual(await leftovers(), []);
});

test('what is given up in the middle of a write leaves nothing behind, and no error', async () => {
  for (let round = 0; round < 20; round++) {
    const target = await openTarget(join(folder, 'given-up.ndjson'), new PassThrough());
    const written = target.write('x'.repeat(4 * 1024 * 1024)).catch(() => {});
    // The stream is open then, and the write has begun.
    await new Promise(setImmediate);
    await target.discard();
    await written;
    assert.deepEqual(await leftovers(), []);
  }
});

test('a second Ctrl-C leaves no temporary file either', async () => {
  const module = new URL('../src/transfer/export-target.ts', import.meta.url).href;
  const script = `const { openTarget } = await import(${JSON.stringify(module)});
    await openTarget(${JSON.stringify(join(folder, 'killed.ndjson'))}, process.stdout);
    process.exit(130);`;
  const args = ['--conditions=source', '--import', 'tsx', '--input-type=module', '-e', script];
  await assert.rejects(promisify(execFile)(process.execPath, args), { code: 130 });
  assert.deepEqual(await leftovers(), []);
});

async function leftovers(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.part'));
}

test('a file appears only when the export is whole', async () => {
  await running.cluster.put('a', 'x');
  const path = await file('old.ndjson', 'old');
  const controller = new AbortController();
  controller.abort();
  const { code } = await run(['export', path], { signal: controller.signal });
  assert.equal(code, 130);
  assert.equal(await readFile(path, 'utf8'), 'old');
  assert.deepEqual(await leftovers(), []);
});
