/**
 * A cluster of one Map, for tests of the server alone. Operations take effect when they are submitted; answers come
 * later, in whatever order the test asks for.
 */

import type { ClusterApi, ClusterMemoryLimit, ClusterStatus, ErrorCode } from '@quintet/engine';
import type { Executor, KeyInPlace, PendingCall, Sink, ValueInPlace } from '@quintet/engine/internal';
import {
  type Entry,
  hashSlotOf,
  type Operation,
  plainResult,
  type Result,
  readerOf,
  rowOf,
  Status,
  shardOfSlot,
  type TransactionOperation,
  textOf,
  ValueKind,
  valueResult,
} from '@quintet/engine/internal';

type Delivery = 'in-order' | 'shuffled' | 'by-hand';

const PENDING: PendingCall = {};

export class FakeExecutor implements Executor {
  readonly limits = { maxKeyBytes: 65_536, maxValueBytes: 16 * 1024 * 1024 };
  readonly shards = 10;
  delivery: Delivery = 'in-order';
  /** Operations submitted, in order. */
  readonly submitted: Operation[] = [];
  inFlight = 0;
  /** Values are known at once; how many were shown so. */
  knows = false;
  shown = 0;
  mostInFlight = 0;
  /** The next operation is refused with this. */
  failNext: { code: ErrorCode; synchronously: boolean } | null = null;
  clock = Date.now();
  private readonly entries = new Map<string, Entry>();
  private version = 0;
  private waiting: (() => void)[] = [];
  private random = 1;

  /** With a fraction, as the real one. */
  now(): number {
    return this.clock + 0.25;
  }

  shardOf(key: string): number {
    return shardOfSlot(hashSlotOf(key), this.shards);
  }

  submit(operation: Operation, sink: Sink): PendingCall {
    return this.submitToShard(this.shardOf(operation.key), operation, sink);
  }

  submitToShard(shard: number, operation: Operation, sink: Sink): PendingCall {
    this.submitted.push(operation);
    const failure = this.failNext;
    this.failNext = null;
    if (failure?.synchronously) {
      sink.onError(failure.code, '');
      return PENDING;
    }
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    const result = failure === null ? this.evaluate(shard, operation) : null;
    this.waiting.push(() => {
      this.inFlight--;
      if (result !== null) sink.onResult(result);
      else sink.onError(failure!.code, '');
    });
    if (this.waiting.length === 1 && this.delivery !== 'by-hand') setImmediate(() => this.deliver());
    return PENDING;
  }

  giveUp(): void {}

  /** {@link knows} and nothing in flight: the value of a get. */
  showAtOnce(key: KeyInPlace, longest: number): ValueInPlace | null {
    const { bytes, from, length } = key;
    const entry = this.live(Buffer.from(bytes.subarray(from, from + length)).toString('latin1'));
    if (!this.knows || this.inFlight > 0 || entry === undefined || entry.value.length > longest) return null;
    this.shown++;
    const words = new Int32Array(((entry.value.length + 3) >>> 2) + 1);
    Buffer.from(words.buffer).write(entry.value, 4, 'latin1');
    return { words, at: 1, length: entry.value.length };
  }

  /** Answers everything that waits. */
  deliver(): void {
    const answers = this.waiting;
    this.waiting = [];
    if (this.delivery === 'shuffled') answers.sort(() => this.nextRandom() - 0.5);
    for (const answer of answers) answer();
  }

  /** Answers the operation that has waited `index` operations longest. */
  deliverOne(index: number): void {
    const [answer] = this.waiting.splice(index, 1);
    answer!();
  }

  private nextRandom(): number {
    this.random = (this.random * 48_271) % 2_147_483_647;
    return this.random / 2_147_483_647;
  }

  private live(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined && entry.expiresAt !== 0 && entry.expiresAt <= this.clock ? undefined : entry;
  }

  private evaluate(shard: number, operation: Operation): Result {
    switch (operation.verb) {
      case 'transaction':
        return this.transaction(operation);
      case 'clear':
        for (const key of this.keysOf(shard)) this.entries.delete(key);
        return plainResult(Status.ok, 0);
      case 'count':
        return valueResult(Status.ok, 0, String(this.keysOf(shard).length), ValueKind.text, 0);
      case 'scan':
        return this.page(shard, operation.cursor, operation.prefix, operation.limit, operation.keysOnly);
      default:
        return this.evaluateOnKey(operation);
    }
  }

  /** As the engine does it. */
  private evaluateOnKey(operation: Operation): Result {
    const reader = readerOf((key) => this.live(key));
    const row = rowOf(operation);
    if (!row.writes) return row.read!(operation, reader as never, this.now());
    const moment = { time: this.now(), seq: this.version + 1, maxValueBytes: this.limits.maxValueBytes };
    const { effect, result } = row.evaluate!(operation, reader, moment);
    if (effect.type === 'remove') this.entries.delete(effect.key);
    if (effect.type !== 'put' && effect.type !== 'deadline') return result;
    const { key, expiresAt } = effect;
    const { value, kind } = effect.type === 'put' ? effect : this.entries.get(key)!;
    this.entries.set(key, { value: textOf(value), kind, version: ++this.version, expiresAt });
    return result;
  }

  private transaction({ conditions, then, otherwise }: TransactionOperation): Result {
    const holds = conditions.every(({ key, ifVersion }) => (this.live(key)?.version ?? 0) === ifVersion);
    const items = (holds ? then : otherwise).map((step) => this.evaluate(this.shardOf(step.key), step));
    return { ...plainResult(holds ? Status.ok : Status.conditionFailed, this.version), items };
  }

  private keysOf(shard: number): string[] {
    return [...this.entries.keys()].filter((key) => this.shardOf(key) === shard && this.live(key) !== undefined).sort();
  }

  /** The cursor is a position in the sorted keys: good enough while nothing is deleted during a scan. */
  private page(shard: number, cursor: number, prefix: string, limit: number, keysOnly: boolean): Result {
    const keys = this.keysOf(shard);
    const entries: (string | number)[] = [];
    let at = cursor;
    for (; at < keys.length && entries.length < limit * 5; at++) {
      const key = keys[at]!;
      const entry = this.entries.get(key)!;
      if (!key.startsWith(prefix)) continue;
      entries.push(key, keysOnly ? '' : entry.value, entry.kind, entry.version, entry.expiresAt);
    }
    return { ...plainResult(Status.ok, 0), page: { cursor: at >= keys.length ? -1 : at, entries } };
  }
}

type Parts =
  | ('executor' | 'chaos' | 'chaosAllowed' | 'status' | 'resetShard' | 'reviveNode')
  | ('memoryLimit' | 'setMemoryLimit' | 'refusesGrowth' | 'memoryBytes' | 'releaseMemory');

/** What the server touches of a cluster besides its caller. */
export function fakeCluster(executor: FakeExecutor = new FakeExecutor(), calls: string[] = []): ClusterApi {
  const note =
    (name: string) =>
    (...args: unknown[]): void =>
      void calls.push([name, ...args].join(' '));
  const status: ClusterStatus = {
    health: 'ok',
    uptimeMs: 1,
    replicas: 1,
    nodes: [],
    shards: [],
    readCache: { bytes: 0, maxBytes: 0, keys: 0, hits: 0 },
    counters: {
      reads: 0,
      writes: 0,
      changes: 0,
      hits: 0,
      misses: 0,
      busy: 0,
      outOfMemory: 0,
      timeouts: 0,
      inFlight: 0,
      waiting: 0,
      nodeDeaths: 0,
      promotions: 0,
      learnersJoined: 0,
      shardsLost: 0,
      expired: 0,
      evicted: 0,
    },
  };
  let memoryLimit: ClusterMemoryLimit = { maxMemory: 0, eviction: 'noeviction' };
  const part: Pick<ClusterApi, Parts> = {
    executor,
    get memoryLimit() {
      return memoryLimit;
    },
    setMemoryLimit: async (limit) => {
      memoryLimit = { ...memoryLimit, ...limit };
    },
    // A limit of a byte is how a cluster is made full.
    refusesGrowth: () => memoryLimit.maxMemory === 1 && memoryLimit.eviction === 'noeviction',
    memoryBytes: () => status.nodes.reduce((total, node) => total + node.memoryBytes, 0),
    releaseMemory: note('releaseMemory'),
    chaosAllowed: true,
    chaos: {
      kill: note('kill'),
      crash: note('crash'),
      exit: note('exit'),
      exhaustMemory: note('exhaustMemory'),
      hang: note('hang'),
      slow: note('slow'),
    },
    status: () => status,
    resetShard: note('resetShard'),
    reviveNode: note('reviveNode'),
  };
  return part as ClusterApi;
}
