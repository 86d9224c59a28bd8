/**
 * Development only: starts check-worker.ts in a thread. On Node 20 a worker cannot begin in TypeScript, nor does one
 * given `--import tsx`; registering tsx from plain JavaScript works on all versions. The published build starts
 * check-worker.js directly and does not contain this file.
 */
import { register } from 'tsx/esm/api';

register();
const { default: checkTask } = await import('./check-worker.ts');

export default checkTask;
