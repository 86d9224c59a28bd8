/** Carries faults out, and takes note of them first: a kill is noticed before the call returns. */
import { type ClusterApi, KvError } from '@quintet/engine';
import type { Fault, FaultKind, FaultWatch } from './fault-watch.ts';

/** As long as chaos.hang takes: without end, as far as a test can tell. A node is given up long before. */
export const HANG_MS = 3_600_000;

/**
 * Hurts a node now. `ms`: of a hang its length, of `slow` the delay of every turn.
 * @throws {KvError} UNKNOWN_NODE if there is no such life (any more), CHAOS_DISABLED, CLOSED
 */
export function inject(
  cluster: ClusterApi,
  watch: FaultWatch,
  { kind, node, ms = HANG_MS, waitedMs = 0 }: InjectedFault,
): Fault {
  const life = lifeOf(cluster, node);
  const fault = watch.begin(kind, life, waitedMs);
  try {
    if (kind === 'hang' || kind === 'slow') cluster.chaos[kind](life, ms);
    else cluster.chaos[kind](life);
    return fault;
  } catch (error) {
    watch.withdraw(fault);
    throw error;
  }
}

/** What to do to which node. */
export interface InjectedFault {
  readonly kind: FaultKind;
  /** A seat (`n3`) or a life (`n3#2`). */
  readonly node: string;
  /** Of `hang` its length, of `slow` the delay of every turn, in milliseconds (without: an hour). */
  readonly ms?: number;
  /** Noted with the fault: how long a schedule waited for redundancy before it, in milliseconds (default 0). */
  readonly waitedMs?: number;
}

/** There is no such life (any more): of no importance to whoever hurts nodes at random. */
export function isGone(error: unknown): boolean {
  return error instanceof KvError && error.code === 'UNKNOWN_NODE';
}

/** The life in a seat; a life is itself. What is neither stays as it is: chaos says what is wrong with it. */
function lifeOf(cluster: ClusterApi, node: string): string {
  const seat = cluster.status().nodes.find((status) => status.node === node);
  return seat === undefined ? node : `${node}#${seat.incarnation}`;
}
