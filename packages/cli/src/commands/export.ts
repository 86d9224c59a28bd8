/**
 * kvctl export: every entry (or those of --keys) as NDJSON, JSON or CSV that `kvctl import` reads back as what it was.
 * Works page by page, so memory stays flat; survives a server that is busy or comes back.
 */
import { constants, createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { type Context, note } from '../context.ts';
import { EXIT, type ExitCode, Failure, interrupted, usageFailure } from '../failure.ts';
import type { Format } from '../import/batch.ts';
import { formatCount, formatDuration } from '../text/quantities.ts';
import { type EntryWriter, entryWriter } from '../transfer/entry-writer.ts';
import { type ExportTarget, openTarget } from '../transfer/export-target.ts';
import { Progress, type ProgressForm } from '../transfer/progress.ts';
import { readKeys, readListed, scanAll } from '../transfer/reading.ts';
import { RetryingConnection } from '../transfer/retrying.ts';
import { formatOf } from './import.ts';

export interface ExportOptions {
  format?: Format;
  prefix?: string;
  keys?: string;
  retryFor: number;
  progress: ProgressForm;
}

export async function exportFile(
  context: Context,
  [file = '-']: [string | undefined],
  options: ExportOptions,
): Promise<ExitCode> {
  if (options.keys !== undefined && options.prefix !== undefined)
    throw usageFailure('--keys and --prefix exclude each other');
  const format = options.format ?? (file === '-' ? 'ndjson' : formatOf(file));
  if (options.keys !== undefined && options.keys !== '-') await checkReadable(options.keys);
  const connecting = { timeoutMs: context.timeoutMs, signal: context.io.signal };
  const connection = await RetryingConnection.open(context.target, connecting, options.retryFor);
  const progress = await Progress.start(context, options.progress, 0);
  try {
    const target = await openTarget(file, context.io.stdout);
    const forTerminal = file === '-' && context.io.stdout.isTTY === true;
    const missing = await copy(context, connection, target, entryWriter(format, forTerminal), progress, options);
    progress.stop();
    if (file !== '-')
      note(
        context,
        `${formatCount(progress.records)} ${progress.records === 1 ? 'entry' : 'entries'} written to ${file} in ${formatDuration(progress.elapsedMs)}`,
      );
    if (missing > 0)
      throw new Failure(EXIT.negative, `not found: ${formatCount(missing)} of the keys in ${options.keys}`);
    return EXIT.ok;
  } finally {
    progress.stop();
    connection.close();
  }
}

/** Writes it all, or leaves nothing. Returns how many of the keys asked for were not there. */
async function copy(
  context: Context,
  connection: RetryingConnection,
  target: ExportTarget,
  writer: EntryWriter,
  progress: Progress,
  options: ExportOptions,
): Promise<number> {
  let missing = 0;
  const pages =
    options.keys === undefined
      ? scanAll(connection, options.prefix)
      : readListed(connection, keysIn(context, options.keys));
  try {
    await target.write(writer.begin);
    for await (const page of pages) {
      if (context.io.signal.aborted) throw interrupted();
      let text = '';
      let written = 0;
      for (const { key, entry } of page) {
        if (entry === undefined) {
          missing += 1;
          continue;
        }
        text += writer.entry(key, entry);
        written += 1;
      }
      await target.write(text);
      progress.answered(written);
    }
    await target.write(writer.end);
    await target.finish();
    return missing;
  } catch (error) {
    await target.discard();
    throw error;
  }
}

async function checkReadable(file: string): Promise<void> {
  await access(file, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
    throw usageFailure(`cannot read the keys in "${file}" (${error.code})`);
  });
}

function keysIn(context: Context, file: string): AsyncIterable<Buffer[]> {
  return readKeys(file === '-' ? context.io.stdin : createReadStream(file));
}
