// What a piscina thread of `kvctl import` loads: dist if built, else the TypeScript source. A worker on Node 20 cannot be
// given a .ts file, and tsc copies no .js into dist: hence a file of its own, beside kvctl.js, that serves both.
import { loadModule } from './load.js';

const { default: parseBatch } = await loadModule('import/parse-batch');
export default parseBatch;
