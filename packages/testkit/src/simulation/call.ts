/**
 * SimulatedCall: one operation as its caller saw it, and how it went into the log. Every checker's view of a call.
 */
import type { ErrorCode, MasterCall, Operation, Result, ShardId } from '@quintet/engine/core';

export interface SimulatedCall {
  /** Order of submission, from 0. */
  readonly index: number;
  readonly client: number;
  readonly shard: ShardId;
  readonly operation: Operation;
  readonly submittedAt: number;
  /** Submissions and answers are counted together: which came first, whatever the clock says. */
  readonly submittedMoment: number;
  settledAt: number;
  settledMoment: number;
  result: Result | null;
  code: ErrorCode | null;
  handle: MasterCall | null;
  /** The request number it was sent under; 0 = never logged. */
  request: number;
}

export function isSettled(call: SimulatedCall): boolean {
  return call.result !== null || call.code !== null;
}
