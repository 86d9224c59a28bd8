/**
 * @quintet/testkit: record what clients saw, decide whether it was linearizable.
 */

export type { Violation } from './check-key.ts';
export { checkLinearizableInParallel, type ParallelCheckOptions } from './check-parallel.ts';
export {
  formatHistory,
  History,
  type HistoryOptions,
  type InvokeOptions,
  type PendingCall,
  parseHistory,
} from './history.ts';
export { type CheckOptions, checkLinearizable, type LinearizabilityReport } from './linearizability.ts';
export {
  assertRecord,
  type Conditions,
  type ExpiryWindow,
  type Operation,
  type OperationRecord,
  type Outcome,
  type Result,
} from './operation.ts';
export { Prng } from './prng.ts';
export { renderOperation, renderOperations } from './render.ts';
export type { Verdict } from './search.ts';
