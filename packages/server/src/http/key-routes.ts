/**
 * Keys over HTTP: an entry is a resource, its version the ETag, its deadline max-age. Keys are percent-encoded bytes.
 */
import { ANY_VERSION, MUST_BE_ABSENT, MUST_EXIST, NO_TTL, type Result, Status } from '@quintet/engine/internal';
import { KIND_NAMES } from '../commands/keys/kinds.ts';
import { call } from '../engine/call.ts';
import { bytesField, valueField } from '../engine/value-faces.ts';
import { happened, type WalkedEntry, walkEntries } from '../engine/walk.ts';
import type { Exchange } from './exchange.ts';
import { HttpRefusal } from './guard.ts';
import { represent, storable } from './representation.ts';
import { percentDecoded, type RequestTarget } from './request-target.ts';

const KEY_PREFIX = '/v1/keys/'.length;

export async function getKey({ context, request, response, target, signal, memory }: Exchange): Promise<void> {
  const result = await call(context.executor, { verb: 'get', key: keyOf(target) }, { signal });
  if (result.status !== Status.ok) throw new HttpRefusal(404, 'NOT_FOUND', 'there is no such key');
  memory.hold(result.value!.length);
  setEntryHeaders(response, result, context.now());
  const known = request.headers['if-none-match'];
  if (known !== undefined && (known === '*' || known.split(',').some((tag) => tag.trim() === etag(result.version)))) {
    response.writeHead(304).end();
    return;
  }
  // A stored page must not run as one of ours.
  response.setHeader('content-security-policy', "default-src 'none'; sandbox");
  response.setHeader('x-content-type-options', 'nosniff');
  const { type, body } = represent(result.value!, result.kind, request.headers.accept);
  response.setHeader('content-type', type);
  response.end(body);
}

export async function putKey({ context, request, response, target, signal, memory }: Exchange): Promise<void> {
  const key = keyOf(target);
  const ifVersion = conditionOf(request.headers['if-match'], request.headers['if-none-match']);
  const ttl = maxAgeOf(request.headers['cache-control']);
  const { maxValueBytes } = context.executor.limits;
  const body = await readBody(request, maxValueBytes, memory);
  const put = {
    verb: 'put',
    key,
    ...storable(body, request.headers['content-type'], maxValueBytes),
    ifVersion,
    ttl,
    deadline: 0,
    previous: false,
  } as const;
  const result = await call(context.executor, put, { signal });
  if (result.status === Status.conditionFailed) throw preconditionFailed(result);
  response.setHeader('etag', etag(result.version));
  response.writeHead(204).end();
}

export async function deleteKey({ context, request, response, target, signal }: Exchange): Promise<void> {
  const ifVersion = conditionOf(request.headers['if-match'], undefined);
  const removal = { verb: 'delete', key: keyOf(target), ifVersion, previous: false } as const;
  const result = await call(context.executor, removal, { signal });
  if (result.status === Status.conditionFailed) throw preconditionFailed(result);
  if (result.status === Status.absent) throw new HttpRefusal(404, 'NOT_FOUND', 'there is no such key');
  response.writeHead(204).end();
}

/** One JSON object a line; what is no UTF-8 goes as base64, and says so. */
export async function listKeys({ context, response, target, signal }: Exchange): Promise<void> {
  const prefix = target.parameter('prefix') ?? '';
  const keysOnly = target.parameter('keysOnly') === 'true';
  const limit = countOf(target.parameter('limit'));
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'x-content-type-options': 'nosniff' });
  let count = 0;
  for await (const entry of limit === 0 ? [] : walkEntries(context.executor, prefix, keysOnly, signal)) {
    if (!response.write(`${JSON.stringify(lineOf(entry, keysOnly))}\n`)) await happened(response, 'drain', signal);
    if (++count >= limit) break;
  }
  response.end();
}

function countOf(text: string | null): number {
  if (text === null) return Number.POSITIVE_INFINITY;
  if (!/^\d{1,15}$/.test(text)) throw new HttpRefusal(400, 'LIMIT', 'limit must be a whole number');
  return Number(text);
}

function lineOf({ key, value, kind, version, expiresAt }: WalkedEntry, keysOnly: boolean): Record<string, unknown> {
  const line: Record<string, unknown> = { ...bytesField('key', key), version, kind: KIND_NAMES[kind] };
  if (!keysOnly) Object.assign(line, valueField('value', value, kind));
  if (expiresAt !== 0) line.expiresAt = expiresAt;
  return line;
}

function keyOf({ path }: RequestTarget): string {
  const encoded = path.slice(KEY_PREFIX);
  if (encoded === '') throw new HttpRefusal(400, 'INVALID_KEY', 'a key must not be empty here');
  if (/%(?![0-9a-f]{2})/i.test(encoded)) throw new HttpRefusal(400, 'INVALID_KEY', 'the key is not percent-encoded');
  return percentDecoded(encoded);
}

function etag(version: number): string {
  return `"${version}"`;
}

function setEntryHeaders(response: Exchange['response'], { version, expiresAt }: Result, now: number): void {
  response.setHeader('etag', etag(version));
  const maxAge = expiresAt === 0 ? '' : `, max-age=${Math.max(0, Math.floor((expiresAt - now) / 1000))}`;
  response.setHeader('cache-control', `no-cache${maxAge}`);
  response.setHeader('vary', 'accept');
}

function conditionOf(ifMatch: string | undefined, ifNoneMatch: string | undefined): number {
  if (ifMatch !== undefined && ifNoneMatch !== undefined) throw badCondition('one of If-Match and If-None-Match');
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch !== '*') throw badCondition('If-None-Match: * only');
    return MUST_BE_ABSENT;
  }
  if (ifMatch === undefined) return ANY_VERSION;
  if (ifMatch === '*') return MUST_EXIST;
  const version = /^"(\d{1,15})"$/.exec(ifMatch)?.[1];
  if (version === undefined) throw badCondition('If-Match takes * or one ETag');
  return Number(version);
}

function badCondition(message: string): HttpRefusal {
  return new HttpRefusal(400, 'CONDITION', message);
}

function preconditionFailed({ version }: Result): HttpRefusal {
  const headers: Record<string, string> = version === 0 ? {} : { etag: etag(version) };
  return new HttpRefusal(412, 'CONDITION_FAILED', 'the key is not as the condition says', headers);
}

/** `Cache-Control: max-age=<seconds>` as a time to live in ms. */
function maxAgeOf(header: string | undefined): number {
  const given = /(?:^|[,\s])max-age\s*=\s*([^,\s]*)/i.exec(header ?? '')?.[1];
  if (given === undefined) return NO_TTL;
  const seconds = /^"?(\d{1,10})"?$/.exec(given)?.[1] ?? 0;
  if (Number(seconds) === 0) throw new HttpRefusal(400, 'MAX_AGE', 'max-age must be whole seconds, at least 1');
  return Number(seconds) * 1000;
}

async function readBody(request: Exchange['request'], limit: number, memory: Exchange['memory']): Promise<string> {
  const tooLarge = new HttpRefusal(413, 'VALUE_TOO_LARGE', `a value has at most ${limit} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    memory.hold(chunk.length);
    if (length > limit) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('latin1');
}
