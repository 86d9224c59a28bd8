/**
 * PortWatches: the watches of one handle, in the application's thread.
 *
 * Owns      their numbers, and telling the cluster's side what was taken (flow control: port-wire.ts PW4).
 * Does not  hold changes: what comes is told at once, watchers have buffers of their own (watcher.ts).
 */
import type { Reader } from '../../core/codec/reader.ts';
import type { Writer } from '../../core/codec/writer.ts';
import type { Change } from '../../core/data/change.ts';
import type { WatchFilter } from '../../core/data/watch-filter.ts';
import type { ShardId } from '../../core/protocol/ids.ts';
import type { WatchSink } from '../../core/protocol/outbox.ts';
import type { PendingWatch } from '../executor.ts';
import { flatPlaces, placesFrom, readChange } from './port-change.ts';
import {
  PROGRESS_TAKEN,
  readFailure,
  TAKEN,
  UNWATCH,
  WATCH,
  WATCH_CHANGES,
  WATCH_PROGRESS,
  WATCH_STARTED,
} from './port-wire.ts';

export class PortWatches {
  readonly #request: (id: number, code: number, rest?: (out: Writer) => void) => void;
  readonly #sinks = new Map<number, WatchSink>();
  #last = 0;

  /** `request` sends to the cluster's side, in order with all other requests; `rest` writes what follows the code. */
  constructor(request: (id: number, code: number, rest?: (out: Writer) => void) => void) {
    this.#request = request;
  }

  watch(filter: WatchFilter, from: ReadonlyMap<ShardId, number> | null, sink: WatchSink): PendingWatch {
    const id = ++this.#last;
    this.#sinks.set(id, sink);
    const { text, shard, previous } = filter;
    this.#request(id, WATCH, (out) => {
      out.text(text);
      out.word(shard ?? -1);
      out.word(previous ? 1 : 0);
      out.word(from === null ? 0 : 1);
      if (from !== null) out.numbers(flatPlaces(from));
    });
    return { stop: () => this.#stop(id) };
  }

  #stop(id: number): void {
    if (this.#sinks.delete(id)) this.#request(id, UNWATCH);
  }

  /**
   * What the other side says of a watch; `code` is one of the WATCH_ codes of answers. All of it is read, whether or not
   * the watch was ended meanwhile.
   */
  onAnswer(id: number, code: number, from: Reader): void {
    const sink = this.#sinks.get(id);
    if (code === WATCH_STARTED) {
      const places = placesFrom(from.numbers());
      sink?.onStart(places);
    } else if (code === WATCH_CHANGES) {
      const bytes = from.number();
      const changes = readChanges(from);
      this.#request(changes.length, TAKEN, (out) => out.number(bytes));
      sink?.onChanges(changes);
    } else if (code === WATCH_PROGRESS) {
      const places = placesFrom(from.numbers());
      if (sink === undefined) return;
      this.#request(id, PROGRESS_TAKEN);
      sink.onProgress(places);
    } else {
      const [reason, details] = readFailure(from);
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

function readChanges(from: Reader): Change[] {
  return Array.from({ length: from.word() }, () => readChange(from));
}
