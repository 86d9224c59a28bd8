/**
 * SlowLog: the latest commands that took long from their beginning to their reply. Unlike Redis's, the time includes
 * waiting for nodes: that is what a client feels.
 */
import type { Client } from '../session/client.ts';

export interface SlowEntry {
  readonly id: number;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly microseconds: number;
  readonly args: readonly string[];
  readonly address: string;
  readonly name: string;
}

const ARGUMENTS_MAX = 32;
const ARGUMENT_BYTES_MAX = 128;

export class SlowLog {
  /** As CONFIG has it: negative logs nothing, 0 everything. */
  slowerThanMicroseconds = 10_000;
  maxLength = 128;
  private entries: SlowEntry[] = [];
  private nextId = 0;

  get thresholdMs(): number {
    return this.slowerThanMicroseconds < 0 ? Number.POSITIVE_INFINITY : this.slowerThanMicroseconds / 1000;
  }

  get length(): number {
    return this.entries.length;
  }

  /** `args`: what must not be shown is redacted already. */
  add(session: Client, args: readonly string[], milliseconds: number): void {
    const { remoteAddress: address } = session.transport;
    const at = Math.floor(Date.now() / 1000);
    const microseconds = Math.round(milliseconds * 1000);
    this.entries.unshift({ id: this.nextId++, at, microseconds, args: shortened(args), address, name: session.name });
    this.trim();
  }

  /** Newest first; -1 = all. */
  latest(count: number): readonly SlowEntry[] {
    return count < 0 ? this.entries : this.entries.slice(0, count);
  }

  reset(): void {
    this.entries = [];
  }

  trim(): void {
    if (this.entries.length > this.maxLength) this.entries.length = Math.max(0, this.maxLength);
  }
}

/** As Redis shortens: 32 arguments, the last telling of the rest, and 128 bytes of each. */
function shortened(args: readonly string[]): string[] {
  const shown = args.length > ARGUMENTS_MAX ? args.slice(0, ARGUMENTS_MAX - 1) : args;
  const texts = shown.map((argument) => Buffer.from(shortenedArgument(argument), 'latin1').toString('latin1'));
  if (args.length > ARGUMENTS_MAX) texts.push(`... (${args.length - ARGUMENTS_MAX + 1} more arguments)`);
  return texts;
}

function shortenedArgument(argument: string): string {
  const rest = argument.length - ARGUMENT_BYTES_MAX;
  return rest <= 0 ? argument : `${argument.slice(0, ARGUMENT_BYTES_MAX)}... (${rest} more bytes)`;
}
