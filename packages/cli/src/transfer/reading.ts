/** Reading many entries: all by scan, or those of a list of keys. Pages, each asked for again until it is answered. */
import { readEntryReply, readScanReply, type ScanPage, scanCommand } from '../server/commands.ts';
import type { RetryingConnection } from './retrying.ts';

type Page = ScanPage['entries'];

const PAGE = 512;

export async function* scanAll(connection: RetryingConnection, prefix: string | undefined): AsyncGenerator<Page> {
  const request = { prefix, pageSize: PAGE, keysOnly: false };
  let cursor: string | undefined = '0';
  while (cursor !== undefined) {
    const page: ScanPage = readScanReply((await connection.ask([scanCommand(cursor, request)]))[0] ?? null, request);
    cursor = page.cursor;
    if (page.entries.length > 0) yield page.entries;
  }
}

/** The entries of these keys, in their order; undefined where there is none. Two pages are on their way at a time. */
export async function* readListed(connection: RetryingConnection, keys: AsyncIterable<Buffer[]>): AsyncGenerator<Page> {
  const underWay: Promise<Page>[] = [];
  for await (const page of keys) {
    const answer = readPage(connection, page);
    answer.catch(() => undefined);
    underWay.push(answer);
    if (underWay.length > 4) yield await underWay.shift()!;
  }
  for (const page of underWay) yield await page;
}

async function readPage(connection: RetryingConnection, keys: readonly Buffer[]): Promise<Page> {
  const answers = await connection.ask(keys.map((key) => ['QUINTET', 'ENTRY', key] as const));
  return keys.map((key, i) => ({ key, entry: readEntryReply(answers[i] ?? null) }));
}

/** Keys one a line. */
export async function* readKeys(input: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer[]> {
  let held = Buffer.alloc(0);
  let page: Buffer[] = [];
  for await (const chunk of input) {
    held = Buffer.concat([held, chunk]);
    let start = 0;
    for (let end = held.indexOf(10); end !== -1; end = held.indexOf(10, start)) {
      if (end > start) page.push(held.subarray(start, end));
      start = end + 1;
      if (page.length === PAGE) {
        yield page;
        page = [];
      }
    }
    held = held.subarray(start);
  }
  if (held.length > 0) page.push(held);
  if (page.length > 0) yield page;
}
