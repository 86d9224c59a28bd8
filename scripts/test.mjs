// Runs the test files of the workspace (or those under the paths given) with node:test, straight from TypeScript.
// Files named *.slow.test.ts run only with --all, or where a path names them: they repeat on more processes, larger values or
// more faults what a quick test shows once. Node 20's own --test knows no globs, so the files are listed here.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** A test that hangs is a failed test. The longest of them takes a third of this on a busy machine. */
const TEST_LIMIT_MS = 180_000;

const roots = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('-') && argument !== '--all');
const withSlow = process.argv.includes('--all') || roots.length > 0;
const packages = readdirSync('packages').map((name) => join('packages', name, 'test'));

/** Every *.test.ts file at or below a path, in an order that is the same everywhere. */
function testFiles(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (found.isFile()) return [path];
  const names = readdirSync(path).filter((name) => name !== 'node_modules' && name !== 'dist');
  return names
    .sort()
    .map((name) => join(path, name))
    .flatMap((child) => (statSync(child).isDirectory() || child.endsWith('.test.ts') ? testFiles(child) : []));
}

const files = (roots.length > 0 ? roots : packages)
  .flatMap(testFiles)
  .filter((file) => withSlow || !file.endsWith('.slow.test.ts'));
if (files.length === 0) {
  console.error('no test files found');
  process.exit(2);
}
const { status } = spawnSync(
  process.execPath,
  [
    ...['--conditions=source', '--import', 'tsx', '--test', `--test-timeout=${TEST_LIMIT_MS}`],
    // By default Node leaves one processor idle: of two that is half.
    ...[`--test-concurrency=${availableParallelism()}`, ...flags, ...files],
  ],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
