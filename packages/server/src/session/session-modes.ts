/**
 * SessionModes: what makes a session's commands mean something else: MULTI queues them, a subscription refuses most of
 * them, CLIENT REPLY keeps their replies back. One object per session that was ever in a mode.
 */
import type { Command } from '../command/command.ts';

export interface Queued {
  readonly command: Command;
  readonly args: readonly string[];
}

/** The commands between MULTI and EXEC. */
export interface Multi {
  readonly queue: Queued[];
  bytes: number;
  /** A command was refused while it was queued: EXEC will do nothing. */
  spoiled: boolean;
}

export type ReplyMode = 'on' | 'off' | 'skip-next' | 'skip-this';

/** What a name costs beside its bytes, in the sets of the session and of the server. */
const NAME_OVERHEAD = 100;

export class SessionModes {
  multi: Multi | null = null;
  /** Keys under WATCH with the version they had (0 = absent). */
  readonly watched = new Map<string, number>();
  readonly channels = new Set<string>();
  readonly patterns = new Set<string>();
  replyMode: ReplyMode = 'on';
  /** While an EXEC writes its array: pushes that wait for its end. */
  heldPushes: string[] | null = null;
  private watchedBytes = 0;
  private subscribedBytes = 0;

  get subscriptions(): number {
    return this.channels.size + this.patterns.size;
  }

  /** What the client has us remember: queued commands and names. */
  get heldBytes(): number {
    return (this.multi?.bytes ?? 0) + this.watchedBytes + this.subscribedBytes;
  }

  watch(key: string, version: number): void {
    this.watched.set(key, version);
    this.watchedBytes += key.length + NAME_OVERHEAD;
  }

  unwatch(): void {
    this.watched.clear();
    this.watchedBytes = 0;
  }

  leaveMulti(): void {
    this.multi = null;
    this.unwatch();
  }

  /** Remembers a subscription in `names`, channels or patterns. */
  subscribed(names: Set<string>, name: string): void {
    if (names.has(name)) return;
    names.add(name);
    this.subscribedBytes += name.length + NAME_OVERHEAD;
  }

  unsubscribed(names: Set<string>, name: string): void {
    if (names.delete(name)) this.subscribedBytes -= name.length + NAME_OVERHEAD;
  }
}
