/**
 * Our own service: entries as bytes with version and deadline, conditions, iteration, changes.
 */
import * as grpc from '@grpc/grpc-js';
import { type ErrorCode, KvError } from '@quintet/engine';
import { ANY_VERSION, MUST_BE_ABSENT, MUST_EXIST, type PutOperation, Status, ValueKind } from '@quintet/engine/core';
import { call } from '../call.ts';
import type { ServerContext } from '../server-context.ts';
import { transactionOf } from '../transaction/steps.ts';
import { happened, walkEntries } from '../walk.ts';
import { abortSignalOf, bytes, GrpcRefusal, statusOf, text, unary } from './answers.ts';
import type { GrpcConnections } from './memory.ts';
import { StreamOutput } from './stream-output.ts';

interface PutRequest {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly ttl_ms: number;
  readonly condition?: 'if_version' | 'if_absent' | 'if_present';
  readonly if_version: number;
  readonly if_absent: boolean;
  readonly if_present: boolean;
}

interface Change {
  readonly type: 'put' | 'delete' | 'expire' | 'evict' | 'clear';
  readonly key: string;
  readonly value: string;
  readonly version: number;
  readonly expiresAt: number;
}

interface ChangeSource {
  watch(
    filter: { readonly text: string; readonly shard: null; readonly previous: boolean },
    from: null,
    sink: {
      onStart(): void;
      onChanges(changes: readonly Change[]): void;
      onEnd(code: ErrorCode, details: string): void;
    },
  ): { stop(): void };
}

function entryOf(key: string, value: string, version: number, expiresAt: number): object {
  return { key: bytes(key), value: bytes(value), version, expires_at_ms: expiresAt };
}

function conditionOf(request: PutRequest): number {
  if (request.condition === 'if_version') return request.if_version;
  if (request.condition === 'if_absent' && request.if_absent) return MUST_BE_ABSENT;
  if (request.condition === 'if_present' && request.if_present) return MUST_EXIST;
  return ANY_VERSION;
}

function putOf(request: PutRequest): PutOperation {
  const { key, value, ttl_ms: ttl } = request;
  const entry = { key: text(key), value: text(value), kind: ValueKind.bytes };
  return { verb: 'put', ...entry, ifVersion: conditionOf(request), ttl, deadline: 0, previous: false };
}

const CONDITION_FAILED = 'the key is not as the condition says';

export function keyValueService(
  context: ServerContext,
  connections: GrpcConnections,
): grpc.UntypedServiceImplementation {
  const { caller } = context;
  return {
    Get: unary(context, async (request: { key: Uint8Array }, signal) => {
      const key = text(request.key);
      const { status, value, version, expiresAt } = await call(caller, { verb: 'get', key }, { signal });
      if (status !== Status.ok) throw new GrpcRefusal(grpc.status.NOT_FOUND, 'there is no such key');
      return entryOf(key, value!, version, expiresAt);
    }),
    Put: unary(context, async (request: PutRequest, signal) => {
      const { status, version } = await call(caller, putOf(request), { signal });
      if (status === Status.conditionFailed) {
        throw new GrpcRefusal(grpc.status.FAILED_PRECONDITION, CONDITION_FAILED);
      }
      return { version };
    }),
    Delete: unary(context, async (request: { key: Uint8Array; if_version: number }, signal) => {
      const ifVersion = request.if_version === 0 ? ANY_VERSION : request.if_version;
      const removal = { verb: 'delete', key: text(request.key), ifVersion, previous: false } as const;
      const { status } = await call(caller, removal, { signal });
      if (status === Status.conditionFailed) {
        throw new GrpcRefusal(grpc.status.FAILED_PRECONDITION, CONDITION_FAILED);
      }
      return { deleted: status === Status.ok };
    }),
    PutMany: unary(context, async ({ puts }: { puts: readonly PutRequest[] }, signal) => {
      const steps = puts.map((put) => ({ ...putOf(put), ifVersion: ANY_VERSION }));
      const conditions = puts
        .map((put) => ({ key: text(put.key), ifVersion: conditionOf(put), equals: null }))
        .filter(({ ifVersion }) => ifVersion !== ANY_VERSION);
      const { status } = await call(caller, transactionOf({ conditions, steps, lenient: false }), { signal });
      if (status === Status.conditionFailed) {
        throw new GrpcRefusal(grpc.status.FAILED_PRECONDITION, CONDITION_FAILED);
      }
      return {};
    }),
    Scan: (stream: grpc.ServerWritableStream<ScanRequest, object>) => void scan(context, stream, connections),
    Watch: (stream: grpc.ServerWritableStream<WatchRequest, object>) => watch(context, stream, connections),
    Status: unary(context, async () => ({ json: JSON.stringify(context.cluster.status()) })),
  };
}

interface ScanRequest {
  readonly prefix: Uint8Array;
  readonly keys_only: boolean;
  readonly limit: number;
}

interface WatchRequest {
  readonly prefix: Uint8Array;
}

/** Unsent bytes beyond which a scan waits until its client has taken them all. */
const SCAN_BYTES_MAX = 1024 * 1024;

async function scan(
  context: ServerContext,
  stream: grpc.ServerWritableStream<ScanRequest, object>,
  connections: GrpcConnections,
): Promise<void> {
  const { prefix, keys_only: keysOnly, limit } = stream.request;
  const output = new StreamOutput(stream, connections);
  const signal = abortSignalOf(stream);
  let count = 0;
  try {
    checkPrefix(context, prefix);
    for await (const { key, value, version, expiresAt } of walkEntries(
      context.caller,
      text(prefix),
      keysOnly,
      signal,
    )) {
      const room = output.write(entryOf(key, value, version, expiresAt), key.length + value.length);
      if (++count === limit) break;
      if (output.unsent > SCAN_BYTES_MAX) await happened(stream, 'taken', signal);
      else if (!room) await happened(stream, 'drain', signal);
    }
    stream.end();
  } catch (thrown) {
    stream.emit('error', statusOf(context, thrown));
  }
}

/** What nothing can begin with is an error, and not kept. */
function checkPrefix({ caller }: ServerContext, prefix: Uint8Array): void {
  if (prefix.length > caller.limits.maxKeyBytes) throw new KvError('KEY_TOO_LARGE');
}

/** Unsent bytes of one watcher beyond which it is told that it fell behind. */
const WATCH_BYTES_MAX = 16 * 1024 * 1024;

function watch(
  context: ServerContext,
  stream: grpc.ServerWritableStream<WatchRequest, object>,
  connections: GrpcConnections,
): void {
  const { prefix } = stream.request;
  const fail = (thrown: unknown): void => {
    stream.emit('error', statusOf(context, thrown));
  };
  const output = new StreamOutput(stream, connections);
  const tell = ({ type, key, value, version, expiresAt }: Change): void => {
    const change = { type: `TYPE_${type.toUpperCase()}`, entry: entryOf(key, value, version, expiresAt) };
    output.write(change, key.length + value.length);
  };
  let pending: { stop(): void } | undefined;
  const onChanges = (changes: readonly Change[]): void => {
    try {
      for (const change of changes) tell(change);
      if (output.unsent < WATCH_BYTES_MAX) return;
      fail(new KvError('WATCH_LAGGED', 'the client does not read'));
    } catch (thrown) {
      fail(thrown);
    }
    pending?.stop();
  };
  try {
    checkPrefix(context, prefix);
    const source = context.cluster.caller as object as Partial<ChangeSource>;
    pending = source.watch?.({ text: text(prefix), shard: null, previous: false }, null, {
      // The client hears that the watch stands by the headers.
      onStart: () => stream.sendMetadata(new grpc.Metadata()),
      onChanges,
      onEnd: (code, details) => fail(new KvError(code, details)),
    });
    if (pending === undefined) throw new KvError('CLOSED');
  } catch (thrown) {
    fail(thrown);
  }
  stream.on('cancelled', () => pending?.stop());
}
