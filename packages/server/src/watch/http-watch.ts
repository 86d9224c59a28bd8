/**
 * Changes over HTTP, one JSON object a line, for as long as the client listens:
 *
 *   curl -N 'localhost:1338/v1/watch?prefix=user:'        also key=K, from=POSITION, previous=true
 *
 *   {"type":"started","position":"1b9d…:0=17,1=4"}                                    every later change will be told
 *   {"type":"put","key":"user:1","value":"luis","kind":"text","version":18,"shard":0,"position":"…"}
 *   {"type":"ended","code":"WATCH_LAGGED","message":"…"}                              and then the answer ends
 *
 *   {"type":"position","position":"…"}                        all up to there was told: `from` goes on there too
 *
 * `position`, at the last change of each transaction and at every other change, is where `from` goes on. What is no UTF-8 is
 * base64, with `keyEncoding` or `valueEncoding`; structured values are JSON, or msgpack as base64 where JSON cannot say them.
 *
 * Owns      the lines, and writing no faster than the client reads (follow.ts).
 */
import { KvError } from '@quintet/engine';
import type { Change } from '@quintet/engine/internal';
import { KIND_NAMES } from '../commands/keys/kinds.ts';
import { bytesField, valueField } from '../engine/value-faces.ts';
import type { Exchange } from '../http/exchange.ts';
import { HttpRefusal } from '../http/guard.ts';
import type { RequestTarget } from '../http/request-target.ts';
import { follow } from './follow.ts';
import { readStart, type WatchStart, type WatchTarget } from './watch-request.ts';

/** The route of /v1/watch. Resolves when the client has gone, or the watch has ended. */
export async function watchKeys(exchange: Exchange): Promise<void> {
  const { context, request, response, target, signal } = exchange;
  let started = false;
  try {
    for await (const { changes, position } of follow(context.feeds, targetOf(target), startOf(target), signal)) {
      if (started) await write(exchange, linesOf(changes, position));
      else {
        started = true;
        response.writeHead(200, { 'content-type': 'application/x-ndjson', 'x-content-type-options': 'nosniff' });
        if (request.method === 'HEAD') break;
        await write(exchange, lineOf({ type: 'started', position }));
      }
    }
  } catch (thrown) {
    if (!started || !(thrown instanceof KvError)) throw thrown;
    await write(exchange, lineOf({ type: 'ended', code: thrown.code, message: thrown.message }));
  }
  response.end();
}

/** Throws HttpRefusal. */
function targetOf(target: RequestTarget): WatchTarget {
  const [key, prefix] = [target.parameter('key'), target.parameter('prefix')];
  if (key !== null && prefix !== null) throw new HttpRefusal(400, 'TARGET', 'key and prefix exclude each other');
  const previous = target.parameter('previous') === 'true';
  const bytes = Buffer.from(key ?? prefix ?? '', 'latin1');
  return key === null ? { prefix: bytes, previous } : { key: bytes, previous };
}

/** Throws HttpRefusal. */
function startOf(target: RequestTarget): WatchStart {
  const from = target.parameter('from');
  try {
    return from === null ? {} : readStart(from);
  } catch {
    throw new HttpRefusal(400, 'FROM', 'from must be a position of a watch, or a version of the key');
  }
}

/** Resolves when there is room for more, or nobody wants it. */
async function write({ response, memory }: Exchange, text: string): Promise<void> {
  if (response.destroyed || response.write(text)) return;
  memory.hold(text.length);
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
  memory.hold(-text.length);
}

function lineOf(line: object): string {
  return `${JSON.stringify(line)}\n`;
}

function linesOf(changes: readonly Change[], position: string): string {
  if (changes.length === 0) return lineOf({ type: 'position', position });
  const last = changes.length - 1;
  return changes.map((change, at) => lineOf({ ...fieldsOf(change), ...(at === last ? { position } : {}) })).join('');
}

function fieldsOf({ type, key, value, kind, version, shard, expiresAt, transaction, previous }: Change): object {
  return {
    type,
    ...(type === 'clear' ? {} : bytesField('key', key)),
    ...(type === 'put' ? { ...valueField('value', value, kind), kind: KIND_NAMES[kind] } : {}),
    version,
    shard,
    ...(expiresAt === 0 ? {} : { expiresAt: Math.round(expiresAt) }),
    ...(transaction === 0 ? {} : { transaction }),
    ...(previous === null
      ? {}
      : { ...valueField('previous', previous.value, previous.kind), previousKind: KIND_NAMES[previous.kind] }),
  };
}
