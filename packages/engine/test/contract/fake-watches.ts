/**
 * FakeWatches: watches of a FakeExecutor: told at once, and everything is remembered for ever (or nothing: `forget`).
 */
import { EventEmitter } from 'node:events';
import type { Change } from '../../src/core/data/change.ts';
import type { WatchFilter } from '../../src/core/data/watch-filter.ts';
import type { WatchSink } from '../../src/core/protocol/outbox.ts';
import type { PendingWatch } from '../../src/executor/executor.ts';
import { nextEvent } from './next-event.ts';

interface Watch {
  readonly filter: WatchFilter;
  readonly sink: WatchSink;
}

export class FakeWatches {
  readonly #watches = new Set<Watch>();
  /** `changed`: a watch came or went. */
  readonly #events = new EventEmitter();
  #history: Change[] = [];
  #forgotten = 0;

  get size(): number {
    return this.#watches.size;
  }

  watch(
    filter: WatchFilter,
    from: ReadonlyMap<number, number> | null,
    now: ReadonlyMap<number, number>,
    sink: WatchSink,
  ): PendingWatch {
    const watch = { filter, sink };
    if (from !== null && [...from.values()].some((seq) => seq < this.#forgotten)) {
      sink.onEnd('WATCH_LAGGED', 'forgotten');
      return { stop: () => undefined };
    }
    this.#watches.add(watch);
    this.#events.emit('changed');
    sink.onStart(from ?? now);
    const missed = from === null ? [] : this.#history.filter(({ shard, version }) => version > (from.get(shard) ?? 0));
    tell(watch, missed);
    return { stop: () => this.#stop(watch) };
  }

  #stop(watch: Watch): void {
    if (this.#watches.delete(watch)) this.#events.emit('changed');
  }

  /** Resolves as soon as there are so many. */
  async sizeIs(size: number): Promise<void> {
    while (this.size !== size) await nextEvent(this.#events, 'changed');
  }

  tell(changes: readonly Change[]): void {
    this.#history.push(...changes);
    for (const watch of [...this.#watches]) tell(watch, changes);
  }

  /** Nothing that was told up to now can be told again. */
  forget(): void {
    this.#forgotten = this.#history.at(-1)?.version ?? this.#forgotten;
    this.#history = [];
  }

  /** Ends all watches, as when a cluster closes. */
  close(): void {
    for (const { sink } of [...this.#watches]) sink.onEnd('CLOSED', '');
    this.#watches.clear();
  }
}

function tell({ filter, sink }: Watch, changes: readonly Change[]): void {
  const met = changes.filter(({ type, key, shard }) => {
    if (type === 'clear') return filter.shard === null || filter.shard === shard;
    return filter.shard === null ? key.startsWith(filter.text) : key === filter.text;
  });
  if (met.length === 0) return;
  sink.onChanges(met.map((change) => (filter.previous ? change : { ...change, previous: null })));
}
