/**
 * Client: what the server's shared state and other clients' commands know of one connection. Session is the real one.
 */
import type { Guest } from '../access/strangers.ts';
import type { Command } from '../command/command.ts';
import type { CutOffReason } from '../listen/incidents.ts';
import type { MemoryHolder } from '../listen/memory-holders.ts';
import type { Transport } from '../listen/transport.ts';
import type { Encoder } from '../resp/encoder.ts';
import type { PendingReply } from './reply-queue.ts';
import type { SessionModes } from './session-modes.ts';

/** What keeps a client waiting and can be told to end: CLIENT UNBLOCK. */
export interface Blocking {
  /** Replies at once: as if its time were over, or with `failure`. */
  unblock(failure: string | null): void;
}

export interface Client extends MemoryHolder {
  readonly id: number;
  readonly transport: Transport;
  /** When it connected and when it sent something last, ms since the epoch. */
  readonly startedAt: number;
  readonly lastActiveAt: number;
  name: string;
  libraryName: string;
  libraryVersion: string;
  /** Asked to go last (CLIENT NO-EVICT). */
  noEvict: boolean;
  readonly lastCommand: Command | null;
  /** Its connection among those without the password; null where nobody counts them. */
  guest: Guest | null;
  encoder: Encoder;
  /** MULTI, subscriptions, muted replies: what makes commands mean something else. Null until first needed. */
  modes: SessionModes | null;
  /** A command that waits for something to happen, and has said so. */
  blocking: Blocking | null;
  /** Whether the client is gone: nobody will read what is replied. */
  readonly isClosed: boolean;
  /** Bytes received and not yet run, and those of replies not yet sent. */
  readonly queryBytes: number;
  readonly outputBytes: number;
  readonly pendingReplies: number;
  /** The modes of this session, from now on. */
  enterModes(): SessionModes;
  /** A reply that is settled later. */
  open(): PendingReply;
  /** Whether all replies before this one are given. */
  isFirstPending(reply: PendingReply): boolean;
  /** Out-of-band data: stands between replies, and never inside that of an EXEC. Muting does not concern it. */
  push(text: string): void;
  /** Begins no further command until as many calls of {@link release}: for commands made of several steps. */
  hold(): void;
  release(): void;
  /** Reads no more requests; ends the connection when every reply is sent. */
  closeAfterReplies(): void;
  /** Ends the connection at once, replies or not. */
  cutOff(reason: CutOffReason): void;
}
