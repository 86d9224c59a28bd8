/**
 * The runtime as it is published: compiled to plain JavaScript, no tsx anywhere. Also where starts are quick enough for
 * many rounds of death and birth.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const ENGINE = new URL('../..', import.meta.url).pathname;
const ROUNDS = Number(process.env.RUNTIME_ROUNDS ?? 200);
let built = '';

before(() => {
  built = mkdtempSync(join(tmpdir(), 'quintet-'));
  writeFileSync(join(built, 'package.json'), '{"type":"module"}');
  const tsc = join(ENGINE, '../../node_modules/.bin/tsc');
  const flags = ['-p', ENGINE, '--noEmit', 'false', '--rootDir', ENGINE, '--outDir', built, '--noCheck'];
  execFileSync(tsc, flags, { stdio: 'inherit' });
  const embed = [join(ENGINE, 'scripts/embed-node.mjs'), join(built, 'src/runtime/threads')];
  execFileSync(process.execPath, embed, { stdio: 'inherit' });
});
after(() => rmSync(built, { recursive: true }));

function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const script = join(built, 'test/runtime/fixtures/script.js');
    const child = execFile(
      process.execPath,
      ['--expose-gc', script, ...args],
      { timeout: 60_000 },
      (_e, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

test('plain JavaScript starts, serves and ends by itself', async () => {
  assert.deepEqual(await run('forgets'), { code: 0, stdout: 'done\n', stderr: '' });
});

test('rounds of death and birth leave nothing behind', { skip: process.platform !== 'linux' }, async (t) => {
  const { code, stdout, stderr } = await run('rounds', String(ROUNDS));
  t.diagnostic(stdout);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  const [early, late, closed] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { threads: number; files: number; resources: number; rssMb: number });
  assert.ok(early && late && closed);
  assert.equal(late.threads, early.threads);
  assert.ok(late.files <= early.files + 2, 'no file descriptors stay behind');
  assert.ok(late.resources <= early.resources + 2, 'no handles stay behind');
  assert.ok(closed.threads < early.threads);
});
