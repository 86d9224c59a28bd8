/**
 * SinceVersion: a watch of one key that goes on after a version of it.
 *
 * | tries                                             | good if                          | else               |
 * |---------------------------------------------------|----------------------------------|--------------------|
 * | 1. to go on from that version                     | the core remembers so far back   | 2                  |
 * | 2. to begin now, and look at the key afterwards   | it has that version still: then nothing happened to it before the beginning | WATCH_LAGGED |
 *
 * Version 0 (absent) is no place in the shard's order, so it begins with the second.
 * Owns      the two tries. Its sink hears of the second as if it were the first.
 * Does not  tell changes of the second before it knows that it is good: it holds them, for the time of one read.
 */
import type { Change } from '../core/change.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { ShardId } from '../core/ids.ts';
import type { WatchFilter } from '../core/master/watch-filters.ts';
import type { Result } from '../core/operation.ts';
import type { WatchSink } from '../core/outbox.ts';
import type { PendingWatch, StoreCaller } from './caller.ts';

/** Watches the key of a filter from a version of it on. */
export function watchSince(caller: StoreCaller, filter: WatchFilter, version: number, sink: WatchSink): PendingWatch {
  const since = new SinceVersion(caller, filter, version, sink);
  since.begin();
  return since;
}

class SinceVersion implements WatchSink, PendingWatch {
  readonly #caller: StoreCaller;
  readonly #filter: WatchFilter;
  readonly #version: number;
  readonly #sink: WatchSink;
  #watch: PendingWatch | undefined;
  #second = false;
  #ended = false;
  /** What the second try has told while it is not known to be good; null when it is. */
  #positions: ReadonlyMap<ShardId, number> | null = null;
  #held: Change[] | null = null;

  constructor(caller: StoreCaller, filter: WatchFilter, version: number, sink: WatchSink) {
    this.#caller = caller;
    this.#filter = filter;
    this.#version = version;
    this.#sink = sink;
  }

  begin(): void {
    if (this.#version === 0) this.#startNow();
    else this.#start(new Map([[this.#filter.shard!, this.#version]]));
  }

  #startNow(): void {
    this.#second = true;
    this.#held = [];
    this.#start(null);
  }

  #start(from: ReadonlyMap<ShardId, number> | null): void {
    const watch = this.#caller.watch(this.#filter, from, this);
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
    this.#caller.submit(operation, {
      onResult: (result) => this.#onLook(result),
      onError: (code, details) => this.#end(code, details),
    });
  }

  onChanges(changes: readonly Change[]): void {
    if (this.#ended) return;
    if (this.#held !== null) this.#held.push(...changes);
    else this.#sink.onChanges(changes);
  }

  onEnd(code: ErrorCode, details: string): void {
    if (this.#ended) return;
    if (code !== 'WATCH_LAGGED' || this.#second) return this.#end(code, details);
    this.#startNow();
  }

  #onLook({ version }: Result): void {
    if (this.#ended) return;
    if (version !== this.#version) {
      const what = version === 0 ? 'is absent' : `has version ${version}`;
      return this.#end(
        'WATCH_LAGGED',
        `what happened since version ${this.#version} is forgotten; the key ${what} now`,
      );
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
