/**
 * What the two services share: engine errors as gRPC statuses, bytes as one-byte text, calls that end with their client.
 */

import type * as grpc from '@grpc/grpc-js';
import { KvError } from '@quintet/engine';
import { KIND_NAMES } from '../commands/keys/kinds.ts';
import { ERROR_FACES } from '../engine/error-mappings.ts';
import type { WalkedEntry } from '../engine/walk.ts';
import type { ServerContext } from '../state/server-context.ts';
import { library } from './library.ts';

/** A call refused with a status of its own. */
export class GrpcRefusal extends Error {
  readonly code: grpc.status;

  constructor(code: grpc.status, message: string) {
    super(message);
    this.code = code;
  }
}

export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

export function text(buffer: Uint8Array): string {
  return Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength).toString('latin1');
}

/** An entry as a message. */
export function entryOf({ key, value, kind, version, expiresAt }: WalkedEntry): object {
  return { key: bytes(key), value: bytes(value), version, expires_at_ms: Math.round(expiresAt), kind: KINDS[kind] };
}

/** Kinds as the messages have them. */
export const KINDS: readonly string[] = KIND_NAMES.map((name) => `KIND_${name.toUpperCase()}`);

/** The status a thrown thing is. What is none of the world is a bug, and told as such. */
export function statusOf(context: ServerContext, thrown: unknown): { code: grpc.status; details: string } {
  if (thrown instanceof GrpcRefusal) return { code: thrown.code, details: thrown.message };
  if (thrown instanceof KvError) return { code: ERROR_FACES[thrown.code].grpc, details: thrown.message };
  context.incidents.bug(thrown);
  return { code: library.grpc.status.INTERNAL, details: 'an error in the server' };
}

/** Aborted when the client cancels, or hangs up. */
export function abortSignalOf(call: { on(event: 'cancelled', listener: () => void): unknown }): AbortSignal {
  const controller = new AbortController();
  call.on('cancelled', () => controller.abort());
  return controller.signal;
}

/** A unary method from an asynchronous function. */
export function unary<Q, A>(
  context: ServerContext,
  answer: (request: Q, signal: AbortSignal) => Promise<A>,
): grpc.handleUnaryCall<Q, A> {
  return (call, callback) => {
    answer(call.request, abortSignalOf(call)).then(
      (result) => callback(null, result),
      (thrown) => callback(statusOf(context, thrown)),
    );
  };
}
