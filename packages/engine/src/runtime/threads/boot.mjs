// Development only: a worker thread cannot take a .ts entry on Node 20, not even with --import tsx, so this plain
// JavaScript registers tsx and goes on to the real entry. Published packages start node-main.js itself.
import { register } from 'tsx/esm/api';

register();
await import('./node-main.ts');
