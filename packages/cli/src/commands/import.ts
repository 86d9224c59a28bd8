/**
 * kvctl import: file → records → keys and values → server, as one stream.
 *
 *   read ─ split (main thread, cheap) ─ parse (piscina, several at once) ─ write (pipelined, retried)
 *
 * Exit codes: 0 everything stored; 1 some records were bad; 4 some were refused by the server (both: nothing else is lost).
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { type Context, note, printJson, printLine } from '../context.ts';
import { EXIT, type ExitCode, Failure, usageFailure } from '../failure.ts';
import type { Format } from '../import/batch.ts';
import type { ImportOptions } from '../import/options.ts';
import type { RunOptions, Summary } from '../import/run.ts';
import { BadTemplate, Template } from '../import/template.ts';
import { formatCount, formatDuration } from '../text/quantities.ts';

const FORMATS: Readonly<Record<string, Format>> = {
  '.json': 'json',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.csv': 'csv',
  '.tsv': 'csv',
};

/** Bad records named one by one on stderr; further ones are only counted. */
const SHOWN_MAX = 20;

export async function importFile(context: Context, [file]: [string], options: ImportOptions): Promise<ExitCode> {
  const totalBytes = file === '-' ? 0 : await sizeOf(file);
  const format = options.format ?? formatOf(file);
  checkTemplates(options);
  const delimiter = extname(file) === '.tsv' ? '\t' : options.delimiter;
  const source = { ...openSource(context, file), totalBytes };
  const { runImport } = await import('../import/run.ts');
  let shown = 0;
  const run: RunOptions = {
    ...source,
    format,
    delimiter,
    options,
    onBad: ({ line, message }) => {
      shown += 1;
      if (shown <= SHOWN_MAX) tellBad(context, `${source.name}:${line}: ${message}`);
    },
  };
  const summary = await runImport(context, run);
  if (shown > SHOWN_MAX) note(context, `… and ${formatCount(shown - SHOWN_MAX)} more like these`);
  printSummary(context, summary, options);
  return exitCodeOf(summary);
}

/** Each costs itself only, so it is told and the import goes on. */
function tellBad(context: Context, message: string): void {
  if (context.output !== 'json') note(context, message);
  else note(context, JSON.stringify(new Failure(EXIT.negative, message, { code: 'BAD_RECORD' })));
}

export function formatOf(file: string): Format {
  const format = FORMATS[extname(file.replace(/\.part$/, '')).toLowerCase()];
  if (format !== undefined) return format;
  const what = file === '-' ? 'stdin' : `"${file}"`;
  throw usageFailure(`the format of ${what} is not known`, 'say it with: --format json|ndjson|csv');
}

function checkTemplates({ key, value }: ImportOptions): void {
  try {
    for (const template of [key, value]) if (template !== undefined) new Template(template);
  } catch (error) {
    if (error instanceof BadTemplate)
      throw usageFailure(`bad template: ${error.message}`, "such as 'city:{country}:{name}'");
    throw error;
  }
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw usageFailure(`cannot read "${file}" (${error.code})`);
  });
  if (found.isDirectory()) throw usageFailure(`"${file}" is a folder`);
  return found.size;
}

function openSource(context: Context, file: string): Pick<RunOptions, 'input' | 'name'> {
  if (file === '-') return { input: context.io.stdin, name: 'stdin' };
  return { input: createReadStream(file, { highWaterMark: 1 << 20 }), name: file };
}

function printSummary(context: Context, summary: Summary, options: ImportOptions): void {
  if (context.output === 'json') {
    printJson(context, summary);
    return;
  }
  const { stored, skipped, bad, refused, ms, perSecond } = summary;
  const good = options.dryRun === true ? summary.read - bad : stored;
  const verb = options.dryRun === true ? 'would be stored' : 'stored';
  const done = `${formatCount(good)} ${good === 1 ? 'record' : 'records'} ${verb}`;
  const parts = [`${done} in ${formatDuration(ms)} (${formatCount(perSecond)}/s read)`];
  if (skipped > 0) parts.push(`${formatCount(skipped)} were there already`);
  if (bad > 0) parts.push(context.colors.yellow(`${formatCount(bad)} bad`));
  if (refused > 0) parts.push(context.colors.red(`${formatCount(refused)} refused`));
  if (summary.stopped) parts.push('stopped early');
  printLine(context, parts.join(', '));
}

function exitCodeOf(summary: Summary): ExitCode {
  if (summary.interrupted) return EXIT.interrupted;
  if (summary.refused > 0) return EXIT.server;
  return summary.bad > 0 ? EXIT.negative : EXIT.ok;
}
