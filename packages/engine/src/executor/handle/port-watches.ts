/**
 * PortWatches: the watches of one handle, in the application's thread.
 *
 * Owns      their numbers, and telling the cluster's side what was taken (flow control: port-wire.ts PW4).
 * Does not  hold changes: what comes is told at once, watchers have buffers of their own (watcher.ts).
 */
import type { Change } from '../../core/data/change.ts';
import type { WatchFilter } from '../../core/data/watch-filter.ts';
import type { ErrorCode } from '../../core/protocol/errors.ts';
import type { ShardId } from '../../core/protocol/ids.ts';
import type { WatchSink } from '../../core/protocol/outbox.ts';
import type { WireElement } from '../../runtime/wire/wire.ts';
import type { Cursor } from '../../runtime/wire/wire-cursor.ts';
import type { PendingWatch } from '../executor.ts';
import { flatPlaces, placesFrom, readChange } from './port-change.ts';
import {
  FROM_NOW,
  PROGRESS_TAKEN,
  TAKEN,
  UNWATCH,
  WATCH,
  WATCH_CHANGES,
  WATCH_PROGRESS,
  WATCH_STARTED,
} from './port-wire.ts';

export class PortWatches {
  readonly #request: (...elements: WireElement[]) => void;
  readonly #sinks = new Map<number, WatchSink>();
  #last = 0;

  /** `request` sends elements to the cluster's side, in order with all other requests. */
  constructor(request: (...elements: WireElement[]) => void) {
    this.#request = request;
  }

  watch(filter: WatchFilter, from: ReadonlyMap<ShardId, number> | null, sink: WatchSink): PendingWatch {
    const id = ++this.#last;
    this.#sinks.set(id, sink);
    const { text, shard, previous } = filter;
    this.#request(id, WATCH, text, shard ?? -1, previous ? 1 : 0, from === null ? FROM_NOW : flatPlaces(from));
    return { stop: () => this.#stop(id) };
  }

  #stop(id: number): void {
    if (this.#sinks.delete(id)) this.#request(id, UNWATCH);
  }

  /**
   * What the other side says of a watch; `code` is one of the WATCH_ codes of answers. All of it is read, whether or not
   * the watch was ended meanwhile.
   */
  onAnswer(id: number, code: number, from: Cursor): void {
    const sink = this.#sinks.get(id);
    if (code === WATCH_STARTED) {
      const places = placesFrom(from.numbers());
      sink?.onStart(places);
    } else if (code === WATCH_CHANGES) {
      const bytes = from.number();
      const changes = readChanges(from);
      this.#request(changes.length, TAKEN, bytes);
      sink?.onChanges(changes);
    } else if (code === WATCH_PROGRESS) {
      const places = placesFrom(from.numbers());
      if (sink === undefined) return;
      this.#request(id, PROGRESS_TAKEN);
      sink.onProgress(places);
    } else {
      const reason = from.string() as ErrorCode;
      const details = from.string();
      this.#sinks.delete(id);
      sink?.onEnd(reason, details);
    }
  }

  /** The other end is gone. */
  close(): void {
    const sinks = [...this.#sinks.values()];
    this.#sinks.clear();
    for (const sink of sinks) sink.onEnd('CLOSED', '');
  }
}

function readChanges(from: Cursor): Change[] {
  return Array.from({ length: from.number() }, () => readChange(from));
}
