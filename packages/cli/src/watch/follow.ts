/**
 * Follower: the changes of a watch for as long as they are wanted, across lost connections and restarts of the server.
 *
 * Owns      the connection, the position, trying again, and saying so: whatever may be missing is told as a gap.
 * Does not  print (commands/watch.ts).
 * Invariants
 *   FO1  every change after the beginning is given once, in order for each key, or lies in a gap that was told.
 *   FO2  it asks for more only when what it gave was taken: a reader that waits makes nobody buffer here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { EXIT, Failure, interrupted } from '../failure.ts';
import { type Change, type ChangePage, readChangePage, type WatchTarget, watchCommand } from '../server/changes.ts';
import { Connection } from '../server/connection.ts';
import { isRetryable } from '../server/refusals.ts';
import { type Gap, gapBetween } from './gap.ts';

/** What a watch has to say. */
export type Piece =
  /** It begins: now, or where it was told to. */
  | { type: 'watching'; position: string }
  | { type: 'changes'; changes: Change[]; before: string; after: string }
  /** Nothing was changed up to there. */
  | { type: 'position'; position: string }
  /** It could not go on where it was, and goes on from `position`. */
  | { type: 'gap'; gap: Gap; position: string }
  /** The server is gone, or says no; it is tried again until it is back. */
  | { type: 'lost'; message: string }
  | { type: 'reconnected'; afterMs: number };

const PAUSES_MS = [50, 100, 200, 500, 1_000] as const;
/** Changes asked for at a time, and the longest wait for the first of them. */
const COUNT = 500;
const BLOCK_MS = 10_000;

export class Follower {
  readonly #context: Context;
  readonly #target: WatchTarget;
  #position: string | undefined;
  #connection: Connection | undefined;
  /** Of an outage: when it began (performance.now()), and how often it was tried to end it. */
  #lostAt: number | undefined;
  #attempts = 0;

  /** `from`: a position of such a watch, or a version of its key; undefined: from now on. */
  constructor(context: Context, target: WatchTarget, from: string | undefined) {
    this.#context = context;
    this.#target = target;
    this.#position = from;
  }

  /** Without end. Throws a Failure: at once if there is no server to begin with, or for what no trying again can mend. */
  async *pieces(): AsyncGenerator<Piece, never> {
    try {
      this.#connection = await this.#connect();
      yield* this.#resume(true);
      for (;;) {
        try {
          if (this.#connection === undefined) {
            this.#connection = await this.#connect();
            yield* this.#resume(false);
          } else yield* this.#read(this.#blockMs);
        } catch (error) {
          yield* this.#recover(error);
        }
      }
    } finally {
      this.#connection?.close();
    }
  }

  #connect(): Promise<Connection> {
    const { target, timeoutMs, io } = this.#context;
    return Connection.open(target, { timeoutMs, signal: io.signal });
  }

  /** An answer must come within --timeout, so a server that died without a word is noticed. */
  get #blockMs(): number {
    return Math.max(1, Math.min(BLOCK_MS, Math.floor(this.#context.timeoutMs / 2)));
  }

  /** The first read on a connection waits for nothing: whether the watch goes on is to be known at once. */
  async *#resume(first: boolean): AsyncGenerator<Piece, void> {
    const pieces: Piece[] = [];
    for await (const piece of this.#read(undefined)) pieces.push(piece);
    if (first) yield { type: 'watching', position: this.#position! };
    else yield { type: 'reconnected', afterMs: performance.now() - this.#lostAt! };
    this.#lostAt = undefined;
    this.#attempts = 0;
    yield* pieces;
  }

  async *#read(blockMs: number | undefined): AsyncGenerator<Piece, void> {
    const before = this.#position;
    const page = await this.#ask(before, blockMs).catch((error: unknown) => {
      if (before === undefined || !isGap(error)) throw error;
      return error;
    });
    if (page instanceof Failure) {
      const now = await this.#ask(undefined, undefined);
      this.#position = now.position;
      yield { type: 'gap', gap: gapBetween(before!, now.position, page.reply!), position: now.position };
      return;
    }
    this.#position = page.position;
    const { changes, position: after } = page;
    if (changes.length > 0) yield { type: 'changes', changes, before: before!, after };
    else yield { type: 'position', position: after };
  }

  async #ask(from: string | undefined, blockMs: number | undefined): Promise<ChangePage> {
    const command = watchCommand(this.#target, { from, blockMs, count: COUNT });
    return readChangePage(await this.#connection!.call(...command));
  }

  async *#recover(error: unknown): AsyncGenerator<Piece, void> {
    const { signal } = this.#context.io;
    if (signal.aborted) throw interrupted();
    if (!(error instanceof Failure) || !isRetryable(error)) throw error;
    this.#connection?.close();
    this.#connection = undefined;
    if (this.#lostAt === undefined) {
      this.#lostAt = performance.now();
      yield { type: 'lost', message: error.message };
    }
    const pauseMs = PAUSES_MS[Math.min(this.#attempts, PAUSES_MS.length - 1)]!;
    this.#attempts += 1;
    await sleep(pauseMs, undefined, { signal }).catch(() => {
      throw interrupted();
    });
  }
}

/** The server cannot go on from a position. */
function isGap(error: unknown): error is Failure {
  return (
    error instanceof Failure && error.exitCode === EXIT.server && /^(WATCHLAGGED|CLUSTERDOWN)\b/.test(error.reply ?? '')
  );
}
