// CPU the server itself takes for a command: decode, dispatch, order, encode, with neither sockets nor an engine.
// node --conditions=source --import tsx packages/server/bench/session.ts

import type { ClusterApi } from '@quintet/engine';
import type { Executor, PendingCall, Sink } from '@quintet/engine/internal';
import { plainResult, type Result, Status, ValueKind, valueResult } from '@quintet/engine/internal';
import { DEFAULT_LIMITS } from '../src/listen/limits.ts';
import type { Transport } from '../src/listen/transport.ts';
import { Session } from '../src/session/session.ts';
import { ServerContext } from '../src/state/server-context.ts';

const VALUE = valueResult(Status.ok, 1, 'x'.repeat(64), ValueKind.text, 0);
const DONE = plainResult(Status.ok, 1);
const PENDING: PendingCall = {};

/** Answers everything with the same result, a turn later. */
class EchoCaller implements Executor {
  readonly limits = { maxKeyBytes: 65_536, maxValueBytes: 1 << 24 };
  readonly shards = 10;
  private waiting: Sink[] = [];
  private result: Result = DONE;

  now(): number {
    return 0;
  }

  shardOf(): number {
    return 0;
  }

  submit(operation: { verb: string }, sink: Sink): PendingCall {
    this.result = operation.verb === 'get' ? VALUE : DONE;
    if (this.waiting.push(sink) === 1) setImmediate(() => this.answer());
    return PENDING;
  }

  submitToShard(_shard: number, operation: { verb: string }, sink: Sink): PendingCall {
    return this.submit(operation, sink);
  }

  giveUp(): void {}

  private answer(): void {
    const sinks = this.waiting;
    this.waiting = [];
    for (const sink of sinks) sink.onResult(this.result);
  }
}

class CountingTransport implements Transport {
  readonly remoteAddress = '';
  readonly localAddress = '';
  readonly unsentBytes = 0;
  readonly stuckBytes = 0;
  bytes = 0;
  write(text: string): void {
    this.bytes += Buffer.from(text, 'latin1').length;
  }
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

async function measure(name: string, one: string, replyBytes: number): Promise<void> {
  const context = new ServerContext({ executor: new EchoCaller() } as unknown as ClusterApi, {
    limits: DEFAULT_LIMITS,
    maxClients: 1,
    password: undefined,
    onBug: (thrown) => console.error(thrown),
  });
  const transport = new CountingTransport();
  const session = new Session(context, transport);
  const chunk = Buffer.from(one.repeat(64), 'latin1');
  const rounds = 20_000;
  let best = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < 4; repeat++) {
    transport.bytes = 0;
    const start = process.cpuUsage();
    for (let round = 0; round < rounds; round++) {
      session.onData(chunk);
      while (transport.bytes < (round + 1) * 64 * replyBytes) await new Promise((resolve) => setImmediate(resolve));
    }
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, ((user + system) * 1000) / (rounds * 64));
  }
  console.log(`${name.padEnd(22)} ${best.toFixed(0).padStart(5)} ns of CPU per command, pipelines of 64`);
}

const key = '$16\r\nkey:000000000001\r\n';
await measure('GET', `*2\r\n$3\r\nGET\r\n${key}`, 71);
await measure('SET, 64 bytes', `*3\r\n$3\r\nSET\r\n${key}$64\r\n${'x'.repeat(64)}\r\n`, 5);
await measure('PING', '*1\r\n$4\r\nPING\r\n', 7);
