/**
 * Seats: which node has which seat, and when an empty seat is filled again.
 *
 * | health     | meaning                            | left by                                                         |
 * |------------|------------------------------------|-----------------------------------------------------------------|
 * | starting   | a worker was requested             | ready → up; death → starting or backing-off                     |
 * | up         | the node is alive                  | death → starting (at once) or backing-off (it died young)       |
 * | backing-off| waits until `startAt`              | tick → starting                                                 |
 * | stopped    | died young too often in a row      | revive → starting                                               |
 *
 * Invariants
 *   SE1  a NodeId is assigned once: incarnations of a seat only increase.
 *   SE2  a seat in a crash loop does not load the machine: each further early death doubles the delay, then it stops.
 *   SE3  the node of a seat is terminated before the next one for it is spawned: the two are never given links to each other.
 */
import { incarnationOf, type NodeId, nodeId, type Seat, seatOf } from '../../protocol/ids.ts';
import type { MasterOutbox } from '../../protocol/outbox.ts';
import type { MasterSettings } from '../../protocol/settings.ts';

export type SeatHealth = 'starting' | 'up' | 'backing-off' | 'stopped';

export interface SeatState {
  readonly seat: Seat;
  incarnation: number;
  health: SeatHealth;
  readyAt: number;
  startAt: number;
  youngDeaths: number;
  restarts: number;
}

export class Seats {
  readonly all: readonly SeatState[];
  private readonly settings: MasterSettings;
  private readonly outbox: MasterOutbox;

  constructor(settings: MasterSettings, outbox: MasterOutbox) {
    this.settings = settings;
    this.outbox = outbox;
    this.all = Array.from({ length: settings.nodes }, (_, index) => ({
      seat: index + 1,
      incarnation: 0,
      health: 'starting',
      readyAt: 0,
      startAt: 0,
      youngDeaths: 0,
      restarts: 0,
    }));
  }

  get live(): NodeId[] {
    return this.all.filter(({ health }) => health === 'up').map(({ seat, incarnation }) => nodeId(seat, incarnation));
  }

  get anyStarting(): boolean {
    return this.all.some(({ health }) => health === 'starting');
  }

  isLive(node: NodeId): boolean {
    const state = this.stateOf(node);
    return state !== undefined && state.health === 'up';
  }

  at(seat: Seat): SeatState | undefined {
    return this.all[seat - 1];
  }

  start(state: SeatState): void {
    state.incarnation += 1;
    if (state.incarnation > 1) state.restarts += 1;
    state.health = 'starting';
    this.outbox.spawn(nodeId(state.seat, state.incarnation));
  }

  /** False if this node is no longer expected. */
  ready(node: NodeId, now: number): boolean {
    const state = this.stateOf(node);
    if (state === undefined || state.health !== 'starting') return false;
    state.health = 'up';
    state.readyAt = now;
    return true;
  }

  /** False if the node was known to be dead. Plans the seat's next life. */
  died(node: NodeId, now: number): boolean {
    const state = this.stateOf(node);
    if (state === undefined || state.health === 'backing-off' || state.health === 'stopped') return false;
    this.outbox.terminate(node);
    const young = state.health === 'starting' || now - state.readyAt < this.settings.youngMs;
    state.youngDeaths = young ? state.youngDeaths + 1 : 0;
    this.plan(state, now);
    return true;
  }

  private plan(state: SeatState, now: number): void {
    const { crashLoopDeaths, backOffMs, backOffMaxMs } = this.settings;
    // One young death may be bad luck (or a test): the seat is filled at once. From the second on it waits.
    if (state.youngDeaths <= 1) {
      this.start(state);
    } else if (state.youngDeaths >= crashLoopDeaths) {
      state.health = 'stopped';
      this.outbox.note({ type: 'node-stopped', seat: state.seat });
    } else {
      const delayMs = Math.min(backOffMaxMs, backOffMs * 2 ** (state.youngDeaths - 2));
      state.health = 'backing-off';
      state.startAt = now + delayMs;
      this.outbox.note({ type: 'node-backing-off', seat: state.seat, delayMs });
    }
  }

  /** When the first seat backing off is due, or Infinity. */
  nextDeadline(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { health, startAt } of this.all) if (health === 'backing-off' && startAt < first) first = startAt;
    return first;
  }

  tick(now: number): void {
    for (const state of this.all) if (state.health === 'backing-off' && state.startAt <= now) this.start(state);
  }

  /** Starts a stopped (or waiting) seat now. */
  revive(seat: Seat): void {
    const state = this.at(seat);
    if (state === undefined || state.health === 'up' || state.health === 'starting') return;
    state.youngDeaths = 0;
    this.start(state);
  }

  /** The seat of a node, if the node is its present life. */
  private stateOf(node: NodeId): SeatState | undefined {
    const state = this.at(seatOf(node));
    return state?.incarnation === incarnationOf(node) ? state : undefined;
  }
}
