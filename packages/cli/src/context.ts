/**
 * Context: what every command gets: the world (io), the settings that hold for all commands, colours, and a connection
 * on demand that is closed whatever happens.
 */
import type { Colors } from 'picocolors/types.js';
import type { Io } from './io.ts';
import type { Connection } from './server/connection.ts';
import type { Target } from './server/target.ts';
import { jsonLine, visible } from './text/visible.ts';

/** `table`: for people. `json`: one object (or one a line). `raw`: just the data. */
export type Output = 'table' | 'json' | 'raw';

export interface Context {
  io: Io;
  target: Target;
  timeoutMs: number;
  output: Output;
  /** Whether --output, --json or --raw asked for that form; otherwise it follows from where stdout goes. */
  outputGiven: boolean;
  colors: Colors;
}

export async function withServer<T>(context: Context, work: (connection: Connection) => Promise<T>): Promise<T> {
  const { Connection } = await import('./server/connection.ts');
  const { timeoutMs, io } = context;
  const connection = await Connection.open(context.target, { timeoutMs, signal: io.signal });
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

export function printLine(context: Context, line: string): void {
  context.io.stdout.write(`${line}\n`);
}

export function printJson(context: Context, value: unknown): void {
  context.io.stdout.write(`${jsonLine(value)}\n`);
}

/** Said to the person, not to the pipe: words without colours, whoever they come from. */
export function note(context: Context, line: string): void {
  context.io.stderr.write(`${visible(line)}\n`);
}
