/**
 * Heart: what the master's thread sees of a node's thread from outside: a tick that moves while it runs, and whether it rests.
 * As runtime/drivers/node-driver.ts and control-block.ts have it.
 *
 * Owns      the tick, the counts of posts, and for how long the thread stands still.
 * Does not  choose who hangs (hangs.ts), or judge (checkers/hangs.ts).
 * Why       no event but the hang itself: a heart that is not stopped beats all the time, so it is enough to bring it up to
 *           date when somebody looks. A turn that comes late (actors.ts) is a busy thread, not one that stands still.
 */
import { AWAKE, type Heartbeat, type NodeId } from '@quintet/engine/internal';
import type { Options } from './options.ts';

export class Heart {
  /** Messages of the master taken in. */
  received = 0;
  /** When it last had something to do. */
  activeAt = 0;
  /** Until then it stands still; Infinity = for ever. */
  stillUntil = Number.NEGATIVE_INFINITY;
  /** Since when it has stood still for the reason it does now. */
  private reasonSince = 0;
  private stoppedAt = Number.NEGATIVE_INFINITY;
  /** It would run, and gets no processor. */
  private waits = false;
  private waitedMs = 0;
  private tickSeen = -1;
  private silentFrom = Number.POSITIVE_INFINITY;
  private tick = 0;
  private posted = 0;
  private rested = AWAKE;
  private readonly node: NodeId;
  private readonly options: Options['hangs'];

  constructor(node: NodeId, options: Options['hangs']) {
    this.node = node;
    this.options = options;
  }

  /** Something of the master is on its way to it. */
  post(now: number): void {
    this.posted += 1;
    if (this.isStill(now)) this.silentFrom = Math.min(this.silentFrom, now);
  }

  /** Up to this moment it has run, or come to rest if it had nothing to do (`idle`); unless it stands still. */
  run(now: number, idle: boolean): void {
    if (this.isStill(now)) return;
    const rested = idle && now - this.activeAt >= this.options.restAfterMs ? this.received : AWAKE;
    // What it has done since it last rested moved it too.
    if (rested === AWAKE || rested !== this.rested) this.tick += 1;
    this.rested = rested;
  }

  /** From now on it stands still, after a call of `run`. `ms`: null = for ever. `waits`: for a processor. */
  stop(now: number, ms: number | null, waits = false): void {
    this.waitedMs = this.waited(now);
    const goesOn = this.isStill(now);
    this.waits = waits;
    this.reasonSince = now;
    if (!goesOn) {
      this.stoppedAt = now;
      this.silentFrom = this.rested === this.posted ? Number.POSITIVE_INFINITY : now;
    }
    this.stillUntil = ms === null ? Number.POSITIVE_INFINITY : Math.max(this.stillUntil, now + ms);
  }

  /** It goes on, unless it stands still for ever. */
  wake(now: number): void {
    if (this.stillUntil !== Number.POSITIVE_INFINITY) this.stillUntil = Math.min(this.stillUntil, now);
  }

  isStill(now: number): boolean {
    return now < this.stillUntil;
  }

  /** Whether it stands still for so long that it may be declared dead. */
  isAtRisk(now: number, hangLimitMs: number): boolean {
    return this.isStill(now) && this.stillUntil - this.stoppedAt >= hangLimitMs;
  }

  /** Since when it has stood still though it had something to do; Infinity = it does not. */
  silentSince(now: number): number {
    return this.isStill(now) ? this.silentFrom : Number.POSITIVE_INFINITY;
  }

  /** As silentSince, and for the reason it does now. */
  silentForThisSince(now: number): number {
    return Math.max(this.silentSince(now), this.reasonSince);
  }

  /** Whether it stands still for want of a processor, and the master can know. */
  isWaiting(now: number): boolean {
    return this.isStill(now) && this.waits && this.options.tellsWaits;
  }

  heartbeat(now: number): Heartbeat {
    const { node, tick, posted, rested, tickSeen } = this;
    this.tickSeen = tick;
    const known = this.options.tellsWaits && tick === tickSeen && rested !== posted;
    return { node, tick, posted, rested, waitedMs: known ? this.waited(now) : Number.NaN };
  }

  private waited(now: number): number {
    return this.waitedMs + (this.waits ? Math.max(0, Math.min(now, this.stillUntil) - this.reasonSince) : 0);
  }
}
