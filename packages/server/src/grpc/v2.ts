/**
 * Our own service: entries as bytes with version and deadline, conditions, iteration, changes.
 */
import type * as grpc from '@grpc/grpc-js';
import { KvError } from '@quintet/engine';
import {
  ANY_VERSION,
  MUST_BE_ABSENT,
  MUST_EXIST,
  type PutOperation,
  Status,
  transactionOf,
  ValueKind,
} from '@quintet/engine/internal';
import { call } from '../engine/call.ts';
import { isStructured } from '../engine/value-faces.ts';
import { happened, walkEntries } from '../engine/walk.ts';
import type { ServerContext } from '../state/server-context.ts';
import { abortSignalOf, entryOf, GrpcRefusal, KINDS, statusOf, text, unary } from './answers.ts';
import { library } from './library.ts';
import type { GrpcConnections } from './memory.ts';
import { StreamOutput } from './stream-output.ts';
import { type WatchRequest, watchKeys } from './watch.ts';

interface PutRequest {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly ttl_ms: number;
  readonly kind: string;
  readonly condition?: 'if_version' | 'if_absent' | 'if_present';
  readonly if_version: number;
  readonly if_absent: boolean;
  readonly if_present: boolean;
}

function conditionOf(request: PutRequest): number {
  if (request.condition === 'if_version') return request.if_version;
  if (request.condition === 'if_absent' && request.if_absent) return MUST_BE_ABSENT;
  if (request.condition === 'if_present' && request.if_present) return MUST_EXIST;
  return ANY_VERSION;
}

/** @throws {KvError} INVALID_VALUE */
function kindOf({ kind }: PutRequest, value: string): ValueKind {
  const known = KINDS.indexOf(kind) as ValueKind | -1;
  if (known === -1) return ValueKind.bytes;
  if (known !== ValueKind.structured || isStructured(value)) return known;
  throw new KvError('INVALID_VALUE', 'the value is no msgpack that can be read here');
}

function putOf(request: PutRequest): PutOperation {
  const { ttl_ms: ttl } = request;
  const value = text(request.value);
  const entry = { key: text(request.key), value, kind: kindOf(request, value) };
  return { verb: 'put', ...entry, ifVersion: conditionOf(request), ttl, deadline: 0, previous: false };
}

const CONDITION_FAILED = 'the key is not as the condition says';

export function keyValueService(
  context: ServerContext,
  connections: GrpcConnections,
): grpc.UntypedServiceImplementation {
  const { executor } = context;
  return {
    Get: unary(context, async (request: { key: Uint8Array }, signal) => {
      const key = text(request.key);
      const { status, value, kind, version, expiresAt } = await call(executor, { verb: 'get', key }, { signal });
      if (status !== Status.ok) throw new GrpcRefusal(library.grpc.status.NOT_FOUND, 'there is no such key');
      return entryOf({ key, value: value!, kind, version, expiresAt });
    }),
    Put: unary(context, async (request: PutRequest, signal) => {
      const { status, version } = await call(executor, putOf(request), { signal });
      if (status === Status.conditionFailed) {
        throw new GrpcRefusal(library.grpc.status.FAILED_PRECONDITION, CONDITION_FAILED);
      }
      return { version };
    }),
    Delete: unary(context, async (request: { key: Uint8Array; if_version: number }, signal) => {
      const ifVersion = request.if_version === 0 ? ANY_VERSION : request.if_version;
      const removal = { verb: 'delete', key: text(request.key), ifVersion, previous: false } as const;
      const { status } = await call(executor, removal, { signal });
      if (status === Status.conditionFailed) {
        throw new GrpcRefusal(library.grpc.status.FAILED_PRECONDITION, CONDITION_FAILED);
      }
      return { deleted: status === Status.ok };
    }),
    PutMany: unary(context, async ({ puts }: { puts: readonly PutRequest[] }, signal) => {
      const steps = puts.map((put) => ({ ...putOf(put), ifVersion: ANY_VERSION }));
      const conditions = puts
        .map((put) => ({ key: text(put.key), ifVersion: conditionOf(put), equals: null }))
        .filter(({ ifVersion }) => ifVersion !== ANY_VERSION);
      const { status } = await call(executor, transactionOf(steps, conditions), { signal });
      if (status === Status.conditionFailed) {
        throw new GrpcRefusal(library.grpc.status.FAILED_PRECONDITION, CONDITION_FAILED);
      }
      return {};
    }),
    Scan: (stream: grpc.ServerWritableStream<ScanRequest, object>) => void scan(context, stream, connections),
    Watch: (stream: grpc.ServerWritableStream<WatchRequest, object>) => void watchKeys(context, stream, connections),
    Status: unary(context, async () => ({ json: JSON.stringify(context.cluster.status()) })),
  };
}

interface ScanRequest {
  readonly prefix: Uint8Array;
  readonly keys_only: boolean;
  readonly limit: number;
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
    for await (const entry of walkEntries(context.executor, text(prefix), keysOnly, signal)) {
      const room = output.write(entryOf(entry), entry.key.length + entry.value.length);
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
function checkPrefix({ executor }: ServerContext, prefix: Uint8Array): void {
  if (prefix.length > executor.limits.maxKeyBytes) throw new KvError('KEY_TOO_LARGE');
}
