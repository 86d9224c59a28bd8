/**
 * SessionWatch: QUINTET WATCH, the changes of keys as a read that waits for some, as XREAD BLOCK does with a stream:
 *
 *   QUINTET WATCH PREFIX user:                    → [position, []]        where now is
 *   QUINTET WATCH PREFIX user: FROM p BLOCK 5000  → [position, [change…]] what came after p; nothing within 5 s: []
 *           The position goes on without changes too; BLOCK 0 waits for ever, and hears it only with the next change
 *   change  [type, key, kind, value, version, expiresAt, shard, transaction] and with PREVIOUS [… kind, value] of before;
 *           type is put, delete, expire, evict or clear (then key is ''); kind and value are nil where there is none;
 *           changes of one transaction stand in one reply, one after the other, and bear the same number; 0 = of none
 *   errors  WATCHLAGGED what came after p is not known any more; CLUSTERDOWN a shard of the watch was lost
 *
 * Owns      the feed of its connection, kept from one read to the next; the read that waits.
 * Invariants
 *   WS1  one read waits at a time, and nothing is encoded before it is asked for: who does not ask holds a feed, and no more.
 *   WS2  a reply's position is after its changes: who asks from there hears every change, once. A connection that breaks
 *       loses nothing either: the next one asks from the last position it has.
 * Why a read and no stream of pushes: every client library and redis-cli can send it, and its back-pressure is that nobody asks.
 */
import { ERRORS, KvError } from '@quintet/engine';
import type { Change } from '@quintet/engine/internal';
import type { CommandSession } from '../command/command-session.ts';
import { kindName } from '../commands/keys/kinds.ts';
import { CommandError } from '../engine/errors.ts';
import { array, bulk, error, utf8 } from '../resp/encoder.ts';
import type { Blocking } from '../session/client.ts';
import type { PendingReply } from '../session/reply-queue.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { ChangeFeeds } from './change-feeds.ts';
import { readWatchRequest, type WatchRequest } from './watch-request.ts';

/** A reply ends with the change, or the transaction, that makes it longer than this. */
const REPLY_BYTES = 1024 * 1024;
/** A feed nobody reads from so long ends. Who comes back later finds what the engine's history has. */
const UNREAD_MS = 300_000;

const WATCHES = new WeakMap<object, SessionWatch>();

/** The handler of QUINTET WATCH. */
export function watchCommand(session: CommandSession, args: readonly string[]): void {
  let watch = WATCHES.get(session);
  if (watch === undefined) {
    watch = new SessionWatch(session, session.context.feeds);
    WATCHES.set(session, watch);
  }
  watch.read(readWatchRequest(args));
}

/** A connection is gone. */
export function leaveWatch(session: object): void {
  WATCHES.get(session)?.end();
}

class SessionWatch implements Blocking {
  private readonly session: CommandSession;
  private readonly feeds: ChangeFeeds;
  private feed: ChangeFeed | null = null;
  private request: WatchRequest | null = null;
  /** The position of the last reply: the feed may have gone on since. */
  private told: string | null = null;
  /** The read that waits. */
  private reply: PendingReply | null = null;
  private patient = false;
  /** In the protocol the read was sent in: HELLO may change it while it waits. */
  private nil = '';
  /** Of the read that waits: the end of its patience. Of none: the end of the feed. */
  private timer: NodeJS.Timeout | undefined;

  constructor(session: CommandSession, feeds: ChangeFeeds) {
    this.session = session;
    this.feeds = feeds;
  }

  /** Throws a CommandError if it cannot be begun; else it opens the one reply. */
  read(request: WatchRequest): void {
    if (this.reply !== null) throw new CommandError('ERR a QUINTET WATCH waits on this connection already');
    clearTimeout(this.timer);
    if (this.feed === null || !this.continues(request)) this.begin(request);
    this.request = request;
    this.reply = this.session.open();
    this.nil = this.session.encoder.nil;
    this.patient = request.blockMs !== undefined;
    if (request.blockMs !== undefined && request.blockMs > 0) {
      this.timer = setTimeout(() => this.answerNow(), request.blockMs);
      this.timer.unref();
    }
    this.serve();
    if (this.reply !== null) this.session.blocking ??= this;
  }

  unblock(failure: string | null): void {
    if (failure === null) this.answerNow();
    else if (this.reply !== null) this.settle(this.reply, failure);
  }

  private continues({ name, from }: WatchRequest): boolean {
    return from !== undefined && name === this.request?.name && from === this.told;
  }

  private begin({ target, start }: WatchRequest): void {
    this.dropFeed();
    try {
      this.feed = this.feeds.open(
        target,
        start,
        () => this.serve(),
        () => this.answerNow(),
      );
    } catch (thrown) {
      throw thrown instanceof KvError ? new CommandError(`ERR ${utf8(thrown.message)}`) : thrown;
    }
  }

  /** Waits no longer: answers with what there is. */
  private answerNow(): void {
    this.patient = false;
    this.serve();
  }

  /** Answers the read that waits, if it is time. Called by the engine too, which must not suffer for our bugs. */
  private serve(): void {
    try {
      if (this.feed !== null && this.reply !== null) this.serveReply(this.feed, this.reply);
    } catch (thrown) {
      this.session.onBug(thrown);
    }
  }

  private serveReply(feed: ChangeFeed, reply: PendingReply): void {
    const items = this.takeItems(feed);
    if (items.length === 0) {
      const closing = feed.starting && this.session.context.closing;
      const failure = feed.failure ?? (closing ? new KvError('CLOSED') : undefined);
      if (failure !== undefined) {
        this.dropFeed();
        return this.settle(reply, failureReply(failure));
      }
      if (feed.starting || this.patient) return;
    }
    this.told = feed.position!;
    this.settle(reply, array([bulk(this.told), array(items)]));
  }

  /** As many changes as one reply may have, encoded. */
  private takeItems(feed: ChangeFeed): string[] {
    const { count, target } = this.request!;
    const items: string[] = [];
    let bytes = 0;
    while (items.length < count && bytes < REPLY_BYTES) {
      const batch = feed.take();
      if (batch === undefined) break;
      for (const change of batch) {
        const item = changeItem(change, target.previous === true, this.nil);
        bytes += item.length;
        items.push(item);
      }
    }
    return items;
  }

  private settle(reply: PendingReply, text: string): void {
    this.reply = null;
    if (this.session.blocking === this) this.session.blocking = null;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.dropFeed(), UNREAD_MS);
    this.timer.unref();
    reply.resolve(text);
  }

  private dropFeed(): void {
    if (this.feed !== null) this.feeds.drop(this.feed);
    this.feed = null;
  }

  /** The connection is gone. */
  end(): void {
    clearTimeout(this.timer);
    this.reply = null;
    this.dropFeed();
  }
}

function changeItem(change: Change, withPrevious: boolean, nil: string): string {
  const { type, key, kind, value, version, expiresAt, shard, transaction, previous } = change;
  const isPut = type === 'put';
  const fields = [bulk(type), bulk(key), isPut ? kindName(kind) : nil, isPut ? bulk(value) : nil];
  for (const number of [version, Math.round(expiresAt), shard, transaction]) fields.push(bulk(String(number)));
  if (withPrevious) fields.push(...(previous === null ? [nil, nil] : [kindName(previous.kind), bulk(previous.value)]));
  return array(fields);
}

function failureReply({ code, message }: KvError): string {
  // What the code means is in the first word; why it is so, behind the table's text.
  if (code === 'WATCH_LAGGED') return error(`WATCHLAGGED ${utf8(message.slice(ERRORS[code].text.length + 2))}`);
  return error(`${code === 'SHARD_LOST' ? 'CLUSTERDOWN' : 'ERR'} ${utf8(message)}`);
}
