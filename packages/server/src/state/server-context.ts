/**
 * ServerContext: what the sessions of one server share.
 *
 * Owns      the list of sessions, the counters of INFO, the passwords, and the one flush per turn.
 * Does not  accept connections (listener.ts) or know commands.
 * Why one flush  Results reach us many to a message. Writing each reply as it comes is a system call per reply; so a
 *           session with output puts itself on a list, and one setImmediate writes them all, each once.
 */
import { randomBytes } from 'node:crypto';
import type { ClusterApi, ClusterStatus } from '@quintet/engine';
import type { Executor } from '@quintet/engine/internal';
import { GuessLimits } from '../access/guess-limits.ts';
import { Passwords, type Role } from '../access/passwords.ts';
import { Strangers } from '../access/strangers.ts';
import { CheckedExecutor } from '../engine/checked-executor.ts';
import { Incidents } from '../listen/incidents.ts';
import type { ServerLimits } from '../listen/limits.ts';
import { type ServerLog, SILENT } from '../listen/log.ts';
import { MemoryHolders } from '../listen/memory-holders.ts';
import { KeyspaceEvents } from '../pubsub/keyspace-events.ts';
import { PubSub } from '../pubsub/pubsub.ts';
import type { Client } from '../session/client.ts';
import { ClientPause } from '../session/client-pause.ts';
import { ReplicaWaits } from '../session/replica-waits.ts';
import type { Request } from '../session/reply-queue.ts';
import { SlowWork } from '../session/slow-work.ts';
import { ChangeFeeds } from '../watch/change-feeds.ts';
import { CommandStatistics } from './command-statistics.ts';
import { ErrorStatistics } from './error-statistics.ts';
import { ServerMemoryLimit } from './memory-limit.ts';
import { MemoryWatch } from './memory-watch.ts';
import { SlowLog } from './slow-log.ts';

export interface ServerCounters {
  connections: number;
  rejectedConnections: number;
  commands: number;
  protocolErrors: number;
  inputBytes: number;
  outputBytes: number;
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
    outputLimitDisconnections: 0,
    evictedClients: 0,
  };
}

export interface ContextOptions {
  readonly limits: ServerLimits;
  readonly maxClients: number;
  readonly password: string | undefined;
  /** A second one that opens everything but administration. */
  readonly userPassword?: string | undefined;
  /** Silent unless given. */
  readonly log?: ServerLog | undefined;
  /** Hears of bugs, errors that are none of the world, instead of the log. */
  readonly onBug?: ((thrown: unknown) => void) | undefined;
  /** Hears of SHUTDOWN; without it the command is refused. */
  readonly onShutdown?: (() => void) | undefined;
}

/** Reads that found their key, and that did not. */
interface Lookups {
  readonly hits: number;
  readonly misses: number;
}

/** What has output to be written at the end of a turn. */
interface Flushed {
  flushScheduled: boolean;
  flush(): void;
  onBug(thrown: unknown): void;
}

/** How often the memory of all clients is added up while any is held. */
const SHED_MS = 100;

export class ServerContext {
  readonly cluster: ClusterApi;
  readonly executor: Executor;
  readonly limits: ServerLimits;
  maxClients: number;
  /** Silence after which a connection is ended, in seconds; 0 = never. */
  idleSeconds: number;
  readonly passwordRequired: boolean;
  readonly startedAt = Date.now();
  readonly runId = randomBytes(20).toString('hex');
  readonly sessions = new Map<number, Client>();
  readonly counters: ServerCounters = noCounts();
  readonly commandStatistics = new CommandStatistics();
  readonly errorStatistics = new ErrorStatistics();
  readonly pubsub = new PubSub();
  readonly keyspaceEvents: KeyspaceEvents;
  readonly feeds: ChangeFeeds;
  readonly slowLog = new SlowLog();
  readonly pause = new ClientPause();
  readonly slowWork = new SlowWork();
  readonly replicaWaits: ReplicaWaits;
  readonly memoryHolders = new MemoryHolders();
  readonly guesses = new GuessLimits(performance.now());
  readonly strangers: Strangers;
  readonly memoryLimit: ServerMemoryLimit;
  readonly memoryWatch: MemoryWatch;
  readonly log: ServerLog;
  readonly incidents: Incidents;
  /** On its way down: answers what was asked, takes nothing new. */
  closing = false;
  /** Where the listener listens, once it does. */
  host = '';
  port = 0;
  /** Whether it speaks TLS too. */
  tls = false;
  /** CONFIG latency-monitor-threshold, in ms: kept for who set it. */
  latencyThreshold: number | bigint = 0;
  /** Lookups of the cluster at the last CONFIG RESETSTAT. */
  private lookupsBefore: Lookups = { hits: 0, misses: 0 };
  private readonly onShutdown: (() => void) | undefined;
  private readonly passwords: Passwords;
  /** What of this turn went into beginning requests (request-reader.ts). */
  beginningMs = 0;
  private turn = 0;
  private clearing = false;
  private lastSessionId = 0;
  private toFlush: Flushed[] = [];
  private shedding: NodeJS.Timeout | undefined;

  constructor(cluster: ClusterApi, options: ContextOptions) {
    this.cluster = cluster;
    this.memoryLimit = new ServerMemoryLimit(cluster);
    this.replicaWaits = new ReplicaWaits(cluster);
    this.limits = options.limits;
    this.log = options.log ?? SILENT;
    this.incidents = new Incidents(this.log, options.onBug ?? null);
    this.executor = new CheckedExecutor(cluster.executor, options.limits);
    this.keyspaceEvents = new KeyspaceEvents(cluster.executor, this.pubsub, this.incidents);
    this.feeds = new ChangeFeeds(this, cluster.executor);
    this.idleSeconds = options.limits.idleSeconds;
    this.maxClients = options.maxClients;
    this.passwords = new Passwords(options.password, options.userPassword);
    this.passwordRequired = this.passwords.required;
    this.strangers = new Strangers(this.passwordRequired, options.limits.loginMs);
    this.onShutdown = options.onShutdown;
    this.memoryWatch = new MemoryWatch(this);
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
    this.beginningMs = 0;
  }

  /** A request that had to wait for its reply has it. */
  answered(session: Client, { command, args, begunAt }: Pick<Request, 'command' | 'args' | 'begunAt'>): void {
    if (command === null || command.blocking) return;
    const tookMs = this.turnTime() - begunAt;
    this.commandStatistics.took(command, tookMs);
    if (tookMs >= this.slowLog.thresholdMs) this.slowLog.add(session, command.withoutSecrets(args), tookMs);
  }

  nextSessionId(): number {
    return ++this.lastSessionId;
  }

  addSession(session: Client): void {
    this.counters.connections++;
    this.sessions.set(session.id, session);
    this.memoryHolders.add(session);
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
    this.errorStatistics.reset();
    this.lookupsBefore = this.cluster.status().counters;
  }

  /** Bytes may be held for a client from now on: they are looked at until there are none. */
  mayHold(): void {
    this.shedding ??= setTimeout(this.onShed, SHED_MS).unref();
  }

  private readonly onShed = (): void => {
    this.shedding = undefined;
    this.shedClients();
    if (this.memoryHolders.bytes > 0) this.mayHold();
  };

  /** Lookups since the last reset: the cluster's, whichever front they came by. */
  lookups({ counters }: ClusterStatus): Lookups {
    const { hits, misses } = this.lookupsBefore;
    return { hits: counters.hits - hits, misses: counters.misses - misses };
  }

  /** Clients that wait: for a pause to end, for replicas, for changes. */
  get blockedClients(): number {
    let count = this.pause.waitingClients;
    for (const { blocking } of this.sessions.values()) if (blocking !== null) count++;
    return count;
  }

  /**
   * Cuts off strangers that hold more than they may; and the largest clients while all together hold too much, strangers
   * first, those marked NO-EVICT last.
   */
  shedClients(): void {
    this.counters.evictedClients += this.strangers.trim();
    this.counters.evictedClients += this.memoryHolders.shed(this.limits.clientsBytes);
  }

  /** Cuts off the clients that were silent for too long. Those who listen, or wait for a reply, are not silent. */
  endIdleSessions(): void {
    if (this.idleSeconds === 0) return;
    const latest = this.now() - this.idleSeconds * 1000;
    for (const session of this.sessions.values()) {
      const waits = session.pendingReplies > 0 || (session.modes?.subscriptions ?? 0) > 0;
      if (session.lastActiveAt <= latest && !waits) session.cutOff('idle');
    }
  }

  removeSession(session: Client): void {
    this.sessions.delete(session.id);
    this.memoryHolders.remove(session);
  }

  /** What a password is good for; null if it is wrong. */
  roleOf(user: string, password: string): Role | null {
    return this.passwords.roleOf(user, password);
  }

  /** Has `session.flush()` called once, at the end of this turn of the event loop. */
  scheduleFlush(session: Flushed): void {
    if (session.flushScheduled) return;
    session.flushScheduled = true;
    if (this.toFlush.push(session) === 1) setImmediate(() => this.flushAll());
  }

  private flushAll(): void {
    this.turn = 0;
    this.beginningMs = 0;
    const sessions = this.toFlush;
    // A flush may begin commands that reply at once: those go on a new list, for the next turn.
    this.toFlush = [];
    for (const session of sessions) {
      try {
        session.flush();
      } catch (thrown) {
        session.onBug(thrown);
      }
    }
  }
}
