// The build's second step, after tsc: makes node-main.js and all it imports one script, and node-entry.js a module that holds
// its text. Argument: the folder tsc wrote src/runtime/threads to.
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const runtime = resolve(process.argv[2] ?? 'dist/runtime/threads');
const main = join(runtime, 'node-main.js');
const { outputFiles } = await build({
  entryPoints: [main],
  bundle: true,
  write: false,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  // The script must run as CommonJS and as a module alike: NODE_OPTIONS=--input-type=module decides that for text. So it asks
  // for nothing but Node's own modules, by a function both have.
  banner: { js: '(function (require, module) {' },
  footer: { js: '})(process.getBuiltinModule, { exports: {} });\n//# sourceURL=quintet-node.js' },
});
const [script] = outputFiles;
const text = JSON.stringify(script.text);
writeFileSync(join(runtime, 'node-entry.js'), `export const NODE_ENTRY =\n  ${text};\n`);
for (const name of ['node-main.js', 'node-main.d.ts']) rmSync(join(runtime, name), { force: true });
