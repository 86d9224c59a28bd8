/**
 * @quintet/testkit: a real cluster for the length of a test, faults on purpose, waiting for what they cause; a record of what
 * clients saw, and the decision whether it was linearizable. docs/testing.md shows how they go together.
 */

export type { Violation } from './check-key.ts';
export { checkLinearizableInParallel, type ParallelCheckOptions } from './check-parallel.ts';
export { monotonicNs } from './clock.ts';
export { EventNotSeen, Leaked, NoServer, NotLinearizable, NotRecordable } from './errors.ts';
export { type FaultPlan, FaultSchedule, type FaultScheduleParts, RESTORE_LIMIT_MS } from './faults/fault-schedule.ts';
export { FAULT_KINDS, type Fault, type FaultKind, FaultWatch, type UnplannedDeath } from './faults/fault-watch.ts';
export { type InjectedFault, inject } from './faults/inject.ts';
export {
  formatHistory,
  History,
  type HistoryOptions,
  type InvokeOptions,
  type PendingCall,
  parseHistory,
} from './history.ts';
export type { TestContextLike } from './kit/close-with.ts';
export type { EventOptions, SeenEvent, TestEventName } from './kit/event-log.ts';
export { FaultRun } from './kit/fault-run.ts';
export { type Leak, type LeakKind, LeakWatch } from './kit/leak-watch.ts';
export { type HurtOptions, TestCluster, type TestClusterOptions } from './kit/test-cluster.ts';
export type { TestServer, TestServerOptions } from './kit/test-server.ts';
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
export {
  type RecordedCall,
  type RecordedOperation,
  type Recorder,
  recordCall,
  type Said,
} from './recording/record-call.ts';
export { recordRedis } from './recording/record-redis.ts';
export { recordStore } from './recording/record-store.ts';
export { renderOperation, renderOperations } from './render.ts';
export type { Verdict } from './search.ts';
