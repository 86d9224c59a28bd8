/**
 * Identifiers. A seat (`n3`) is a place in the cluster; a node (`n3#2`) is one incarnation in that seat. The protocol names
 * only incarnations: a dead one stays dead, and its successor in the same seat is another node.
 */

/** A place in the cluster, 1-based: seat 3 is shown as `n3`. */
export type Seat = number & { readonly __seat?: never };

/** One incarnation of a node, unique for the life of the cluster. `incarnation * SEATS_MAX + seat`; 0 is the master. */
export type NodeId = number & { readonly __node?: never };

/** A shard's index, 0-based. */
export type ShardId = number & { readonly __shard?: never };

/** More seats than one process will ever want; part of how a NodeId is packed. */
export const SEATS_MAX = 256;

/** The master's address, and "no node" where a node is optional (a configuration without a learner). */
export const MASTER: NodeId = 0;
export const NOBODY: NodeId = 0;

/** The id of the `incarnation`-th life (1-based) in `seat`. */
export function nodeId(seat: Seat, incarnation: number): NodeId {
  return incarnation * SEATS_MAX + seat;
}

export function seatOf(node: NodeId): Seat {
  return node % SEATS_MAX;
}

export function incarnationOf(node: NodeId): number {
  return Math.floor(node / SEATS_MAX);
}

/** `n3` */
export function seatName(seat: Seat): string {
  return `n${seat}`;
}

/** `n3#2` */
export function nodeName(node: NodeId): string {
  return node === MASTER ? 'master' : `n${seatOf(node)}#${incarnationOf(node)}`;
}
