import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { queryObjects } from 'node:v8';
import { decode, encode } from '@msgpack/msgpack';
import { Cluster } from '@quintet/engine';
import { type RunningServer, startServer } from '../src/index.ts';

let cluster: Cluster;
let server: RunningServer;
let locked: RunningServer;
let base: string;

before(async () => {
  cluster = await Cluster.start({ nodes: 3, shards: 4 });
  server = await startServer(cluster, { port: 0 });
  locked = await startServer(cluster, { port: 0, password: 'secret' });
  base = `http://${server.address}`;
});

after(async () => {
  await server?.close();
  await locked?.close();
  await cluster?.close();
});

function put(key: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${base}/v1/keys/${key}`, { method: 'PUT', body, headers });
}

test('http: an entry is a resource, its version the ETag', async () => {
  const created = await put('a%2Fb', 'grüß', { 'content-type': 'text/plain', 'if-none-match': '*' });
  assert.equal(created.status, 204);
  const tag = created.headers.get('etag')!;
  const read = await fetch(`${base}/v1/keys/a%2Fb`);
  assert.equal(read.status, 200);
  assert.equal(read.headers.get('etag'), tag);
  assert.equal(await read.text(), 'grüß');
  assert.equal(await cluster.get('a/b'), 'grüß');
  assert.equal((await fetch(`${base}/v1/keys/a%2Fb`, { headers: { 'if-none-match': tag } })).status, 304);
  assert.equal((await put('a%2Fb', 'x', { 'if-none-match': '*' })).status, 412);
  assert.equal((await put('a%2Fb', 'x', { 'if-match': '"1234567"' })).status, 412);
  assert.equal((await put('a%2Fb', 'y', { 'if-match': tag })).status, 204);
  assert.equal((await put('missing', 'y', { 'if-match': '*' })).status, 412);
  const stale = await fetch(`${base}/v1/keys/a%2Fb`, { method: 'DELETE', headers: { 'if-match': tag } });
  assert.equal(stale.status, 412);
  assert.equal((await fetch(`${base}/v1/keys/a%2Fb`, { method: 'DELETE' })).status, 204);
  assert.equal((await fetch(`${base}/v1/keys/a%2Fb`, { method: 'DELETE' })).status, 404);
  assert.equal((await fetch(`${base}/v1/keys/a%2Fb`)).status, 404);
});

test('http: max-age is the time to live; bytes stay bytes', async () => {
  for (const wrong of ['max-age=abc', 'max-age=', 'max-age=1.5', 'no-store, max-age=-1', 'max-age=0']) {
    const refused = await put('ttl', 'x', { 'cache-control': wrong });
    assert.equal(refused.status, 400, wrong);
    await refused.body?.cancel();
  }
  assert.equal((await put('ttl', 'x', { 'cache-control': 'max-age=100' })).status, 204);
  assert.match((await fetch(`${base}/v1/keys/ttl`)).headers.get('cache-control')!, /max-age=(100|99)$/);
  const left = (await cluster.ttl('ttl'))!;
  assert.ok(left > 90_000 && left <= 100_000);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  await fetch(`${base}/v1/keys/%ff%00`, { method: 'PUT', body: bytes });
  assert.deepEqual(Buffer.from(await (await fetch(`${base}/v1/keys/%FF%00`)).arrayBuffer()), bytes);
  assert.equal((await fetch(`${base}/v1/keys/%zz`)).status, 400);
  assert.equal((await fetch(`${base}/v1/keys/`)).status, 400);
  assert.equal((await fetch(`${base}/v1/keys/a`, { method: 'POST', body: 'x' })).status, 405);
  const large = await put('large', 'x'.repeat(16 * 1024 * 1024 + 1));
  assert.equal(large.status, 413);
});

test('http: a key and a prefix are the bytes that came', async () => {
  for (const [path, key] of [
    ['bs\\slash', 'bs\\slash'],
    ['dots/a/../b', 'dots/a/../b'],
  ] as const) {
    assert.equal(await raw('PUT', `/v1/keys/${path}`, { host: server.address, 'content-length': '0' }), 204);
    assert.equal(await cluster.has(key), true, key);
  }
  await cluster.put(Uint8Array.of(0xff, 0x31), 'x');
  const lines = await (await fetch(`${base}/v1/keys?prefix=%ff1&keysOnly=true`)).text();
  assert.equal((JSON.parse(lines) as { key: string }).key, '/zE=');
});

test('http: a prefix as lines of JSON', async () => {
  for (let index = 0; index < 600; index++) await cluster.put(`list:${index}`, String(index));
  const lines = (await (await fetch(`${base}/v1/keys?prefix=list:`)).text()).trim().split('\n');
  const found = lines.map((line) => JSON.parse(line) as { key: string; value: string; version: number });
  assert.equal(found.length, 600);
  assert.ok(found.every(({ key, value }) => key === `list:${value}`));
  const few = await (await fetch(`${base}/v1/keys?prefix=list:&limit=3&keysOnly=true`)).text();
  assert.equal(few.trim().split('\n').length, 3);
  assert.ok(!few.includes('value'));
  assert.equal((await fetch(`${base}/v1/keys?limit=x`)).status, 400);
});

test('http: what observes the process is there once, whatever servers come and go', async () => {
  const { Histogram } = (await import('prom-client')).default;
  for (let round = 0; round < 3; round++) {
    const another = await startServer(cluster, { port: 0 });
    const text = await (await fetch(`http://${another.address}/metrics`)).text();
    assert.equal(text.match(/^# TYPE nodejs_gc_duration_seconds /gm)?.length, 1);
    await another.close();
  }
  assert.equal(queryObjects(Histogram, { format: 'count' }), 1);
});

test('http: health, status, metrics', async () => {
  assert.equal(await (await fetch(`${base}/healthz`)).text(), 'ok\n');
  assert.equal(await (await fetch(`${base}/readyz`)).text(), 'ready\n');
  assert.equal(((await (await fetch(`${base}/v1/status`)).json()) as { health: string }).health, 'ok');
  const metrics = await (await fetch(`${base}/metrics`)).text();
  for (const name of ['redis_up 1', 'redis_connected_clients', 'redis_db_keys{db="db0"}', 'quintet_nodes_up 3']) {
    assert.ok(metrics.includes(name), name);
  }
  assert.equal((await fetch(`${base}/nothing`)).status, 404);
});

test('http: a password is needed where there is one, but not by probes', async () => {
  const url = `http://${locked.address}`;
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.equal((await fetch(`${url}/v1/status`)).status, 401);
  const bearer = { authorization: 'Bearer wrong' };
  assert.equal((await fetch(`${url}/v1/status`, { headers: bearer })).status, 401);
  assert.equal((await fetch(`${url}/v1/status`, { headers: { authorization: 'Bearer secret' } })).status, 200);
  const basic = `Basic ${Buffer.from('default:secret').toString('base64')}`;
  assert.equal((await fetch(`${url}/metrics`, { headers: { authorization: basic } })).status, 200);
});

test('http: who Basic names is judged as AUTH judges it; no name is that of who gives AUTH none', async () => {
  const statusOf = async (authorization: string): Promise<number> =>
    (await fetch(`http://${locked.address}/v1/status`, { headers: { authorization } })).status;
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  assert.equal(await statusOf(basic(':secret')), 200);
  assert.equal(await statusOf(basic('admin:secret')), 401);
  assert.equal(await statusOf(basic('default:wrong')), 401);
  for (const nothing of ['Digest secret', 'secret', 'Basic secret', basic('secret')]) {
    assert.equal(await statusOf(nothing), 401, nothing);
  }
});

/** fetch forbids some headers; a browser under attack would send them. */
function raw(method: string, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: server.host, port: server.port, method, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    request.on('error', reject);
    request.end();
  });
}

test('http: attacks through a browser are refused', async () => {
  const host = server.address;
  assert.equal(await raw('GET', '/v1/status', { host: 'evil.example' }), 421, 'DNS rebinding');
  assert.equal(await raw('GET', '/v1/status', { host: 'localhost:1338' }), 200);
  assert.equal(await raw('PUT', '/v1/keys/x', { host, origin: 'http://evil.example' }), 403, 'cross-site write');
  assert.equal(await raw('PUT', '/v1/keys/x', { host, origin: 'null' }), 403, 'sandboxed frame');
  assert.equal(await raw('GET', '/v1/keys/x', { host, 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await raw('OPTIONS', '/v1/keys/x', { host, origin: `http://${host}` }), 405, 'no CORS');
  assert.equal(await cluster.has('x'), false);
});

test('http: no byte of a request ever runs as a command', async () => {
  const command = '*3\r\n$3\r\nSET\r\n$8\r\nsmuggled\r\n$1\r\n1\r\n';
  const heads = [
    `POST / HTTP/1.1\r\nHost: ${server.address}\r\nContent-Length: ${command.length}\r\n\r\n`,
    `PUT /v1/keys/body HTTP/1.1\r\nHost: ${server.address}\r\nContent-Length: 0\r\n\r\n`,
    'POST / HTTP/1.0\r\n\r\n',
    'POST /\r\nHost: x\r\n\r\n',
  ];
  for (const head of heads) {
    const socket = connect(server.port, server.host);
    socket.on('error', () => {});
    socket.resume();
    socket.end(head + command);
    await once(socket, 'close');
  }
  assert.equal(await cluster.has('smuggled'), false);
});

/** What a value is by `Accept`: the type, and the text. */
async function taken(key: string, accept?: string): Promise<[number, string | undefined, string]> {
  const answer = await fetch(`${base}/v1/keys/${key}`, { headers: accept === undefined ? {} : { accept } });
  return [answer.status, answer.headers.get('content-type')?.split(';')[0], await answer.text()];
}

test('http: JSON in is a structured value, and JSON out', async () => {
  const created = await put('json', '{"a": [1, "é"]}', { 'content-type': 'application/json; charset=utf-8' });
  assert.equal(created.status, 204);
  assert.deepEqual(await cluster.get('json'), { a: [1, 'é'] });
  assert.deepEqual(await taken('json'), [200, 'application/json', '{"a":[1,"é"]}']);
  await put('json:text', '"x"', { 'content-type': 'application/json' });
  assert.deepEqual(await taken('json:text'), [200, 'application/json', '"x"']);
  await put('json:number', '17', { 'content-type': 'application/json' });
  assert.equal(await cluster.increment('json:number'), 18);
  assert.deepEqual(await taken('json:number', 'application/json'), [200, 'application/json', '18']);
  for (const long of ['9007199254740993', '-9223372036854775808', '9223372036854775807']) {
    await put('json:long', long, { 'content-type': 'application/json' });
    assert.deepEqual(await taken('json:long', 'application/json'), [200, 'application/json', long]);
  }
  for (const zero of ['-0', '[-0]']) {
    await put('json:zero', zero, { 'content-type': 'application/json' });
    assert.deepEqual(await taken('json:zero', 'application/json'), [200, 'application/json', zero.replace('-', '')]);
  }
  for (const wrong of [
    '',
    '{',
    '{"__proto__":1}',
    '1e400',
    '{"a":[-1e400]}',
    '"\\ud800"',
    `${'['.repeat(501)}${']'.repeat(501)}`,
  ]) {
    const refused = await put('json', wrong, { 'content-type': 'application/json' });
    assert.equal(refused.status, 400, wrong);
    assert.equal(((await refused.json()) as { error: { code: string } }).error.code, 'INVALID_VALUE');
  }
});

test('http: Accept chooses among what a value can be, and JSON is never another value', async () => {
  await cluster.put('object', { name: 'Ada' });
  await cluster.put('dated', { at: new Date(0) });
  await cluster.put('text', 'luis');
  await cluster.put('raw', new Uint8Array([0xff]));
  assert.deepEqual(await taken('object', 'application/json'), [200, 'application/json', '{"name":"Ada"}']);
  assert.deepEqual(await taken('object', 'text/html, */*;q=0.8'), [200, 'application/json', '{"name":"Ada"}']);
  const packed = await fetch(`${base}/v1/keys/object`, { headers: { accept: 'application/msgpack' } });
  assert.equal(packed.headers.get('content-type'), 'application/msgpack');
  assert.equal(packed.headers.get('vary'), 'accept');
  assert.deepEqual(decode(await packed.arrayBuffer()), { name: 'Ada' });
  assert.equal((await taken('dated'))[1], 'application/x-msgpack');
  assert.equal((await taken('dated', 'application/json, */*;q=0.1'))[1], 'application/x-msgpack');
  const [status, , error] = await taken('dated', 'application/json');
  assert.deepEqual([status, (JSON.parse(error) as { error: { code: string } }).error.code], [406, 'NOT_ACCEPTABLE']);
  assert.equal((await taken('raw', 'application/json'))[0], 406);
  assert.deepEqual(await taken('text', 'application/json, text/plain, */*'), [200, 'text/plain', 'luis']);
  assert.deepEqual(await taken('text', 'application/json'), [200, 'application/json', '"luis"']);
  assert.deepEqual(await taken('text', 'image/png'), [200, 'text/plain', 'luis']);
});

test('http: msgpack in is a structured value; what cannot be read is refused', async () => {
  const body = Buffer.from(encode({ at: new Date(5), list: [1, 2] }));
  const sent = { method: 'PUT', headers: { 'content-type': 'application/msgpack' } };
  assert.equal((await fetch(`${base}/v1/keys/packed`, { ...sent, body })).status, 204);
  assert.deepEqual(await cluster.get('packed'), { at: new Date(5), list: [1, 2] });
  const loop = Buffer.from('d6690000000191d67000000001', 'hex');
  assert.equal((await fetch(`${base}/v1/keys/packed`, { ...sent, body: loop })).status, 400);
});

test('http: a list tells kinds, and structured values as JSON', async () => {
  await cluster.putMany([
    ['kinds:1', 'x'],
    ['kinds:2', new Uint8Array([0xff])],
    ['kinds:3', { a: 1 }],
    ['kinds:4', 5],
    ['kinds:5', new Date(0)],
  ]);
  const listed = async (query: string): Promise<Record<string, unknown>[]> => {
    const text = await (await fetch(`${base}/v1/keys?prefix=kinds:${query}`)).text();
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    return lines
      .map(({ version: _, ...rest }) => rest)
      .sort((one, other) => (String(one.key) < String(other.key) ? -1 : 1));
  };
  assert.deepEqual(await listed(''), [
    { key: 'kinds:1', kind: 'text', value: 'x' },
    { key: 'kinds:2', kind: 'bytes', value: '/w==', valueEncoding: 'base64' },
    { key: 'kinds:3', kind: 'structured', value: { a: 1 } },
    { key: 'kinds:4', kind: 'number', value: '5' },
    { key: 'kinds:5', kind: 'structured', value: '1v8AAAAA', valueEncoding: 'msgpack' },
  ]);
  assert.equal((await listed('&keysOnly=true'))[2]?.kind, 'structured');
});
