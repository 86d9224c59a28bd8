/**
 * SimulatedWatch: one watcher as it sees itself: what it asked for, where it began, and what it was told.
 *
 * Owns      its position by shard, as a client keeps it to come back with.
 * Does not  judge (checkers/watch-stream.ts).
 */
import type { ErrorCode, MasterMachine, MasterWatch, ShardId } from '@quintet/engine/internal';
import type { Trace } from './trace.ts';

/** The core's own types, which it does not export by name. */
export type WatchFilter = Parameters<MasterMachine['watch']>[0];
type WatchSink = MasterWatch['sink'];
export type Change = Parameters<WatchSink['onChanges']>[0][number];

/** Who observes the watches of a cluster. */
export interface WatchObserver {
  watchStarted?(watch: SimulatedWatch): void;
  watchTold?(watch: SimulatedWatch, changes: readonly Change[]): void;
  watchEnded?(watch: SimulatedWatch): void;
}

export class SimulatedWatch {
  /** Order of coming, from 0. */
  readonly index: number;
  readonly filter: WatchFilter;
  /** The watch whose position it went on from. */
  readonly resumes: SimulatedWatch | null;
  /** Where it began: everything later is to be told. */
  readonly begins = new Map<ShardId, number>();
  readonly positions = new Map<ShardId, number>();
  /** Each element is what was told at once. */
  readonly heard: (readonly Change[])[] = [];
  /** Places it was told to have come to, with how many changes it had heard of the shard by then. */
  readonly passed: { readonly shard: ShardId; readonly seq: number; readonly heard: number }[] = [];
  stage: 'starting' | 'started' | 'left' | 'ended' = 'starting';
  private handle: MasterWatch | null = null;
  private readonly watcher: WatchObserver;

  constructor(index: number, filter: WatchFilter, resumes: SimulatedWatch | null, watcher: WatchObserver) {
    this.index = index;
    this.filter = filter;
    this.resumes = resumes;
    this.watcher = watcher;
  }

  get name(): string {
    return `watch ${this.index} of ${this.filter.text}${this.filter.shard === null ? '*' : ''}`;
  }

  begin(master: MasterMachine, from: ReadonlyMap<ShardId, number> | null, trace: Trace): void {
    const sink: WatchSink = {
      onStart: (positions) => this.onStart(positions),
      onChanges: (changes) => {
        trace.number(this.index);
        for (const { shard, version } of changes) trace.number(version * 64 + shard);
        this.onChanges(changes);
      },
      onProgress: (places) => this.onProgress(places),
      onEnd: (code) => this.onEnd(code),
    };
    this.handle = master.watch(this.filter, from, sink);
  }

  leave(master: MasterMachine, now: number): void {
    this.stage = 'left';
    master.unwatch(this.handle!, now);
  }

  private onStart(positions: ReadonlyMap<ShardId, number>): void {
    this.stage = 'started';
    for (const [shard, seq] of positions) {
      this.begins.set(shard, seq);
      this.positions.set(shard, Math.max(seq, this.positions.get(shard) ?? 0));
    }
    this.watcher.watchStarted?.(this);
  }

  private onChanges(changes: readonly Change[]): void {
    this.heard.push(changes);
    for (const { shard, version } of changes) this.positions.set(shard, version);
    this.watcher.watchTold?.(this, changes);
  }

  private onProgress(places: ReadonlyMap<ShardId, number>): void {
    const heard = this.heard.flat();
    for (const [shard, seq] of places) {
      const present = this.positions.get(shard);
      if (present === undefined || seq <= present) continue;
      this.positions.set(shard, seq);
      this.passed.push({ shard, seq, heard: heard.filter((change) => change.shard === shard).length });
    }
  }

  private onEnd(_code: ErrorCode): void {
    this.stage = 'ended';
    this.watcher.watchEnded?.(this);
  }
}
