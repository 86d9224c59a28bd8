/**
 * Trace: a running hash of everything that happened in a run. Two runs with one hash did the same, step by step.
 *
 * Owns      64 bits of state, fed with whole numbers and text.
 * Does not  keep what it was fed.
 * Why       two 32-bit lanes of integer arithmetic: the same on every machine and Node version, and no dependency.
 */
import type { Message } from '@quintet/engine/internal';
import { QUANTUM_MS } from './options.ts';

const TYPES: readonly Message['type'][] = [
  'config',
  'request',
  'read',
  'seal',
  'record',
  'stream-begin',
  'stream-slice',
  'stream-record',
  'stream-end',
  'stream-ack',
  'answer',
  'value',
  'sealed',
  'progress',
  'touched',
  'usage',
  'clock',
  'memory-limit',
  'committed',
];

export class Trace {
  private low = 0x811c9dc5;
  private high = 0x2b52a3d1;

  number(value: number): void {
    const word = value | 0;
    this.low = Math.imul(this.low ^ word, 0x01000193) ^ (this.high >>> 15);
    this.high = Math.imul(this.high ^ word ^ (this.low >>> 13), 0x5bd1e995);
  }

  text(text: string): void {
    this.number(text.length);
    for (let at = 0; at < text.length; at++) this.number(text.charCodeAt(at));
  }

  time(ms: number): void {
    this.number(ms / QUANTUM_MS);
  }

  message(from: number, to: number, message: Message): void {
    this.number(from);
    this.number(to);
    this.number(TYPES.indexOf(message.type));
    if ('shard' in message) this.number(message.shard);
    if ('epoch' in message) this.number(message.epoch);
    if ('since' in message) this.number(message.since);
    if ('seq' in message) this.number(message.seq);
    if ('request' in message) this.number(message.request);
    if ('record' in message) this.number(message.record.seq);
    if ('committedSeq' in message) this.number(message.committedSeq);
    if ('result' in message) {
      this.number(message.result.status);
      this.number(message.result.version);
      this.text(message.result.value ?? '');
    }
    if ('entries' in message) for (const field of message.entries) if (typeof field === 'string') this.text(field);
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    return [this.high, this.low].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
