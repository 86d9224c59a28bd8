/** Connections that are read into one buffer: nothing of one is in another, what waits is kept, and who is gone is missed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type RunningServer, startServer } from '../src/index.ts';
import { readInPlace } from '../src/listen/read-in-place.ts';
import { fakeCluster } from './support/fake-cluster.ts';
import { request } from './support/fake-transport.ts';
import { open } from './support/sockets.ts';

let server: RunningServer;

before(async () => {
  server = await startServer(fakeCluster(), { port: 0 });
});

after(() => server?.close());

/** A client that loses nothing of what it is sent between two looks. */
class Client {
  readonly socket: Socket;
  #text = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
    });
  }

  static async open(address: { readonly port: number; readonly host: string } = server): Promise<Client> {
    return new Client(await open(address));
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** What came since the last call, up to and with `end`. */
  async until(end: string): Promise<string> {
    while (!this.#text.includes(end)) await once(this.socket, 'data');
    const length = this.#text.indexOf(end) + end.length;
    const text = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    return text;
  }

  ask(...words: string[]): Promise<string> {
    this.send(request(...words));
    return this.until('\r\n');
  }
}

/** Once the server has read what was sent before: what another sent later has been answered. */
async function served(): Promise<void> {
  const client = await Client.open();
  assert.equal(await client.ask('PING'), '+PONG\r\n');
  client.socket.destroy();
}

test('read in place: a request in pieces is not overwritten by what others send between', async () => {
  const clients = await Promise.all(Array.from({ length: 4 }, () => Client.open()));
  // No byte is what stands at its place in another piece, of its own value or of another.
  const letter = (at: number): string => String.fromCharCode(0x30 + (at % 199));
  const values = clients.map((_, index) => Array.from({ length: 3000 }, (_, at) => letter(at + 50 * index)).join(''));
  const requests = values.map((value, index) => request('SET', `pieces-${index}`, value));
  for (const client of clients) assert.equal(await client.ask('PING'), '+PONG\r\n');
  for (let from = 0; from < requests[0]!.length; from += 700) {
    for (const [index, client] of clients.entries()) {
      client.send(requests[index]!.slice(from, from + 700));
      await served();
    }
  }
  for (const [index, client] of clients.entries()) {
    assert.equal(await client.until('\r\n'), '+OK\r\n');
    client.send(request('GET', `pieces-${index}`) + request('ECHO', 'end'));
    assert.equal(await client.until('end\r\n'), `$3000\r\n${values[index]}\r\n$3\r\nend\r\n`);
    client.socket.destroy();
  }
});

test('read in place: what comes while a command waits is kept', { timeout: 10_000 }, async () => {
  const [waiting, other] = [await Client.open(), await Client.open()];
  await other.ask('CLIENT', 'PAUSE', '100000', 'WRITE');
  waiting.send(request('SET', 'kept', '1') + request('ECHO', 'first'));
  await served();
  for (const word of ['second', 'third']) {
    waiting.send(request('ECHO', word));
    await served();
  }
  await other.ask('CLIENT', 'UNPAUSE');
  const replies = await waiting.until('third\r\n');
  assert.equal(replies, '+OK\r\n$5\r\nfirst\r\n$6\r\nsecond\r\n$5\r\nthird\r\n');
  waiting.socket.destroy();
  other.socket.destroy();
});

test('read in place: a client that is gone while its command waits is missed', { timeout: 10_000 }, async () => {
  const [waiting, other] = [await Client.open(), await Client.open()];
  const id = (await waiting.ask('CLIENT', 'ID')).slice(1, -2);
  await other.ask('CLIENT', 'PAUSE', '100000', 'WRITE');
  waiting.send(request('SET', 'gone', '1') + request('PING'));
  await served();
  waiting.socket.resetAndDestroy();
  for (let list = `id=${id} `; list.includes(`id=${id} `); ) {
    other.send(request('CLIENT', 'LIST', 'ID', id) + request('ECHO', 'end'));
    list = await other.until('end\r\n');
  }
  await other.ask('CLIENT', 'UNPAUSE');
  other.socket.destroy();
});

test('read in place: a socket of a server goes on in one buffer, and is counted until it is closed', {
  timeout: 10_000,
}, async () => {
  const listening = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address() as { port: number };
  const buffers = new Set<Buffer>();
  const sockets: Socket[] = [];
  const said: string[] = [];
  listening.on('connection', (accepted: Socket) =>
    accepted.once('data', () => {
      const { socket, inPlace } = readInPlace(accepted, (bytes, length) => {
        buffers.add(bytes);
        said.push(bytes.toString('latin1', 0, length));
        return socket.write(bytes.subarray(0, length));
      });
      assert.equal(inPlace, true, 'this Node can do it');
      sockets.push(socket);
      socket.write('!');
    }),
  );
  const host = '127.0.0.1';
  const clients = [await Client.open({ port: address.port, host }), await Client.open({ port: address.port, host })];
  for (const [index, client] of clients.entries()) {
    client.send('?');
    await client.until('!');
    client.send(`words ${index}.`);
    assert.equal(await client.until('.'), `words ${index}.`);
  }
  assert.deepEqual([said, buffers.size], [['words 0.', 'words 1.'], 1]);
  const count = (): Promise<number> => new Promise((resolve) => listening.getConnections((_, sum) => resolve(sum)));
  assert.equal(await count(), 2);
  const [one, other] = sockets as [Socket, Socket];
  one.destroy();
  await once(one, 'close');
  assert.equal(await count(), 1);
  const closed = once(listening, 'close');
  listening.close();
  other.destroy();
  await closed;
  for (const { socket } of clients) socket.destroy();
});
