// Packs the published packages into a folder (dist/tarballs, or the one given) and prints the line that installs them.
// Build first. pnpm puts the workspace's LICENSE and the manifest of `publishConfig` into each tarball; what only development needs
// is taken out again, and links that lead out of the package lead to the repository, or nowhere while it has no address.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix, resolve } from 'node:path';

/** Where the sources are, without a slash at the end, such as https://example.org/quintet. Left out of manifests while empty. */
const REPOSITORY = '';
const PUBLISHED = ['engine', 'server', 'cli', 'testkit'];

/** How to call pnpm, as the Makefile found out. */
const [pnpm, ...first] = (process.env.PNPM ?? 'pnpm').split(' ');
const QUIET = { stdio: ['ignore', 'ignore', 'inherit'] };

function finishManifest(name, { scripts: _, devDependencies: __, ...manifest }) {
  if (REPOSITORY === '') return manifest;
  return {
    ...manifest,
    homepage: `${REPOSITORY}#readme`,
    bugs: `${REPOSITORY}/issues`,
    repository: { type: 'git', url: `git+${REPOSITORY}.git`, directory: `packages/${name}` },
  };
}

/** `[text](docs/api.md)` becomes a link to the repository, or the text alone. */
function finishReadme(name, markdown) {
  return markdown.replace(/\[([^\]]+)\]\((\.\.?\/[^)]+)\)/g, (_, text, target) =>
    REPOSITORY === '' ? text : `[${text}](${REPOSITORY}/blob/main/${posix.join('packages', name, target)})`,
  );
}

function rewrite(file, change) {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

/** The tarball of a package. */
function pack(name, folder) {
  const work = mkdtempSync(join(tmpdir(), 'quintet-pack-'));
  try {
    execFileSync(pnpm, [...first, 'pack', '--pack-destination', work], { cwd: join('packages', name), ...QUIET });
    execFileSync('tar', ['-xzf', readdirSync(work)[0]], { cwd: work, ...QUIET });
    const unpacked = join(work, 'package');
    rewrite(join(unpacked, 'package.json'), (text) => {
      return `${JSON.stringify(finishManifest(name, JSON.parse(text)), null, 2)}\n`;
    });
    rewrite(join(unpacked, 'README.md'), (text) => finishReadme(name, text));
    const packing = ['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', folder];
    return join(folder, JSON.parse(execFileSync('npm', packing, { cwd: unpacked, encoding: 'utf8' }))[0].filename);
  } finally {
    rmSync(work, { recursive: true });
  }
}

const folder = resolve(process.argv[2] ?? 'dist/tarballs');
mkdirSync(folder, { recursive: true });
console.log(`npm i ${PUBLISHED.map((name) => pack(name, folder)).join(' ')}`);
