/**
 * Where an export goes: stdout, a device or pipe as it is, or a file that appears only when it is whole.
 *
 * Owns      the temporary file beside it, and its end: by `finish` it becomes the file, by `discard` (or the process's end) it
 *           is gone.
 * Why so    What is exported is everything: the file is its owner's alone from the first byte on (0600). Its temporary name
 *           cannot be known before, and is opened only if there is nothing by that name, a link included: who may write to
 *           the folder cannot have it written to elsewhere, or read it.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { EXIT, Failure, usageFailure } from '../failure.ts';
import { write } from '../io.ts';

export interface ExportTarget {
  write(text: string): Promise<void>;
  finish(): Promise<void>;
  discard(): Promise<void>;
}

/** @throws {Failure} if it cannot be written */
export async function openTarget(file: string, stdout: Writable): Promise<ExportTarget> {
  if (file === '-') return new StreamTarget(stdout, file);
  const isSpecial = await stat(file).then(
    (found) => !found.isFile(),
    () => false,
  );
  const part = join(dirname(file), `.kvctl-${randomBytes(12).toString('hex')}.part`);
  const opened = isSpecial ? open(file, 'w') : open(part, 'wx', 0o600);
  const handle = await opened.catch((error: NodeJS.ErrnoException) => {
    throw usageFailure(`cannot write "${file}" (${error.code})`);
  });
  return new FileTarget(handle.createWriteStream({ flush: !isSpecial }), file, isSpecial ? undefined : part);
}

/** A stream that is somebody else's: it goes on after the export. */
class StreamTarget implements ExportTarget {
  readonly #stream: Writable;
  protected readonly file: string;

  constructor(stream: Writable, file: string) {
    this.#stream = stream;
    this.file = file;
  }

  async write(text: string): Promise<void> {
    if (text !== '') await write(this.#stream, text);
    if (this.#stream.errored) throw this.failure(this.#stream.errored);
  }

  async finish(): Promise<void> {}

  async discard(): Promise<void> {}

  protected failure(error: Error): Failure {
    const { code } = error as NodeJS.ErrnoException;
    return new Failure(EXIT.output, `cannot write ${this.file}: ${error.message}`, { code, cause: error });
  }
}

class FileTarget extends StreamTarget {
  readonly #stream: Writable;
  readonly #part: string | undefined;
  /** A second Ctrl-C ends the process at once. */
  readonly #onExit = (): void => rmSync(this.#part!, { force: true });

  constructor(stream: Writable, file: string, part: string | undefined) {
    super(stream, file);
    this.#stream = stream;
    this.#part = part;
    // `errored` tells of it where it is asked for.
    stream.on('error', () => {});
    if (part !== undefined) process.once('exit', this.#onExit);
  }

  /** Flushed to the disk before it gets its name. */
  override async finish(): Promise<void> {
    try {
      this.#stream.end();
      await finished(this.#stream);
      if (this.#part !== undefined) await rename(this.#part, this.file);
    } catch (error) {
      throw this.failure(error as Error);
    }
    process.off('exit', this.#onExit);
  }

  override async discard(): Promise<void> {
    const stream = this.#stream;
    stream.destroy();
    // Not by events.once, which rejects with the error of a write that was cut short.
    if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve));
    if (this.#part === undefined) return;
    await rm(this.#part, { force: true });
    process.off('exit', this.#onExit);
  }
}
