/** The public declarations are those of api/*.txt, so that none changes unmeant. Read from dist/, as packages are: build first. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

it('the public declarations are those in api/', () => {
  const cwd = fileURLToPath(new URL('../../../..', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/api.mjs'], { cwd, encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
});
