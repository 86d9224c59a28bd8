// Packs the published packages into a folder (dist/tarballs, or the one given) and prints the line that installs them.
// Build first. pnpm puts the workspace's LICENSE and the manifest of `publishConfig` into each tarball.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const PUBLISHED = ['engine', 'server', 'cli', 'testkit'];
/** How to call pnpm, as the Makefile found out. */
const [pnpm, ...first] = (process.env.PNPM ?? 'pnpm').split(' ');
const folder = resolve(process.argv[2] ?? 'dist/tarballs');
mkdirSync(folder, { recursive: true });

const tarballs = PUBLISHED.map((name) => {
  const cwd = join('packages', name);
  execFileSync(pnpm, [...first, 'pack', '--pack-destination', folder], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  const manifest = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'));
  return join(folder, `${manifest.name.slice(1).replace('/', '-')}-${manifest.version}.tgz`);
});
console.log(`npm i ${tarballs.join(' ')}`);
