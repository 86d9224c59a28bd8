/**
 * Development only: starts seed-worker.ts in a thread, as testkit's check-worker-boot.mjs does for the checker (see there why).
 */
import { register } from 'tsx/esm/api';

register();
const { default: runSeeds } = await import('./seed-worker.ts');

export default runSeeds;
