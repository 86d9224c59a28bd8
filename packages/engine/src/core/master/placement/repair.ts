/**
 * Repair: restores all copies of every shard, then rebalances.
 *
 * Owns      which planned change each shard needs next, and since when copies have been missing.
 * Does not  make changes itself except through ShardControl; never acts on a lost shard.
 *
 * Per shard, the first line that applies:
 *   lost, or a learner or a seal in progress   nothing
 *   fewer copies than wanted                   attach a learner on the best node; while a seat is being filled, wait for
 *                                              it up to seatGraceMs (an empty seat gets back what its predecessor held)
 *   more copies than wanted                    remove the one on the fullest node
 * And when no shard has a change in progress: one move, else one swap of primaries, at a time.
 *
 * Wanted = replicas + 1, or as many as there are live nodes. Runs after every event that could change the answer.
 */
import { NOBODY, type NodeId } from '../../protocol/ids.ts';
import type { MasterOutbox } from '../../protocol/outbox.ts';
import type { MasterSettings } from '../../protocol/settings.ts';
import type { Seats } from '../membership/seats.ts';
import type { ShardControl } from '../shard/shard-control.ts';
import { bestPlace, loads, nextMove, nextSwap, type PlacedShard, worstMember } from './placement.ts';

export class Repair {
  private readonly settings: MasterSettings;
  private readonly outbox: MasterOutbox;
  private readonly seats: Seats;
  private readonly shards: readonly ShardControl[];
  /** When each shard first lacked a copy; 0 = it lacks none. */
  private readonly missingSince: number[];
  private readonly learningSince: number[];
  private anyMissingSince = 0;
  private graceUntil = Number.POSITIVE_INFINITY;

  constructor(settings: MasterSettings, outbox: MasterOutbox, seats: Seats, shards: readonly ShardControl[]) {
    this.settings = settings;
    this.outbox = outbox;
    this.seats = seats;
    this.shards = shards;
    this.missingSince = shards.map(() => 0);
    this.learningSince = shards.map(() => 0);
  }

  /** Every shard has all copies wanted, and nothing is moving. */
  get settled(): boolean {
    return this.shards.every((shard) => !shard.lost && this.isFull(shard) && !underWay(shard)) && !this.isUneven();
  }

  /** When a shard that waits for a seat stops waiting, or Infinity. */
  nextDeadline(): number {
    return this.graceUntil;
  }

  /** A shard's copies changed by no plan of ours: take note of what is missing. */
  noteMissing(shard: ShardControl, now: number): void {
    if (shard.lost || this.isFull(shard) || this.missingSince[shard.shard] !== 0) return;
    this.missingSince[shard.shard] = now;
    if (this.anyMissingSince === 0) this.anyMissingSince = now;
  }

  noteJoined(shard: ShardControl, node: NodeId, now: number): void {
    const tookMs = now - this.learningSince[shard.shard]!;
    this.outbox.note({ type: 'learner-joined', shard: shard.shard, node, tookMs });
    this.noteRestored(shard, now);
  }

  noteLost(shard: ShardControl): void {
    this.missingSince[shard.shard] = 0;
    this.outbox.note({ type: 'shard-lost', shard: shard.shard });
  }

  run(now: number): void {
    const nodes = this.seats.live;
    const placed = this.placed();
    const load = loads(nodes, placed);
    this.graceUntil = Number.POSITIVE_INFINITY;
    for (const shard of this.shards) {
      if (shard.lost || underWay(shard)) continue;
      if (shard.chain.length < this.wanted(nodes)) this.addCopy(shard, nodes, load, now);
      else if (shard.chain.length > this.settings.replicas + 1) this.removeCopy(shard, load);
    }
    if (this.shards.every((shard) => !underWay(shard) && (shard.lost || this.isFull(shard)))) this.evenOut(nodes, now);
  }

  private addCopy(shard: ShardControl, nodes: readonly NodeId[], load: Map<NodeId, number>, now: number): void {
    const since = this.missingSince[shard.shard]!;
    const graceUntil = since + this.settings.seatGraceMs;
    if (this.seats.anyStarting && since !== 0 && now < graceUntil) {
      this.graceUntil = Math.min(this.graceUntil, graceUntil);
      return;
    }
    const node = bestPlace(shard, nodes, load);
    if (node === undefined) return;
    load.set(node, (load.get(node) ?? 0) + 1);
    this.attach(shard, node, now);
  }

  private attach(shard: ShardControl, node: NodeId, now: number): void {
    this.learningSince[shard.shard] = now;
    this.outbox.note({ type: 'learner-started', shard: shard.shard, node, source: shard.tail });
    shard.attach(node);
  }

  /** Where a lost shard restarts: the live node with the fewest copies, or NOBODY. */
  emptiestNode(): NodeId {
    const nodes = this.seats.live;
    return bestPlace({ shard: -1, chain: [] }, nodes, loads(nodes, this.placed())) ?? NOBODY;
  }

  private removeCopy(shard: ShardControl, load: Map<NodeId, number>): void {
    const node = worstMember(shard, load);
    load.set(node, (load.get(node) ?? 0) - 1);
    const primary = shard.primary;
    shard.remove(node);
    if (shard.primary !== primary) this.notePromoted(shard);
  }

  private evenOut(nodes: readonly NodeId[], now: number): void {
    const placed = this.placed();
    const move = nextMove(nodes, placed);
    if (move !== undefined && nodes.length > this.settings.replicas + 1) {
      this.attach(this.shards[move.shard]!, move.to, now);
      return;
    }
    const swap = nextSwap(nodes, placed);
    if (swap !== undefined) this.shards[swap.shard]!.reorder(swap.chain);
  }

  private isUneven(): boolean {
    const nodes = this.seats.live;
    const placed = this.placed();
    const mayMove = nodes.length > this.settings.replicas + 1;
    return (mayMove && nextMove(nodes, placed) !== undefined) || nextSwap(nodes, placed) !== undefined;
  }

  notePromoted(shard: ShardControl): void {
    this.outbox.note({ type: 'promoted', shard: shard.shard, node: shard.primary, epoch: shard.epoch });
  }

  private noteRestored(shard: ShardControl, now: number): void {
    const since = this.missingSince[shard.shard]!;
    if (since === 0 || !this.isFull(shard)) return;
    this.missingSince[shard.shard] = 0;
    this.outbox.note({ type: 'shard-restored', shard: shard.shard, tookMs: now - since });
    if (this.anyMissingSince === 0 || this.missingSince.some((missing) => missing !== 0)) return;
    this.outbox.note({ type: 'redundancy-restored', tookMs: now - this.anyMissingSince });
    this.anyMissingSince = 0;
  }

  /** Placement's picture: lost shards have no copies; a learner counts as a copy to be. */
  private placed(): PlacedShard[] {
    return this.shards
      .filter((shard) => !shard.lost)
      .map(({ shard, chain, learner }) => ({ shard, chain: learner === NOBODY ? chain : [...chain, learner] }));
  }

  private wanted(nodes: readonly NodeId[]): number {
    return Math.min(this.settings.replicas + 1, nodes.length);
  }

  private isFull(shard: ShardControl): boolean {
    return shard.chain.length >= this.settings.replicas + 1;
  }
}

function underWay(shard: ShardControl): boolean {
  return shard.learner !== NOBODY || shard.wantedChain !== null;
}
