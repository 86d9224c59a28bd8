/**
 * The server's log: pino, on stderr. An event a line: as JSON for machines, as text for people.
 *
 *   {"level":"warn","time":"2026-01-31T12:03:04.123Z","event":"node-down","node":"n3#1","reason":"killed","msg":"node down"}
 *   12:03:04.123 warn: node-down node=n3#1 reason=killed
 *
 * What strangers may have chosen (names, keys, parts of requests) reaches neither as it is: text/visible.ts.
 * `event` is a name that stays; `level` how loud it is. What of the cluster is told stands in cluster-events.ts, what of
 * clients in @quintet/server.
 */
import type { ServerLog } from '@quintet/server';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import type { Context } from '../context.ts';
import { visible, visibleLines } from '../text/visible.ts';
import type { LogFormat, LogLevel } from './settings.ts';

export interface Log extends ServerLog {
  /** How the process ends, when it does not end well. */
  fatal(fields: object, event: string): void;
}

/** Has been started, is loaded late: text is for people alone. */
type Write = (line: string) => void;

export async function openLog(context: Context, level: LogLevel, format: LogFormat): Promise<Log> {
  const { stderr } = context.io;
  const asText = format === 'text' || (format === 'auto' && stderr.isTTY === true && context.output !== 'json');
  const write: Write = asText ? await textWriter(context) : (line) => void stderr.write(visibleLines(line));
  const logger = pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: stdTimeFunctions.isoTime,
    },
    { write },
  );
  return eventLog(logger);
}

function eventLog(logger: Logger): Log {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error' | 'fatal') =>
    (fields: object, event: string): void =>
      logger[level]({ event, ...fields }, event.replaceAll('-', ' '));
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), fatal: at('fatal') };
}

async function textWriter({ io, colors }: Context): Promise<Write> {
  const { prettyFactory } = await import('pino-pretty');
  const prettify = prettyFactory({
    colorize: colors.isColorSupported,
    translateTime: 'SYS:HH:MM:ss.l',
    hideObject: true,
    // Where pino-pretty shows these by itself, it shows them as they are.
    ignore: 'pid,name,hostname,caller',
    customPrettifiers: {
      time: (time) => colors.dim(String(time)),
      level: (_level, _key, _log, { labelColorized }) => labelColorized.toLowerCase(),
    },
    messageFormat: (line) => describe(line),
  });
  return (line) => void io.stderr.write(prettify(line) ?? line);
}

/** What a line of text leaves to the beginning of it. */
const SHOWN_ELSEWHERE: ReadonlySet<string> = new Set(['level', 'time', 'event', 'msg', 'at', 'err']);

/** `node-down node=n3#1 reason=killed`. */
function describe(line: Record<string, unknown>): string {
  const parts = Object.entries(line)
    .filter(([name, value]) => !SHOWN_ELSEWHERE.has(name) && value !== '')
    .map(([name, value]) =>
      name === 'tookMs' ? `in ${Number(value).toFixed(0)} ms` : `${visible(name)}=${visible(textOf(value))}`,
    );
  const { stack } = (line.err ?? {}) as { stack?: string };
  return [visible(String(line.event)), ...parts, ...(stack === undefined ? [] : [`\n${visibleLines(stack)}`])].join(
    ' ',
  );
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
