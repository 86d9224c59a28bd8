/** What an HTTP client leaves unread: as long as it reads at all it is waited for, and cut off when it stops. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Guard } from '../src/http/guard.ts';
import { HttpFront } from '../src/http/http-front.ts';
import { DEFAULT_LIMITS } from '../src/listen/limits.ts';
import { ServerContext } from '../src/state/server-context.ts';
import { fakeCluster } from './support/fake-cluster.ts';

const MIB = 1024 * 1024;
/** More than the kernel takes of a connection that is not read. */
const VALUE_BYTES = 16 * MIB;

const limits = { ...DEFAULT_LIMITS, outputSoftBytes: 2 * MIB, outputStallMs: 200 };
const context = new ServerContext(fakeCluster(), { limits, maxClients: 10, password: undefined });
const face = new HttpFront(context, new Guard(context, []));
const listener = createServer((socket) =>
  face.take(socket, context.strangers.admit({ cutOff: () => socket.destroy() })),
);

before(async () => {
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const { port } = listener.address() as AddressInfo;
  await fetch(`http://127.0.0.1:${port}/v1/keys/large`, { method: 'PUT', body: 'v'.repeat(VALUE_BYTES) });
});

after(() => {
  face.destroy();
  listener.close();
});

/** A client that has asked, and reads nothing by itself. */
async function ask(): Promise<Socket> {
  const client = connect((listener.address() as AddressInfo).port, '127.0.0.1').pause();
  client.on('error', () => {});
  await once(client, 'connect');
  client.write('GET /v1/keys/large HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return client;
}

test('http: who takes nothing of its answer is cut off', { timeout: 20_000 }, async () => {
  const [[served], client] = await Promise.all([once(listener, 'connection') as Promise<[Socket]>, ask()]);
  await once(served, 'close');
  assert.equal(context.counters.outputLimitDisconnections, 1);
  client.destroy();
});

test('http: who reads slowly has all of it', { timeout: 20_000 }, async () => {
  const before = context.counters.outputLimitDisconnections;
  const client = await ask();
  let received = 0;
  const beganAt = performance.now();
  client.on('data', (chunk: Buffer) => {
    received += chunk.length;
    client.pause();
    setTimeout(() => client.resume(), 1);
  });
  client.resume();
  while (received < VALUE_BYTES && !client.destroyed) await delay(20);
  assert.ok(received > VALUE_BYTES, `${received} bytes`);
  assert.ok(performance.now() - beganAt > limits.outputStallMs, 'slower than the limit');
  assert.equal(context.counters.outputLimitDisconnections, before);
  client.destroy();
});
