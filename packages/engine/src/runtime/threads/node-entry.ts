/**
 * What a worker thread runs. In development a boot file beside this one, which loads node-main.ts through tsx. The build
 * (scripts/embed-node.mjs) writes this module anew: there it is node-main and all it imports as the text of one script, so that a
 * bundler that takes this module takes the nodes along, and a bundle may lie anywhere.
 */
export const NODE_ENTRY: URL | string = new URL('./boot.mjs', import.meta.url);
