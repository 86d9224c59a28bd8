/**
 * WorkerPool: keeps one spare thread booted, so that a dead node's seat is filled in about 1 ms instead of the 25 ms (plain
 * JavaScript) to 150 ms (tsx) a start takes.
 *
 * Owns      the spare, and when the next one is booted.
 * Invariant WP1  at most one spare, booted `SPARE_DELAY_MS` after the last node came up (or failed to) and, for up to
 *           `SPARE_PATIENCE_MS`, not before shards have their copies back: neither the start of a cluster, nor a storm of
 *           deaths, nor the recovery after one is slowed by booting. Booted beside the copying, a spare made calls wait up to 34 ms on two
 *           processors, p99 27 ms; after it up to 22 ms, p99 18 (120 kills each, as in packages/bench/src/kill-stall.ts).
 */
import type { DeathReason } from '../../core/protocol/notes.ts';
import { type HostListener, type HostSettings, WorkerHost } from './worker-host.ts';

const SPARE_DELAY_MS = 100;
const SPARE_PATIENCE_MS = 2000;
/** A spare that dies while it waits is a bad sign: no hurry with the next. */
const AFTER_DEATH_MS = 1000;

export class WorkerPool {
  private readonly settings: HostSettings;
  private readonly enabled: boolean;
  private readonly calm: () => boolean;
  private spare: WorkerHost | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Threads not known to have ended. */
  private readonly alive = new Set<WorkerHost>();
  private closed = false;

  /** `calm`: no shard is being copied. */
  constructor(settings: HostSettings, options: { enabled: boolean; calm: () => boolean }) {
    this.settings = settings;
    this.enabled = options.enabled;
    this.calm = options.calm;
  }

  /** A thread to make a node of; booted if possible. Throws if the system has none to give. */
  take(listener: HostListener): WorkerHost {
    const host = this.spare ?? this.boot(listener);
    this.spare = undefined;
    host.listener = listener;
    clearTimeout(this.timer);
    return host;
  }

  /** A node came up, or died before it did: soon it is time for a spare. */
  restock(): void {
    this.schedule(SPARE_DELAY_MS, SPARE_PATIENCE_MS);
  }

  get threads(): number {
    return this.alive.size;
  }

  /** Ends the spare; resolves when every thread it ever gave has ended. Whoever took one must end it. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.spare?.terminate();
    this.spare = undefined;
    await Promise.all([...this.alive].map((host) => host.gone));
  }

  private boot(listener: HostListener): WorkerHost {
    const host = new WorkerHost(this.settings, listener);
    this.alive.add(host);
    void host.gone.then(() => this.alive.delete(host));
    return host;
  }

  private schedule(delayMs: number, patienceMs = 0): void {
    if (!this.enabled || this.closed || this.spare !== undefined) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.bootSpare(patienceMs - delayMs), delayMs);
    this.timer.unref();
  }

  private bootSpare(patienceMs: number): void {
    if (patienceMs > 0 && !this.calm()) return this.schedule(SPARE_DELAY_MS, patienceMs);
    try {
      this.spare = this.boot(this.spareListener);
    } catch {
      // No thread to be had now. A seat that needs one will hear it from take(); a spare can wait.
      this.schedule(AFTER_DEATH_MS);
    }
  }

  private readonly spareListener: HostListener = {
    onReady: () => {},
    onBatch: () => {},
    onSent: () => {},
    onDeath: (host: WorkerHost, _reason: DeathReason, _detail: string) => {
      if (this.spare === host) this.spare = undefined;
      this.schedule(AFTER_DEATH_MS);
    },
  };
}
