// Development only (published packages have node-entry.js, by scripts/embed-node.mjs): a worker thread cannot take a .ts entry on
// Node 20, not even with --import tsx. So node-main.ts, and a test's `nodeModule`, are bundled once for each state of the sources,
// and a thread imports the bundles: it starts in 40 ms of CPU, through tsx in 300, and a cluster is six of them.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { threadId, workerData } from 'node:worker_threads';

const [root] = fileURLToPath(import.meta.url).split(/src[\\/]runtime/);
const sources = join(root, 'src');
const cache = join(root, 'node_modules/.cache/quintet-nodes');
const OLD_MS = 3_600_000;

/** The bundle of a module of TypeScript, which is made if there is none of the sources as they are. */
async function bundleOf(entry) {
  const files = readdirSync(sources, { recursive: true }).map((name) => join(sources, name));
  const states = [entry, ...files].map((file) => {
    const { mtimeMs, size } = statSync(file);
    return `${file} ${mtimeMs} ${size}`;
  });
  const file = join(cache, `${createHash('sha256').update(states.join('\n')).digest('hex').slice(0, 32)}.mjs`);
  if (!existsSync(file)) await bundle(entry, file);
  return pathToFileURL(file).href;
}

/** Other threads and processes may do the same at the same time: the last one wins, with the same text. */
async function bundle(entry, file) {
  const { build } = await import('esbuild');
  const outfile = `${file}.${process.pid}.${threadId}`;
  const map = { sourcemap: 'inline', sourcesContent: false };
  const target = `node${process.versions.node}`;
  await build({ entryPoints: [entry], outfile, target, bundle: true, platform: 'node', format: 'esm', ...map });
  renameSync(outfile, file);
  for (const old of readdirSync(cache).map((name) => join(cache, name))) {
    const { mtimeMs } = statSync(old, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (Date.now() - mtimeMs > OLD_MS) unlinkSync(old);
  }
}

const entry = fileURLToPath(new URL('./node-main.ts', import.meta.url));
if (process.env.QUINTET_NODES === 'files') {
  // For who wants to see the files (packages/bench/src/walk.ts).
  const { register } = await import('tsx/esm/api');
  register();
  await import(pathToFileURL(entry).href);
} else {
  mkdirSync(cache, { recursive: true });
  process.setSourceMapsEnabled(true);
  const own = workerData.nodeModule && fileURLToPath(workerData.nodeModule);
  if (own !== undefined && existsSync(own)) workerData.nodeModule = await bundleOf(own);
  await import(await bundleOf(entry));
}
