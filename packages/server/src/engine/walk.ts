/**
 * All entries as an asynchronous iteration, for HTTP and gRPC streams: a page is fetched when the one before was taken, so
 * a slow reader slows only its own walk.
 */
import { type EventEmitter, once } from 'node:events';
import type { Executor } from '@quintet/engine/internal';
import { PAGE_STRIDE, type ValueKind } from '@quintet/engine/internal';
import { call } from './call.ts';

export interface WalkedEntry {
  readonly key: string;
  readonly value: string;
  readonly kind: ValueKind;
  readonly version: number;
  readonly expiresAt: number;
}

const PAGE_SIZE = 256;

export async function* walkEntries(
  executor: Executor,
  prefix: string,
  keysOnly: boolean,
  signal: AbortSignal,
): AsyncGenerator<WalkedEntry> {
  for (let shard = 0; shard < executor.shards; shard++) {
    for (let cursor = 0; cursor >= 0; ) {
      const scan = { verb: 'scan', key: '', cursor, prefix, limit: PAGE_SIZE, keysOnly } as const;
      const page = (await call(executor, scan, { signal, shard })).page!;
      for (let at = 0; at < page.entries.length; at += PAGE_STRIDE) {
        const [key, value, kind, version, expiresAt] = page.entries.slice(at, at + PAGE_STRIDE);
        yield {
          key: key as string,
          value: value as string,
          kind: kind as ValueKind,
          version: version as number,
          expiresAt: expiresAt as number,
        };
      }
      cursor = page.cursor;
    }
  }
}

/** Waits until a stream tells that it can take more, or nobody wants it any more. */
export async function happened(stream: EventEmitter, event: string, signal: AbortSignal): Promise<void> {
  try {
    await once(stream, event, { signal });
  } catch (error) {
    // The walk notices by itself that it was given up.
    if (!signal.aborted) throw error;
  }
}
