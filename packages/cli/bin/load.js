// Finds kvctl's code: dist if it was built (published packages), else src through tsx (a fresh clone: no build needed).
// KVCTL_FROM=source skips dist, for tests and for whoever has an old build lying about.
import { existsSync } from 'node:fs';
import { register as registerHooks } from 'node:module';

const DIST = new URL('../dist/', import.meta.url);
const SOURCE = new URL('../src/', import.meta.url);
const fromSource = process.env.KVCTL_FROM === 'source' || !existsSync(new URL('main.js', DIST));

// Workspace packages export their source under the condition "source". A hook adds it in this process: a flag would need
// a second process (60 ms), and workers would inherit it.
const SOURCE_CONDITION = `data:text/javascript,${encodeURIComponent(
  'export const resolve = (name, context, next) => next(name, { ...context, conditions: [...context.conditions, "source"] });',
)}`;

/** The module `name` ('main', 'import/parse-batch') of kvctl. */
export async function loadModule(name) {
  if (!fromSource) return import(new URL(`${name}.js`, DIST).href);
  if (!process.execArgv.some((argument) => argument.includes('tsx'))) {
    const { register } = await import('tsx/esm/api').catch(notInstalled);
    register();
  }
  registerHooks(SOURCE_CONDITION);
  return import(new URL(`${name}.ts`, SOURCE).href);
}

/** A bare clone: no dist, and no tsx to run the sources with. */
function notInstalled(error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  process.stderr.write('kvctl is neither built nor installed: run `make build`\n');
  process.exit(2);
}
