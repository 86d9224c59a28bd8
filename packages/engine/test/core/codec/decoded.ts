/** Batches as tests look at them. */
import { decodeBatch } from '../../../src/core/codec/decoder.ts';
import { plainPut } from '../../../src/core/codec/operations.ts';
import { Reader } from '../../../src/core/codec/reader.ts';
import { Asides, type Batch, Writer } from '../../../src/core/codec/writer.ts';
import { ReceivedPut, ReceivedPutEffect } from '../../../src/core/data/received-put.ts';
import { newPutEffect } from '../../../src/core/data/record.ts';
import type { Message } from '../../../src/core/protocol/messages.ts';
import { NATIVE } from '../../../src/runtime/memory/native.ts';

/** The messages of a batch, as they are received. */
export function received(batch: Batch, reader = new Reader(NATIVE)): Message[] {
  const messages: Message[] = [];
  decodeBatch(batch, reader, (_from, message) => messages.push(message));
  return messages;
}

/** {@link received}, in plain objects and strings. */
export function decoded(batch: Batch, reader?: Reader): Message[] {
  return structuredClone(received(batch, reader).map(inStrings));
}

/** A message with strings in place of bytes that were received. */
export function inStrings(message: Message): Message {
  if (message.type === 'request' && message.operation instanceof ReceivedPut) {
    return { ...message, operation: plainPut(message.operation.key, message.operation.value) };
  }
  if ((message.type === 'record' || message.type === 'stream-record') && isReceived(message.record.effect)) {
    const { key, value, kind } = message.record.effect;
    return { ...message, record: { ...message.record, effect: newPutEffect(key, value, kind, 0) } };
  }
  return message;
}

function isReceived(effect: object): effect is ReceivedPutEffect {
  return effect instanceof ReceivedPutEffect;
}

/** What `write` writes, ready to be read. */
export function written(write: (out: Writer) => void): Reader {
  const asides = new Asides();
  const out = new Writer(NATIVE, asides);
  write(out);
  const reader = new Reader(NATIVE);
  reader.open(asides.take(out.take()));
  return reader;
}
