/**
 * A cluster of one Map, for tests of the server alone. Operations take effect when they are submitted; answers come
 * later, in whatever order the test asks for.
 */

import type { ClusterApi, ClusterMemoryLimit, ClusterStatus, ErrorCode } from '@quintet/engine';
import type { Executor, PendingCall, Sink } from '@quintet/engine/internal';
import {
  ANY_VERSION,
  type Entry,
  hashSlotOf,
  KEEP_TTL,
  MUST_BE_ABSENT,
  MUST_EXIST,
  type Operation,
  plainResult,
  type Result,
  type StatOperation,
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

  private store(key: string, value: string, kind: ValueKind, expiresAt: number): number {
    this.entries.set(key, { value, kind, version: ++this.version, expiresAt });
    return this.version;
  }

  private evaluate(shard: number, operation: Operation): Result {
    const entry = this.live(operation.key);
    const { version, value, kind, expiresAt } = entry ?? {
      version: 0,
      value: null,
      kind: ValueKind.text,
      expiresAt: 0,
    };
    const present = (status: Status, now = version): Result =>
      value === null ? plainResult(status, now) : valueResult(status, now, value, kind, expiresAt);
    switch (operation.verb) {
      case 'get':
        return present(value === null ? Status.absent : Status.ok);
      case 'stat':
        if (value === null) return plainResult(Status.absent, 0);
        return valueResult(Status.ok, version, told(operation, value), kind, expiresAt);
      case 'put': {
        const { ifVersion, previous, ttl } = operation;
        const held = ifVersion === ANY_VERSION || (ifVersion === MUST_EXIST ? version > 0 : version === ifVersion);
        if (!held) return previous ? present(Status.conditionFailed) : plainResult(Status.conditionFailed, version);
        const until = ttl === KEEP_TTL ? expiresAt : ttl > 0 ? Math.ceil(this.now() + ttl) : operation.deadline;
        const written = this.store(operation.key, textOf(operation.value), operation.kind, until);
        return previous ? present(Status.ok, written) : plainResult(Status.ok, written);
      }
      case 'delete':
        if (value === null) return plainResult(Status.absent, 0);
        if (operation.ifVersion >= MUST_BE_ABSENT && operation.ifVersion !== version) {
          return plainResult(Status.conditionFailed, version);
        }
        this.entries.delete(operation.key);
        return operation.previous ? present(Status.ok, 0) : plainResult(Status.ok, 0);
      case 'append': {
        const sum = (value ?? '') + operation.value;
        if (sum.length > this.limits.maxValueBytes) return plainResult(Status.valueTooLarge, version);
        return valueResult(Status.ok, this.store(operation.key, sum, kind, expiresAt), String(sum.length), kind, 0);
      }
      case 'increment': {
        if (!/^(0|-?[1-9]\d{0,18})$/.test(value ?? '0')) return plainResult(Status.notANumber, version);
        const sum = BigInt(value ?? '0') + BigInt(operation.by);
        if (BigInt.asIntN(64, sum) !== sum) return plainResult(Status.overflow, version);
        return valueResult(Status.ok, this.store(operation.key, String(sum), kind, expiresAt), String(sum), kind, 0);
      }
      case 'increment-float': {
        const sum = Number(value ?? '0') + operation.by;
        if (Number.isNaN(sum)) return plainResult(Status.notANumber, version);
        if (!Number.isFinite(sum)) return plainResult(Status.overflow, version);
        return valueResult(Status.ok, this.store(operation.key, String(sum), kind, expiresAt), String(sum), kind, 0);
      }
      case 'expire':
        return this.expire(operation, entry);
      case 'set-range': {
        const before = value ?? '';
        if (operation.value === '') return valueResult(Status.ok, version, String(before.length), kind, expiresAt);
        const { offset } = operation;
        const padded = before.slice(0, offset).padEnd(offset, '\0');
        const after = padded + operation.value + before.slice(offset + operation.value.length);
        return valueResult(Status.ok, this.store(operation.key, after, kind, expiresAt), String(after.length), kind, 0);
      }
      case 'set-bit': {
        const at = Math.floor(operation.offset / 8);
        const bytes = Buffer.from((value ?? '').padEnd(at + 1, '\0'), 'latin1');
        const mask = 0x80 >> (operation.offset % 8);
        const before = (bytes[at]! & mask) === 0 ? '0' : '1';
        bytes[at] = operation.bit === 1 ? bytes[at]! | mask : bytes[at]! & ~mask;
        return valueResult(
          Status.ok,
          this.store(operation.key, bytes.toString('latin1'), kind, expiresAt),
          before,
          kind,
          0,
        );
      }
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
        throw new Error(`the fake knows no ${operation.verb}`);
    }
  }

  private transaction({ conditions, then, otherwise }: TransactionOperation): Result {
    const holds = conditions.every(({ key, ifVersion }) => (this.live(key)?.version ?? 0) === ifVersion);
    const items = (holds ? then : otherwise).map((step) => this.evaluate(this.shardOf(step.key), step));
    return { ...plainResult(holds ? Status.ok : Status.conditionFailed, this.version), items };
  }

  private expire(operation: Operation & { verb: 'expire' }, entry: Entry | undefined): Result {
    if (entry === undefined) return plainResult(Status.absent, 0);
    const result = this.changeDeadline(operation, entry);
    if (!operation.previous) return result;
    return { ...result, value: entry.value, kind: entry.kind };
  }

  private changeDeadline(operation: Operation & { verb: 'expire' }, entry: Entry): Result {
    const present = entry.expiresAt;
    const wanted = Math.ceil(operation.ttl > 0 ? this.now() + operation.ttl : operation.deadline);
    const allowed = {
      always: wanted !== 0 || present !== 0,
      none: present === 0,
      some: present !== 0,
      later: present !== 0 && wanted > present,
      sooner: present === 0 || wanted < present,
      'some-later': present !== 0 && wanted > present,
      'some-sooner': present !== 0 && wanted < present,
    };
    if (!allowed[operation.when]) return plainResult(Status.conditionFailed, entry.version);
    if (wanted !== 0 && wanted <= this.clock) this.entries.delete(operation.key);
    else this.store(operation.key, entry.value, entry.kind, wanted);
    return plainResult(Status.ok, this.version);
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
  | ('caller' | 'chaos' | 'chaosAllowed' | 'status' | 'resetShard' | 'reviveNode')
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

/** Nothing is ever idle here. */
function told({ tells }: StatOperation, value: string): string {
  return tells === 'value' ? value : tells === 'idle' ? '0' : String(value.length);
}
