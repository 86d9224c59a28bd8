/**
 * ServerContext: what the sessions of one server share.
 *
 * Owns      the list of sessions, the counters of INFO, the password, and the one flush per turn.
 * Does not  accept connections (listener.ts) or know commands.
 * Why one flush  Results reach us many to a message. Writing each reply as it comes is a system call per reply; so a
 *           session with output puts itself on a list, and one setImmediate writes them all, each once.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Caller, ClusterApi } from '@quintet/engine';
import { CheckedCaller } from './checked-caller.ts';
import { CommandStatistics } from './command-statistics.ts';
import type { ServerLimits } from './limits.ts';
import type { Answer } from './reply-queue.ts';
import { bulk } from './resp/encoder.ts';
import type { Session } from './session.ts';

export interface ServerCounters {
  connections: number;
  rejectedConnections: number;
  commands: number;
  protocolErrors: number;
  inputBytes: number;
  outputBytes: number;
  keyspaceHits: number;
  keyspaceMisses: number;
  outputLimitDisconnections: number;
}

function noCounts(): ServerCounters {
  return {
    connections: 0,
    rejectedConnections: 0,
    commands: 0,
    protocolErrors: 0,
    inputBytes: 0,
    outputBytes: 0,
    keyspaceHits: 0,
    keyspaceMisses: 0,
    outputLimitDisconnections: 0,
  };
}

export interface ContextOptions {
  readonly limits: ServerLimits;
  readonly maxClients: number;
  readonly password: string | undefined;
  /** Hears of bugs: errors that are none of the world. */
  readonly onBug: (thrown: unknown) => void;
}

export class ServerContext {
  readonly cluster: ClusterApi;
  readonly caller: Caller;
  readonly limits: ServerLimits;
  readonly maxClients: number;
  readonly passwordRequired: boolean;
  readonly startedAt = Date.now();
  readonly runId = randomBytes(20).toString('hex');
  readonly sessions = new Map<number, Session>();
  readonly counters: ServerCounters = noCounts();
  readonly commandStatistics = new CommandStatistics();
  /** Where the listener listens, once it does. */
  host = '';
  port = 0;
  readonly onBug: (thrown: unknown) => void;
  /** The value or nil, counted as a hit or a miss of the keyspace. */
  readonly countedValue: Answer = (result, encoder) => {
    if (result.value === null) {
      this.counters.keyspaceMisses++;
      return encoder.nil;
    }
    this.counters.keyspaceHits++;
    return bulk(result.value);
  };
  private readonly passwordDigest: Buffer;
  private lastSessionId = 0;
  private toFlush: Session[] = [];

  constructor(cluster: ClusterApi, options: ContextOptions) {
    this.cluster = cluster;
    this.caller = new CheckedCaller(cluster.caller);
    this.limits = options.limits;
    this.maxClients = options.maxClients;
    this.passwordRequired = options.password !== undefined;
    this.passwordDigest = digest(options.password ?? '');
    this.onBug = options.onBug;
  }

  now(): number {
    return Date.now();
  }

  nextSessionId(): number {
    return ++this.lastSessionId;
  }

  addSession(session: Session): void {
    this.counters.connections++;
    this.sessions.set(session.id, session);
  }

  resetCounters(): void {
    Object.assign(this.counters, noCounts());
    this.commandStatistics.reset();
  }

  removeSession(session: Session): void {
    this.sessions.delete(session.id);
  }

  /** Compares digests, so that the time taken tells nothing of how much of a guess was right. */
  passwordMatches(user: string, password: string): boolean {
    if (user !== 'default') return false;
    return !this.passwordRequired || timingSafeEqual(digest(password), this.passwordDigest);
  }

  /** Has `session.flush()` called once, at the end of this turn of the event loop. */
  scheduleFlush(session: Session): void {
    if (session.flushScheduled) return;
    session.flushScheduled = true;
    if (this.toFlush.push(session) === 1) setImmediate(() => this.flushAll());
  }

  private flushAll(): void {
    const sessions = this.toFlush;
    // A flush may begin commands that reply at once: those go on a new list, for the next turn.
    this.toFlush = [];
    for (const session of sessions) session.flush();
  }
}

/** A password reaches us as one-byte text, so it is configured as UTF-8 and compared as bytes. */
function digest(password: string): Buffer {
  return createHash('sha256').update(password, 'latin1').digest();
}
