/** The door of runtime/: start a cluster's threads and talk to its master machine. What is behind it is not API. */
export type { CreateNode, DescribedNode, NodeParts } from './drivers/node-parts.ts';
export type { CopyStats, Failure, Faults, NodeStats, Runtime, RuntimeSettings } from './runtime.ts';
export { startRuntime } from './start-runtime.ts';
