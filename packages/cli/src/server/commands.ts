/**
 * The QUINTET commands with types: arguments in, plain data out. The one place that knows how they look on the wire (with
 * changes.ts, for QUINTET WATCH).
 *
 *   QUINTET ENTRY key → nil or [kind, value, version, expiresAt]
 *   QUINTET PUT key value [KIND k] [TTL ms | PXAT ms | KEEPTTL] [NX | XX | IFVERSION n] [GET] → [applied, version, kind, previous]
 *   QUINTET DEL key [IFVERSION n] → [deleted, version]
 *   QUINTET SCAN cursor [PREFIX p] [COUNT n] [KEYSONLY] → [cursor, [key, kind, value, version, expiresAt, ...]]
 *
 * Arguments a server sends are checked here, once: another server on the port must end in an error, not in nonsense.
 */
import { EXIT, Failure } from '../failure.ts';
import type { Argument, Connection, Reply } from './connection.ts';

/** How a value is stored: as text, as bytes, a number as decimal text, or as msgpack of anything else (`structured`). */
export type Kind = 'text' | 'bytes' | 'number' | 'structured';
const KINDS: readonly string[] = ['text', 'bytes', 'number', 'structured'] satisfies Kind[];

export interface TypedValue {
  kind: Kind;
  bytes: Buffer;
}

export interface Entry extends TypedValue {
  version: number;
  /** ms since the epoch; 0 = never. */
  expiresAt: number;
}

export interface PutConditions {
  ttlMs?: number | undefined;
  expiresAt?: number | undefined;
  keepTtl?: boolean | undefined;
  ifAbsent?: boolean | undefined;
  ifPresent?: boolean | undefined;
  ifVersion?: number | undefined;
  previous?: boolean | undefined;
}

export interface PutReply {
  applied: boolean;
  version: number;
  previous: TypedValue | undefined;
}

export interface ScanPage {
  /** Undefined when the scan is over. */
  cursor: string | undefined;
  entries: { key: Buffer; entry: Entry | undefined }[];
}

export function putCommand(key: Argument, value: TypedValue, how: PutConditions = {}): [string, ...Argument[]] {
  const command: [string, ...Argument[]] = ['QUINTET', 'PUT', key, value.bytes];
  if (value.kind !== 'text') command.push('KIND', value.kind);
  if (how.ttlMs !== undefined) command.push('TTL', String(how.ttlMs));
  if (how.expiresAt !== undefined) command.push('PXAT', String(how.expiresAt));
  if (how.keepTtl === true) command.push('KEEPTTL');
  if (how.ifAbsent === true) command.push('NX');
  if (how.ifPresent === true) command.push('XX');
  if (how.ifVersion !== undefined) command.push('IFVERSION', String(how.ifVersion));
  if (how.previous === true) command.push('GET');
  return command;
}

export function readPutReply(reply: Reply): PutReply {
  const [applied, version, kind, previous] = list(reply, 2);
  const was = kind === null || kind === undefined ? undefined : { kind: kindOf(kind), bytes: bytesOf(previous) };
  return { applied: numberOf(applied) === 1, version: numberOf(version), previous: was };
}

export async function put(
  connection: Connection,
  key: Argument,
  value: TypedValue,
  how: PutConditions,
): Promise<PutReply> {
  return readPutReply(await connection.call(...putCommand(key, value, how)));
}

export function readEntryReply(reply: Reply): Entry | undefined {
  if (reply === null) return undefined;
  const [kind, value, version, expiresAt] = list(reply, 4);
  return { kind: kindOf(kind), bytes: bytesOf(value), version: numberOf(version), expiresAt: numberOf(expiresAt) };
}

export async function entry(connection: Connection, key: Argument): Promise<Entry | undefined> {
  return readEntryReply(await connection.call('QUINTET', 'ENTRY', key));
}

export async function deleteIfVersion(
  connection: Connection,
  key: Argument,
  version: number,
): Promise<{ deleted: boolean; version: number }> {
  const reply = await connection.call('QUINTET', 'DEL', key, 'IFVERSION', String(version));
  const [deleted, now] = list(reply, 2);
  return { deleted: numberOf(deleted) === 1, version: numberOf(now) };
}

export interface ScanRequest {
  prefix?: Argument | undefined;
  pageSize: number;
  keysOnly: boolean;
}

export function scanCommand(cursor: string, request: ScanRequest): [string, ...Argument[]] {
  const command: [string, ...Argument[]] = ['QUINTET', 'SCAN', cursor];
  if (request.prefix !== undefined && request.prefix.length > 0) command.push('PREFIX', request.prefix);
  command.push('COUNT', String(request.pageSize));
  if (request.keysOnly) command.push('KEYSONLY');
  return command;
}

export function readScanReply(reply: Reply, { keysOnly }: ScanRequest): ScanPage {
  const [next, flat] = list(reply, 2);
  const items = list(flat ?? null, 0);
  const step = keysOnly ? 1 : 5;
  if (items.length % step !== 0) throw foreign();
  const entries: ScanPage['entries'] = [];
  for (let at = 0; at < items.length; at += step) {
    const entry = keysOnly ? undefined : readEntryReply(items.slice(at + 1, at + step));
    entries.push({ key: bytesOf(items[at]), entry });
  }
  const following = textOf(next);
  return { cursor: following === '0' ? undefined : following, entries };
}

export async function scanPage(connection: Connection, cursor: string, request: ScanRequest): Promise<ScanPage> {
  return readScanReply(await connection.call(...scanCommand(cursor, request)), request);
}

export function textOf(reply: Reply | undefined): string {
  if (Buffer.isBuffer(reply)) return reply.toString();
  if (typeof reply === 'string' || typeof reply === 'number') return String(reply);
  throw foreign();
}

/** Decimal text of any size: versions and deadlines are safe integers. */
export function numberOf(reply: Reply | undefined): number {
  const value = Number(textOf(reply));
  if (!Number.isFinite(value)) throw foreign();
  return value;
}

/** Bytes, of whatever they are. */
export function bytesOf(reply: Reply | undefined): Buffer {
  if (Buffer.isBuffer(reply)) return reply;
  return Buffer.from(textOf(reply));
}

/** The name of a kind that kvctl knows. */
export function kindOf(reply: Reply | undefined): Kind {
  const kind = textOf(reply);
  if (KINDS.includes(kind)) return kind as Kind;
  throw foreign();
}

/** An array of at least so many items. */
export function list(reply: Reply, least: number): Reply[] {
  if (Array.isArray(reply) && reply.length >= least) return reply;
  throw foreign();
}

/** The server is none we understand. */
export function foreign(): Failure {
  return new Failure(EXIT.server, 'the server answered something kvctl does not understand', {
    hint: 'is it a Quintet server of the same version?',
  });
}
