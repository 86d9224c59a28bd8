/**
 * KeySince: a watch of one key that goes on after what its user knows of it: a place of a watch before, or a version.
 *
 * | tries                                        | good if                                              | else         |
 * |----------------------------------------------|------------------------------------------------------|--------------|
 * | 1. to go on from there                       | the core remembers so far back                       | 2            |
 * | 2. to begin now, and look at the key after   | its version is no later: then nothing was missed     | WATCH_LAGGED |
 *
 * So a key that nobody wrote to can be watched on after any time, however much is forgotten of others. An absent key is good
 * for version 0 (its user knows it as absent) and for no place: it may have come and gone. Version 0 itself is no place in
 * the shard's order, so it begins with 2.
 *
 * Owns      the two tries. Its sink hears of the second as if it were the first.
 * Does not  tell changes of the second before it knows that it is good: it holds them, for the time of one read.
 */
import type { Change } from '../../core/data/change.ts';
import type { Result } from '../../core/data/result.ts';
import type { WatchFilter } from '../../core/data/watch-filter.ts';
import type { ErrorCode } from '../../core/protocol/errors.ts';
import type { ShardId } from '../../core/protocol/ids.ts';
import type { WatchSink } from '../../core/protocol/outbox.ts';
import type { PendingWatch, StoreExecutor } from '../../executor/executor.ts';

/** What is known: everything up to a place in the shard's order, or the key as of a version. */
export interface Known {
  readonly kind: 'place' | 'version';
  readonly seq: number;
}

/** Watches the key of a filter from what is known of it on. */
export function watchSince(executor: StoreExecutor, filter: WatchFilter, known: Known, sink: WatchSink): PendingWatch {
  const since = new KeySince(executor, filter, known, sink);
  since.begin();
  return since;
}

class KeySince implements WatchSink, PendingWatch {
  readonly #executor: StoreExecutor;
  readonly #filter: WatchFilter;
  readonly #known: Known;
  readonly #sink: WatchSink;
  #watch: PendingWatch | undefined;
  #second = false;
  #ended = false;
  /** What the second try has told while it is not known to be good; null when it is. */
  #positions: ReadonlyMap<ShardId, number> | null = null;
  #held: Change[] | null = null;

  constructor(executor: StoreExecutor, filter: WatchFilter, known: Known, sink: WatchSink) {
    this.#executor = executor;
    this.#filter = filter;
    this.#known = known;
    this.#sink = sink;
  }

  begin(): void {
    const { kind, seq } = this.#known;
    if (kind === 'version' && seq === 0) this.#startNow();
    else this.#start(new Map([[this.#filter.shard!, seq]]));
  }

  #startNow(): void {
    this.#second = true;
    this.#held = [];
    this.#start(null);
  }

  #start(from: ReadonlyMap<ShardId, number> | null): void {
    const watch = this.#executor.watch(this.#filter, from, this);
    // The first try may have ended inside of that call, and the second begun.
    if (this.#ended) watch.stop();
    else if (from === null || !this.#second) this.#watch = watch;
  }

  stop(): void {
    this.#ended = true;
    this.#watch?.stop();
  }

  onStart(positions: ReadonlyMap<ShardId, number>): void {
    if (this.#ended) return;
    if (!this.#second) return this.#sink.onStart(positions);
    this.#positions = positions;
    const operation = { verb: 'stat', key: this.#filter.text } as const;
    this.#executor.submit(operation, {
      onResult: (result) => this.#onLook(result),
      onError: (code, details) => this.#end(code, details),
    });
  }

  onChanges(changes: readonly Change[]): void {
    if (this.#ended) return;
    if (this.#held === null) return this.#sink.onChanges(changes);
    for (const change of changes) this.#held.push(change);
  }

  /** While it is not known whether the second try is good, its beginning is all there is to say. */
  onProgress(places: ReadonlyMap<ShardId, number>): void {
    if (!this.#ended && this.#held === null) this.#sink.onProgress(places);
  }

  onEnd(code: ErrorCode, details: string): void {
    if (this.#ended) return;
    if (code !== 'WATCH_LAGGED' || this.#second) return this.#end(code, details);
    this.#startNow();
  }

  #onLook({ version }: Result): void {
    if (this.#ended) return;
    const { kind, seq } = this.#known;
    const good = version === 0 ? kind === 'version' && seq === 0 : version <= seq;
    if (!good) {
      const now = version === 0 ? 'is absent' : `has version ${version}`;
      return this.#end('WATCH_LAGGED', `what happened since version ${seq} is forgotten; the key ${now} now`);
    }
    const held = this.#held!;
    this.#held = null;
    this.#sink.onStart(this.#positions!);
    if (held.length > 0) this.#sink.onChanges(held);
  }

  #end(code: ErrorCode, details: string): void {
    this.stop();
    this.#sink.onEnd(code, details);
  }
}
