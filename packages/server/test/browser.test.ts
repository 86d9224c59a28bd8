/**
 * What a web page can make a browser do to 127.0.0.1:1338, and what can be smuggled from one protocol into another: refused,
 * and nothing of it executed.
 */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { after, before, beforeEach, test } from 'node:test';
import { isWrite } from '@quintet/engine/internal';
import { type RunningServer, startServer } from '../src/index.ts';
import { FakeExecutor, fakeCluster } from './support/fake-cluster.ts';
import { request } from './support/fake-transport.ts';
import { RecordedLog } from './support/recorded-log.ts';
import { exchange } from './support/sockets.ts';

let server: RunningServer;
let executor: FakeExecutor;
let log: RecordedLog;

before(async () => {
  executor = new FakeExecutor();
  log = new RecordedLog();
  server = await startServer(fakeCluster(executor), { port: 0, log, httpHosts: ['cache.example'] });
});

after(() => server.close());

beforeEach(() => {
  executor.submitted.length = 0;
  log.told.length = 0;
});

function writes(): number {
  return executor.submitted.filter(isWrite).length;
}

/** fetch forbids some headers; a browser sends them by itself. */
function send(method: string, path: string, headers: Record<string, string>, body = ''): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { host: server.host, port: server.port, method, path, headers, agent: false };
    const call = httpRequest(options, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode!));
    });
    call.on('error', reject);
    call.end(body);
  });
}

test('browser: a write by a page of another site', async () => {
  const host = server.address;
  const foreign: readonly Record<string, string>[] = [
    { origin: 'http://evil.example' },
    { origin: `http://127.0.0.1.evil.example:${server.port}` },
    { origin: `http://localhost:${server.port}`, host: `127.0.0.1:${server.port}` },
    { origin: 'null' },
    { origin: `http://${server.host}:1` },
    { origin: 'http://evil.example', 'content-type': 'text/plain' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of foreign) {
    for (const method of ['PUT', 'POST', 'DELETE']) {
      assert.equal(
        await send(method, '/v1/keys/a', { host, ...headers }, method === 'DELETE' ? '' : 'x'),
        403,
        JSON.stringify(headers),
      );
    }
  }
  assert.equal(writes(), 0);
  assert.deepEqual(
    [log.named('request-refused')[0]!.fields.reason, log.named('request-refused').length],
    ['origin', 5],
  );
  assert.equal(await send('PUT', '/v1/keys/a', { host, origin: `http://${host}` }, 'x'), 204, 'our own page may');
});

test('browser: no page of another site is allowed to read, or to ask whether it may', async () => {
  const headers = { host: server.address, origin: 'http://evil.example', 'access-control-request-method': 'PUT' };
  assert.equal(await send('OPTIONS', '/v1/keys/a', headers), 403);
  const response = await fetch(`http://${server.address}/v1/keys/a`);
  assert.deepEqual(
    [...response.headers.keys()].filter((name) => name.startsWith('access-control')),
    [],
  );
});

test('browser: DNS rebinding, a foreign name that resolves to us', async () => {
  const names = ['evil.example', `evil.example:${server.port}`, 'localhost.evil.example', '127.0.0.1.evil.example'];
  for (const host of [...names, '127.0.0.2', '169.254.169.254', 'localhost@evil.example', '[::2]']) {
    for (const path of ['/v1/keys/a', '/v1/status', '/metrics', '/healthz']) {
      const status = await send('GET', path, { host, origin: `http://${host}` });
      assert.ok(status === 421 || status === 400, `${host} ${path}: ${status}`);
    }
    assert.ok([400, 421].includes(await send('PUT', '/v1/keys/a', { host }, 'x')));
  }
  assert.match(await exchange(server, 'GET /v1/keys/a HTTP/1.1\r\nHost:\r\n\r\n'), /^HTTP\/1\.1 421/);
  assert.match(await exchange(server, 'GET /v1/keys/a HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 421/);
  assert.equal(executor.submitted.length, 0);
  for (const host of ['localhost', 'LOCALHOST:99', '127.0.0.1', '[::1]:1338', 'cache.example']) {
    assert.equal(await send('GET', '/v1/status', { host }), 200, host);
  }
});

const SET = request('SET', 'smuggled', '1');

/** Requests of HTTP with RESP in them, wherever something fits. */
const HTTP_WITH_RESP: readonly (readonly [where: string, text: string])[] = [
  ['body', `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${SET.length}\r\n\r\n${SET}`],
  ['inline in the body', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\nSET smuggled 1\r\n'],
  [
    'chunks',
    `POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${SET.length.toString(16)}\r\n${SET}\r\n0\r\n\r\n`,
  ],
  ['behind a request', `GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n${SET}`],
  [
    'behind a body that was announced shorter',
    `PUT /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n${SET}`,
  ],
  ['head', `GET /healthz HTTP/1.1\r\nHost: localhost\r\n${SET}\r\n\r\n`],
  ['value of a field', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: \nSET smuggled 1\r\n\r\n'],
  ['path', 'GET /%0d%0aSET%20smuggled%201%0d%0a HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['method', 'SET smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['no version', 'POST /\r\nHost: localhost\r\n\r\nSET smuggled 1\r\n'],
  ['upgrade', `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: resp\r\n\r\n${SET}`],
  ['tunnel', `CONNECT localhost:1338 HTTP/1.1\r\nHost: localhost\r\n\r\n${SET}`],
  ['gRPC preface', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SET}`],
];

for (const [where, text] of HTTP_WITH_RESP) {
  test(`browser: HTTP with RESP in it: ${where}`, { timeout: 10_000 }, async () => {
    const answer = await exchange(server, text);
    assert.doesNotMatch(answer, /^\+OK/m);
    assert.equal(writes(), 0, 'executed');
  });
}

/** RESP with HTTP in it, as if the first line had been got past the sniffing: the connection ends there, as in Redis. */
const RESP_WITH_HTTP: readonly (readonly [where: string, text: string])[] = [
  ['POST as a command', request('POST', '/', 'HTTP/1.1')],
  ['Host: as a command', request('Host:', 'localhost')],
  ['in any case', request('hOsT:', 'localhost')],
  ['inline, behind a command', 'PING\r\nPOST / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['a header line, behind a command', 'PING\r\nHost: localhost:1338\r\n'],
  ['a whole request, behind a line that looks harmless', 'get x\r\nPOST / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
];

for (const [where, text] of RESP_WITH_HTTP) {
  test(`browser: RESP with HTTP in it: ${where}`, { timeout: 10_000 }, async () => {
    const answer = await exchange(server, `${text}${SET}SET smuggled 1\r\n`);
    assert.doesNotMatch(answer, /\+OK|unknown command/);
    assert.equal(writes(), 0, 'executed');
  });
}

test('browser: what was taken for an attack is told', async () => {
  const log = new RecordedLog();
  const watched = await startServer(fakeCluster(), { port: 0, log });
  await exchange(watched, 'PING\r\nHost: localhost\r\n');
  assert.equal(log.named('client-cut-off')[0]!.fields.reason, 'cross-protocol');
  await watched.close();
});

test('browser: gRPC wants a content type that no page can send without asking', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', undefined]) {
    const client = connectHttp2(`http://${server.address}`);
    const stream = client.request({
      ':method': 'POST',
      ':path': '/kvstore.server.v1.ServerService/PutValue',
      ...(type === undefined ? {} : { 'content-type': type }),
    });
    // {key: "a", value: "b"}
    stream.end(Buffer.from([0, 0, 0, 0, 6, 10, 1, 97, 18, 1, 98]));
    const status = await new Promise((resolve, reject) => {
      stream.once('response', (headers) => resolve(headers[':status']));
      stream.once('error', reject);
    });
    assert.equal(status, 415, type);
    client.destroy();
  }
  assert.equal(executor.submitted.length, 0);
});
