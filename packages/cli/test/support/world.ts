/** Runs a kvctl command line in this process, with everything it reads and writes captured. */
import { Readable, Writable } from 'node:stream';
import { run } from '../../src/main.ts';

export interface Outcome {
  code: number;
  stdout: string;
  stdoutBytes: Buffer;
  stderr: string;
}

export interface World {
  stdin?: string | Buffer | Readable;
  /** Whether stdout is a terminal. */
  tty?: boolean;
  env?: Record<string, string>;
  signal?: AbortSignal;
  /** Called with what has been written to stderr so far. */
  onStderr?: (text: string) => void;
  onStdout?: (text: string) => void;
}

class Capture extends Writable {
  readonly chunks: Buffer[] = [];
  readonly isTTY: boolean;
  readonly columns = 80;
  readonly #onText: ((text: string) => void) | undefined;

  constructor(isTTY: boolean, onText?: (text: string) => void) {
    super();
    this.isTTY = isTTY;
    this.#onText = onText;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(chunk);
    this.#onText?.(this.bytes().toString());
    done();
  }

  bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

/** `where` is a port or undefined: then the command line says itself where the server is. */
export async function kvctl(where: number | undefined, args: readonly string[], world: World = {}): Promise<Outcome> {
  const stdout = new Capture(world.tty === true, world.onStdout);
  const stderr = new Capture(false, world.onStderr);
  const given = world.stdin ?? '';
  const stdin = given instanceof Readable ? given : Readable.from([Buffer.from(given)]);
  const env = { ...(where === undefined ? {} : { KVCTL_URL: `127.0.0.1:${where}` }), ...world.env };
  const signal = world.signal ?? new AbortController().signal;
  const code = await run(args, { stdin, stdout, stderr, env, signal });
  return { code, stdout: stdout.bytes().toString(), stdoutBytes: stdout.bytes(), stderr: stderr.bytes().toString() };
}
