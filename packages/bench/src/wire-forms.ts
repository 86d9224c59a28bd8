/**
 * Three ways to carry a turn's puts to a node, as the master would: the wire's, and the two anyone would write first.
 * Each encodes what the machine emits and decodes to the objects the machine takes, so that like is compared with like.
 */
import type { RequestMessage } from '@quintet/engine/internal';
import { type Batch, BatchEncoder, decodeBatch, NATIVE, Reader } from '@quintet/engine/machines';

export interface Form {
  readonly name: string;
  encode(requests: readonly RequestMessage[]): unknown;
  /** How many messages it heard; each was made an object. */
  decode(batch: unknown, hear: (message: RequestMessage) => void): void;
}

const encoder = new BatchEncoder(0, NATIVE);
const reader = new Reader(NATIVE);

const wire: Form = {
  name: 'wire',
  encode(requests) {
    for (const request of requests) encoder.add(request);
    return encoder.take(1_700_000_000_000.5);
  },
  decode(batch, hear) {
    decodeBatch(batch as Batch, reader, (_from, message) => hear(message as RequestMessage));
  },
};

const objects: Form = {
  name: 'objects',
  encode: (requests) => ({ from: 0, time: 1_700_000_000_000.5, messages: requests }),
  decode(batch, hear) {
    for (const message of (batch as { messages: RequestMessage[] }).messages) hear(message);
  },
};

const FLAT_FIELDS = 14;

/** Every field of every message, in one flat array. */
const flat: Form = {
  name: 'flat',
  encode(requests) {
    const out: unknown[] = [0, 1_700_000_000_000.5];
    for (const { shard, epoch, request, operation, committedSeq, pressure, watched } of requests) {
      if (operation.verb !== 'put') continue;
      const { key, value, kind, ifVersion, ttl, deadline, previous } = operation;
      out.push(1, shard, epoch, request, committedSeq, pressure, watched);
      out.push(key, value, kind, ifVersion, ttl, deadline, previous);
    }
    return out;
  },
  decode(batch, hear) {
    const fields = batch as never[];
    for (let at = 2; at < fields.length; at += FLAT_FIELDS) {
      hear({
        type: 'request',
        shard: fields[at + 1]!,
        epoch: fields[at + 2]!,
        request: fields[at + 3]!,
        operation: {
          verb: 'put',
          key: fields[at + 7]!,
          value: fields[at + 8]!,
          kind: fields[at + 9]!,
          ifVersion: fields[at + 10]!,
          ttl: fields[at + 11]!,
          deadline: fields[at + 12]!,
          previous: fields[at + 13]!,
        },
        committedSeq: fields[at + 4]!,
        pressure: fields[at + 5]!,
        watched: fields[at + 6]!,
      });
    }
  },
};

export const FORMS: readonly Form[] = [wire, flat, objects];
