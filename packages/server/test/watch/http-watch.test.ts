/** /v1/watch over real sockets, before a real cluster. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { after, before, test } from 'node:test';
import { Cluster } from '@quintet/engine';
import { type RunningServer, startServer } from '../../src/index.ts';

let cluster: Cluster;
let server: RunningServer;

before(async () => {
  cluster = await Cluster.start({ nodes: 3, shards: 4 });
  server = await startServer(cluster, { port: 0 });
});

after(async () => {
  await server?.close();
  await cluster?.close();
});

type Line = Record<string, unknown>;

/** The lines of an answer, one at a time; undefined at its end. */
class Lines {
  private readonly stop = new AbortController();
  private lines: AsyncIterator<string> | undefined;
  private readonly url: string;

  constructor(query: string, port = server.port) {
    this.url = `http://127.0.0.1:${port}/v1/watch${query}`;
  }

  async next(): Promise<Line | undefined> {
    this.lines ??= await this.open();
    const { done, value } = await this.lines.next();
    return done === true ? undefined : (JSON.parse(value) as Line);
  }

  private async open(): Promise<AsyncIterator<string>> {
    const { status, body } = await fetch(this.url, { signal: this.stop.signal });
    assert.equal(status, 200);
    const input = Readable.fromWeb(body as ReadableStream);
    input.on('error', () => undefined);
    return createInterface({ input })[Symbol.asyncIterator]();
  }

  [Symbol.dispose](): void {
    this.stop.abort();
  }
}

test('changes as lines of JSON, and on from any of their positions', async () => {
  using lines = new Lines('?prefix=a:&previous=true');
  assert.equal((await lines.next())!.type, 'started');
  await cluster.put('a:text', 'grüß', { ttl: 60_000 });
  const { position, version, shard, expiresAt, ...put } = (await lines.next())!;
  assert.deepEqual(put, { type: 'put', key: 'a:text', value: 'grüß', kind: 'text' });
  assert.ok(Number(version) > 0 && Number(shard) >= 0 && Number(expiresAt) > Date.now());
  await cluster.put('a:text', new Uint8Array([0, 255]));
  const bytes = (await lines.next())!;
  assert.deepEqual([bytes.value, bytes.valueEncoding, bytes.previous], ['AP8=', 'base64', 'grüß']);
  await cluster.transaction({ then: ['a:1', 'a:2', 'a:3'].map((key) => ({ put: key, value: 1 })) });
  const three = [await lines.next(), await lines.next(), await lines.next()].map((line) => line!);
  assert.equal(new Set(three.map(({ transaction }) => transaction)).size, 1);
  assert.deepEqual(
    three.map((line) => 'position' in line),
    [false, false, true],
  );
  using again = new Lines(`?prefix=a:&previous=true&from=${String(position)}`);
  assert.deepEqual(await again.next(), { type: 'started', position });
  assert.equal((await again.next())!.version, bytes.version);
  using key = new Lines('?key=a:text');
  await key.next();
  await cluster.delete('a:text');
  assert.equal((await key.next())!.type, 'delete');
});

test('who was away for more than a feed holds hears everything the history has', async () => {
  const small = await startServer(cluster, { port: 0, limits: { watchBytes: 100_000 } });
  using first = new Lines('?prefix=away:', small.port);
  const { position } = (await first.next())!;
  for (let n = 0; n < 30; n++) await cluster.put(`away:${n}`, 'x'.repeat(20_000));
  using lines = new Lines(`?prefix=away:&from=${encodeURIComponent(String(position))}`, small.port);
  assert.equal((await lines.next())!.type, 'started');
  const keys = new Set<unknown>();
  while (keys.size < 30) keys.add((await lines.next())!.key);
  assert.ok(!keys.has(undefined), 'the watch does not end');
  await small.close();
});

test('what cannot be watched is refused before anything is said', async () => {
  const statusOf = async (query: string, headers = {}) =>
    (await fetch(`http://${server.address}/v1/watch${query}`, { headers })).status;
  assert.equal(await statusOf('?key=a&prefix=a'), 400);
  assert.equal(await statusOf('?prefix=a&from=yesterday'), 400);
  assert.equal(await statusOf('?prefix=a&from=3'), 400, 'a version is of one key');
  assert.equal(await statusOf('?prefix=a&from=another:0=1'), 503, 'another life of the cluster');
  assert.equal(await statusOf('', { 'sec-fetch-site': 'cross-site' }), 403);
  const { status } = await fetch(`http://${server.address}/v1/watch`, { method: 'HEAD' });
  assert.equal(status, 200);
  const locked = await startServer(cluster, { port: 0, password: 'secret' });
  assert.equal((await fetch(`http://${locked.address}/v1/watch`)).status, 401);
  await locked.close();
});

test('a server that closes ends the answer, and says so', async () => {
  const closing = await startServer(cluster, { port: 0 });
  using lines = new Lines('', closing.port);
  await lines.next();
  const begun = performance.now();
  const [last] = await Promise.all([lines.next(), closing.close()]);
  assert.deepEqual([last!.type, last!.code], ['ended', 'CLOSED']);
  assert.equal(await lines.next(), undefined);
  assert.ok(performance.now() - begun < 1500, 'without waiting for the last resort');
});

/** Reads from a socket that was left alone until it has so many lines, or the answer ends. */
async function linesOf(socket: Socket, count: number): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of createInterface({ input: socket })) {
    if (line.startsWith('{')) lines.push(JSON.parse(line) as Line);
    if (lines.length === count || lines.at(-1)?.type === 'ended') break;
  }
  return lines;
}

test('who does not read has what it missed from the history; beyond that, the answer ends and says so', async () => {
  const tight = await startServer(cluster, { port: 0, limits: { watchBytes: 10_000 } });
  const open = async (): Promise<Socket> => {
    const socket = connect(tight.port, tight.host);
    socket.write(`GET /v1/watch?prefix=slow HTTP/1.1\r\nHost: ${tight.address}\r\n\r\n`);
    await new Promise((resolve) => socket.once('readable', resolve));
    return socket;
  };
  const [patient, lost] = [await open(), await open()];
  const put = (from: number, count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => cluster.put('slow', `${from + i} ${'x'.repeat(5000)}`)));
  await put(0, 500);
  const heard = await linesOf(patient, 501);
  assert.deepEqual(
    heard.slice(1).map(({ value }) => Number.parseInt(String(value), 10)),
    [...Array(500).keys()],
  );
  patient.destroy();
  for (let round = 0; round < 10; round++) await put(500, 500);
  const last = (await linesOf(lost, Number.POSITIVE_INFINITY)).at(-1)!;
  assert.deepEqual([last.type, last.code], ['ended', 'WATCH_LAGGED']);
  lost.destroy();
  await tight.close();
});
