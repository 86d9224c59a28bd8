import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from '../src/command/command.ts';
import { DIFFERENCES } from '../src/commands/differences.ts';
import { COMMANDS } from '../src/commands/table.ts';

test('docs/commands.md is what the table says', () => {
  const script = fileURLToPath(new URL('../../../scripts/pages/commands.ts', import.meta.url));
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--conditions=source', '--import', 'tsx', script, '--check'],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
});

test('differences are told of commands that exist', () => {
  assert.ok(COMMANDS.size > 0);
  const names = new Set(Command.all.map(({ fullName }) => fullName));
  assert.deepEqual(
    [...DIFFERENCES.keys()].filter((name) => !names.has(name)),
    [],
  );
});
