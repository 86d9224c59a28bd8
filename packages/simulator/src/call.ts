/**
 * SimulatedCall: one operation as its caller saw it, and how it went into the log. Every checker's view of a call.
 */
import type { Entry, ErrorCode, MasterCall, Operation, Result, ShardId } from '@quintet/engine/internal';

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
  /** The transaction over several shards this is a part of: a gather or an install of the master's own. */
  readonly of: SimulatedCall | null;
  /** Its gathers and installs, in the order first sent. */
  readonly parts: SimulatedCall[];
  /** Where in the log: of its record, or what was committed when it was read directly; -1 = not answered yet. */
  seq: number;
  /** When the master accepted its answer. */
  doneAt: number;
  /** Gathers: what was answered, live entries by key; and what was committed in the shard when the last of them was. */
  readonly seen: Map<string, Entry>;
  seenUntil: number;
  /** Its shard was lost before it was answered. */
  lost: boolean;
}

type Asked = Pick<SimulatedCall, 'index' | 'client' | 'shard' | 'operation' | 'submittedAt' | 'submittedMoment' | 'of'>;

/** A call of which nothing is known yet but that it was made. */
export function newCall(asked: Asked): SimulatedCall {
  const answer = { settledAt: Number.NaN, settledMoment: 0, result: null, code: null, handle: null };
  const place = { request: 0, seq: -1, doneAt: Number.NaN, seenUntil: -1, lost: false };
  return { ...asked, ...answer, ...place, parts: [], seen: new Map() };
}

export function isSettled(call: SimulatedCall): boolean {
  return call.result !== null || call.code !== null;
}
