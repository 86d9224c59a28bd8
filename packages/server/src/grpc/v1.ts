/**
 * kv-store's protocol (lplazas/kv-store), so that its clients work unchanged. Two bugs of its server are not kept: failures are
 * failures here, where it answered OK. An empty value is legal.
 */
import { isUtf8 } from 'node:buffer';
import type * as grpc from '@grpc/grpc-js';
import { ANY_VERSION, NO_TTL, Status, ValueKind } from '@quintet/engine/internal';
import { call } from '../engine/call.ts';
import { plainBytes } from '../engine/value-faces.ts';
import { utf8 } from '../resp/encoder.ts';
import type { ServerContext } from '../state/server-context.ts';
import { bytes, GrpcRefusal, unary } from './answers.ts';
import { library } from './library.ts';

interface GetValueRequest {
  readonly key: string;
}

interface PutValueRequest {
  readonly key: string;
  readonly value: string;
}

function keyOf({ key }: { readonly key: string }): string {
  if (key === '') throw new GrpcRefusal(library.grpc.status.INVALID_ARGUMENT, 'the key must not be empty');
  return utf8(key);
}

/** A string is all this protocol has, and U+FFFD in place of bytes would be another value. */
function textOf(stored: string, kind: ValueKind): string {
  const value = bytes(plainBytes(stored, kind));
  if (isUtf8(value)) return value.toString('utf8');
  throw new GrpcRefusal(library.grpc.status.FAILED_PRECONDITION, NO_TEXT);
}

const NO_TEXT =
  'the value is no UTF-8 text, and kvstore.server.v1 has nothing else: use Get of kvstore.server.v2.KeyValueService';

export function kvStoreService(context: ServerContext): grpc.UntypedServiceImplementation {
  return {
    GetValue: unary(context, async (request: GetValueRequest, signal) => {
      const key = keyOf(request);
      const result = await call(context.executor, { verb: 'get', key }, { signal });
      if (result.status !== Status.ok) throw new GrpcRefusal(library.grpc.status.NOT_FOUND, 'there is no such key');
      return { value: textOf(result.value!, result.kind) };
    }),
    PutValue: unary(context, async (request: PutValueRequest, signal) => {
      const entry = { key: keyOf(request), value: utf8(request.value), kind: ValueKind.text };
      const rest = { ifVersion: ANY_VERSION, ttl: NO_TTL, deadline: 0, previous: false };
      await call(context.executor, { verb: 'put', ...entry, ...rest }, { signal });
      return { success: true };
    }),
  };
}
