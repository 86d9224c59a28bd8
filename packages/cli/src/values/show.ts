/**
 * How a value is shown: quoted on a terminal, as it is in a pipe, exact in JSON.
 */
import { isUtf8 } from 'node:buffer';
import type { Context } from '../context.ts';
import type { TypedValue } from '../server/commands.ts';
import { quote } from '../text/quote.ts';

/** For a terminal: `"luis"`, or indented JSON for structured values. */
export async function quoted(value: TypedValue): Promise<string> {
  return shown(value, 2);
}

/** On one line, for lists. */
export async function oneLine(value: TypedValue): Promise<string> {
  return shown(value, 0);
}

/** A structured value that cannot be read is bytes, as in the library. */
async function shown(value: TypedValue, indent: number): Promise<string> {
  if (value.kind !== 'structured') return quote(value.bytes);
  const { legibleJson, readStructured } = await import('./structured.ts');
  const read = readStructured(value.bytes);
  return read === undefined ? quote(value.bytes) : legibleJson(read.value, indent);
}

/** For a pipe: exactly the bytes; structured values as JSON text. */
async function plain(value: TypedValue): Promise<Buffer> {
  if (value.kind !== 'structured') return value.bytes;
  const { readStructured } = await import('./structured.ts');
  return readStructured(value.bytes) === undefined ? value.bytes : Buffer.from(await oneLine(value));
}

/** For a program: exactly the value: of a structured one JSON text where that is exact, else msgpack. */
async function exact(value: TypedValue): Promise<Buffer> {
  if (value.kind !== 'structured') return value.bytes;
  const { structuredJson } = await import('./structured.ts');
  const json = structuredJson(value.bytes);
  return json === undefined ? value.bytes : Buffer.from(json);
}

/** Bytes that came without a type: text if they can be. */
export function guessKind(bytes: Buffer): TypedValue {
  return { kind: isUtf8(bytes) ? 'text' : 'bytes', bytes };
}

/**
 * A value to stdout: quoted on a terminal; in a pipe as it is, with a newline after text (as redis-cli does) but not after
 * bytes, so that `kvctl get logo > logo.png` is the file; with --raw never a newline, and nothing but what was stored.
 */
export async function printValue(context: Context, value: TypedValue): Promise<void> {
  const { stdout } = context.io;
  const wantsRaw = context.outputGiven && context.output === 'raw';
  if (!wantsRaw && context.output === 'table' && (context.outputGiven || stdout.isTTY === true)) {
    stdout.write(`${await quoted(value)}\n`);
    return;
  }
  const bytes = wantsRaw ? await exact(value) : await plain(value);
  stdout.write(wantsRaw || value.kind === 'bytes' ? bytes : Buffer.concat([bytes, Buffer.from('\n')]));
}
