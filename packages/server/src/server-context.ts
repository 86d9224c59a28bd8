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
import { ClientPause } from './client-pause.ts';
import { CommandStatistics } from './command-statistics.ts';
import type { ServerLimits } from './limits.ts';
import { KeyspaceEvents } from './pubsub/keyspace-events.ts';
import { PubSub } from './pubsub/pubsub.ts';
import type { Answer, Request } from './reply-queue.ts';
import { bulk } from './resp/encoder.ts';
import type { Session } from './session.ts';
import { SlowLog } from './slow-log.ts';

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
  evictedClients: number;
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
    evictedClients: 0,
  };
}

export interface ContextOptions {
  readonly limits: ServerLimits;
  readonly maxClients: number;
  readonly password: string | undefined;
  /** Hears of bugs: errors that are none of the world. */
  readonly onBug: (thrown: unknown) => void;
  /** Hears of SHUTDOWN; without it the command is refused. */
  readonly onShutdown?: (() => void) | undefined;
}

export class ServerContext {
  readonly cluster: ClusterApi;
  readonly caller: Caller;
  readonly limits: ServerLimits;
  maxClients: number;
  readonly passwordRequired: boolean;
  readonly startedAt = Date.now();
  readonly runId = randomBytes(20).toString('hex');
  readonly sessions = new Map<number, Session>();
  readonly counters: ServerCounters = noCounts();
  readonly commandStatistics = new CommandStatistics();
  readonly pubsub = new PubSub();
  readonly keyspaceEvents: KeyspaceEvents;
  readonly slowLog = new SlowLog();
  readonly pause = new ClientPause();
  /** On its way down: answers what was asked, takes nothing new. */
  closing = false;
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
  private readonly onShutdown: (() => void) | undefined;
  private readonly passwordDigest: Buffer;
  private turn = 0;
  private clearing = false;
  private lastSessionId = 0;
  private toFlush: Session[] = [];

  constructor(cluster: ClusterApi, options: ContextOptions) {
    this.cluster = cluster;
    this.caller = new CheckedCaller(cluster.caller);
    this.keyspaceEvents = new KeyspaceEvents(cluster.caller, this.pubsub);
    this.limits = options.limits;
    this.maxClients = options.maxClients;
    this.passwordRequired = options.password !== undefined;
    this.passwordDigest = digest(options.password ?? '');
    this.onBug = options.onBug;
    this.onShutdown = options.onShutdown;
  }

  now(): number {
    return Date.now();
  }

  /** Milliseconds on a steady clock, read once per turn: exact enough for statistics, and free. */
  turnTime(): number {
    if (this.turn === 0) this.turn = performance.now();
    if (this.toFlush.length === 0 && !this.clearing) {
      this.clearing = true;
      setImmediate(() => this.endTurn());
    }
    return this.turn;
  }

  private endTurn(): void {
    this.clearing = false;
    this.turn = 0;
  }

  /** A request that had to wait for its reply has it. */
  answered(session: Session, { command, args, begunAt }: Request): void {
    if (command === null) return;
    const tookMs = this.turnTime() - begunAt;
    this.commandStatistics.took(command, tookMs);
    if (tookMs >= this.slowLog.thresholdMs) this.slowLog.add(session, args, tookMs);
  }

  nextSessionId(): number {
    return ++this.lastSessionId;
  }

  addSession(session: Session): void {
    this.counters.connections++;
    this.sessions.set(session.id, session);
  }

  /** False if nobody would hear. */
  requestShutdown(): boolean {
    if (this.onShutdown === undefined) return false;
    setImmediate(this.onShutdown);
    return true;
  }

  resetCounters(): void {
    Object.assign(this.counters, noCounts());
    this.commandStatistics.reset();
  }

  /** Cuts off the largest clients while all together hold too much; those marked NO-EVICT last. */
  shedClients(): void {
    const sizes = [...this.sessions.values()].map((session) => ({ session, bytes: session.heldBytes }));
    let total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total <= this.limits.clientsBytes) return;
    sizes.sort((one, other) => Number(one.session.noEvict) - Number(other.session.noEvict) || other.bytes - one.bytes);
    for (const { session, bytes } of sizes) {
      if (total <= this.limits.clientsBytes) return;
      total -= bytes;
      this.counters.evictedClients++;
      session.cutOff();
    }
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
    this.turn = 0;
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
