/**
 * ShardWalk: pages of entries over all shards, one after another, as SCAN, KEYS and QUINTET SCAN want them.
 *
 * Owns      where the walk is, and the session's hold while it lasts.
 * Does not  filter, or decide when enough is found: its visitor does.
 * Cursor    Shard and the engine's 32-bit hash cursor as one decimal number below 2^53, so that a client can keep it
 *           as long as it likes and nothing is remembered here. 0 is the beginning and, as an answer, the end: no other
 *           position is 0, since a walk that has begun is past hash 0 of shard 0.
 */
import type { ErrorCode } from '@quintet/engine';
import type { Page, Result } from '@quintet/engine/internal';
import type { CommandSession } from '../command/command-session.ts';
import { CommandError, engineError, thrownError } from '../engine/errors.ts';
import type { PendingReply } from './reply-queue.ts';
import { SessionSink } from './session-sink.ts';

/** Hash cursors are below this. */
const HASH_SPAN = 2 ** 32;

export interface WalkPosition {
  readonly shard: number;
  readonly hash: number;
}

export const WALK_BEGIN: WalkPosition = { shard: 0, hash: 0 };

const UINT64_MAX = 2n ** 64n - 1n;

/**
 * The position a client's cursor means. One of a cluster with more shards is past the end. Read as Redis does, by strtoul:
 * nothing is 0, and a minus sign counts back from 2^64.
 */
export function readCursor(text: string): WalkPosition {
  const [, sign, digits] = /^(?:([+-]?)0*([0-9]{1,20}))?$/.exec(text) ?? [];
  const amount = BigInt(digits ?? 0);
  if ((digits === undefined && text !== '') || amount > UINT64_MAX) throw new CommandError('ERR invalid cursor');
  const cursor = Number(sign === '-' ? BigInt.asUintN(64, -amount) : amount);
  return { shard: Math.floor(cursor / HASH_SPAN), hash: cursor % HASH_SPAN };
}

export interface WalkRequest {
  readonly from: WalkPosition;
  /** Where it ends; the last of all unless given. */
  readonly lastShard?: number;
  /** Begin at the beginning once more when the end is reached, to come to what was before `from`. */
  readonly around?: boolean;
  readonly prefix: string;
  readonly keysOnly: boolean;
  /** How many entries the next page should have at most; asked before each page. */
  readonly pageSize: () => number;
  /** Takes the entries of a page (flat, see Page); false when it has enough. May throw a CommandError, which ends it. */
  readonly visit: (entries: readonly (string | number)[]) => boolean;
  /** The reply, given the cursor to go on from. */
  readonly finish: (cursor: string) => string;
}

/** Walks, holding the session's later commands back, and replies. */
export function walkShards(session: CommandSession, request: WalkRequest): void {
  new ShardWalk(session, request).begin();
}

class ShardWalk extends SessionSink {
  private readonly request: WalkRequest;
  private readonly reply: PendingReply;
  private shard: number;
  private hash: number;
  private mayTurn: boolean;

  constructor(session: CommandSession, request: WalkRequest) {
    super(session);
    this.request = request;
    this.reply = session.open();
    this.shard = request.from.shard;
    this.hash = request.from.hash;
    this.mayTurn = request.around === true;
  }

  begin(): void {
    this.session.hold();
    if (this.isAtEnd()) this.end(this.request.finish('0'));
    else this.nextPage();
  }

  protected onAnswer(result: Result): void {
    try {
      this.onPage(result.page!);
    } catch (thrown) {
      const text = thrownError(thrown);
      if (text === null) throw thrown;
      this.end(text);
    }
  }

  private onPage(page: Page): void {
    if (page.cursor < 0) {
      this.shard++;
      this.hash = 0;
    } else {
      this.hash = page.cursor;
    }
    const more = this.request.visit(page.entries) && !this.session.isClosed;
    if (this.isAtEnd() && this.mayTurn) {
      this.mayTurn = false;
      this.shard = this.hash = 0;
    }
    if (this.isAtEnd()) this.end(this.request.finish('0'));
    else if (more) this.nextPage();
    else this.end(this.request.finish(String(this.shard * HASH_SPAN + this.hash)));
  }

  protected onFailure(code: ErrorCode, details: string): void {
    this.end(engineError(code, details));
  }

  private isAtEnd(): boolean {
    return this.shard > (this.request.lastShard ?? this.session.executor.shards - 1);
  }

  private nextPage(): void {
    const { prefix, keysOnly, pageSize } = this.request;
    const limit = pageSize();
    const { session, shard, hash: cursor } = this;
    session.executor.submitToShard(shard, { verb: 'scan', key: '', cursor, prefix, limit, keysOnly }, this);
  }

  private end(reply: string): void {
    this.reply.resolve(reply);
    this.session.release();
  }
}
