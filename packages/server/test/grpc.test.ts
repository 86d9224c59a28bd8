import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader';
import { encode } from '@msgpack/msgpack';
import { Cluster } from '@quintet/engine';
import { type RunningServer, startServer } from '../src/index.ts';

type Unary = (
  request: object,
  metadata: grpc.Metadata,
  done: (error: grpc.ServiceError | null, answer: Record<string, unknown>) => void,
) => void;

const paths = ['kvstore.server.v1', 'kvstore.server.v2'].map((name) =>
  fileURLToPath(new URL(`../proto/${name}.proto`, import.meta.url)),
);
const definitions = loadSync(paths, { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true });

let cluster: Cluster;
let server: RunningServer;
let locked: RunningServer;
let kvStore: grpc.Client & Record<string, Unary>;
let ours: grpc.Client & Record<string, Unary>;

function client(service: string, address: string): grpc.Client & Record<string, Unary> {
  const Constructor = grpc.makeGenericClientConstructor(definitions[service] as grpc.ServiceDefinition, service);
  return new Constructor(address, grpc.credentials.createInsecure()) as unknown as grpc.Client & Record<string, Unary>;
}

before(async () => {
  cluster = await Cluster.start({ nodes: 3, shards: 4 });
  server = await startServer(cluster, { port: 0 });
  locked = await startServer(cluster, { port: 0, password: 'secret' });
  kvStore = client('kvstore.server.v1.ServerService', server.address);
  ours = client('kvstore.server.v2.KeyValueService', server.address);
});

after(async () => {
  kvStore?.close();
  ours?.close();
  await server?.close();
  await locked?.close();
  await cluster?.close();
});

function ask(
  service: Record<string, Unary>,
  method: string,
  request: object,
  metadata = new grpc.Metadata(),
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    service[method]!(request, metadata, (error, answer) => (error === null ? resolve(answer) : reject(error)));
  });
}

async function codeOf(failing: Promise<unknown>): Promise<number> {
  try {
    await failing;
  } catch (error) {
    return (error as grpc.ServiceError).code;
  }
  return grpc.status.OK;
}

test("grpc: kv-store's own client works, with kv-store's codes", async () => {
  assert.deepEqual(await ask(kvStore, 'PutValue', { key: 'name', value: 'grüß' }), { success: true });
  assert.deepEqual(await ask(kvStore, 'GetValue', { key: 'name' }), { value: 'grüß' });
  assert.deepEqual(await ask(kvStore, 'PutValue', { key: 'empty', value: '' }), { success: true });
  assert.deepEqual(await ask(kvStore, 'GetValue', { key: 'empty' }), { value: '' });
  assert.equal(await codeOf(ask(kvStore, 'GetValue', { key: '' })), grpc.status.INVALID_ARGUMENT);
  assert.equal(await codeOf(ask(kvStore, 'PutValue', { key: '', value: 'x' })), grpc.status.INVALID_ARGUMENT);
  assert.equal(await codeOf(ask(kvStore, 'GetValue', { key: 'missing' })), grpc.status.NOT_FOUND);
  const longKey = { key: 'x'.repeat(70_000), value: 'x' };
  assert.equal(await codeOf(ask(kvStore, 'PutValue', longKey)), grpc.status.INVALID_ARGUMENT, 'kv-store said OK');
  assert.equal(await cluster.get('name'), 'grüß');
});

test('grpc: bytes, versions, conditions, deadlines', async () => {
  const key = Buffer.from([0, 255, 1]);
  const value = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const { version } = await ask(ours, 'Put', { key, value, ttl_ms: 100_000, if_absent: true });
  const entry = await ask(ours, 'Get', { key });
  assert.deepEqual(entry.value, value);
  assert.equal(entry.version, version);
  assert.ok(Number(entry.expires_at_ms) > Date.now());
  const stale = { key, value, if_version: Number(version) + 1 };
  assert.equal(await codeOf(ask(ours, 'Put', stale)), grpc.status.FAILED_PRECONDITION);
  assert.equal(await codeOf(ask(ours, 'Put', { key, value, if_absent: true })), grpc.status.FAILED_PRECONDITION);
  assert.deepEqual(await ask(ours, 'Delete', { key, if_version: version }), { deleted: true });
  assert.deepEqual(await ask(ours, 'Delete', { key }), { deleted: false });
  assert.equal(await codeOf(ask(ours, 'Get', { key })), grpc.status.NOT_FOUND);
});

test('grpc: many at once, and all of them again', async () => {
  const puts = Array.from({ length: 300 }, (_, index) => ({
    key: Buffer.from(`scan:${index}`),
    value: Buffer.from('v'),
  }));
  await ask(ours, 'PutMany', { puts });
  const refused = [{ key: Buffer.from('scan:new') }, { key: Buffer.from('scan:0'), if_absent: true }];
  assert.equal(await codeOf(ask(ours, 'PutMany', { puts: refused })), grpc.status.FAILED_PRECONDITION);
  const scan = ours.Scan as unknown as (request: object) => grpc.ClientReadableStream<{ key: Buffer }>;
  const keys = new Set<string>();
  for await (const { key } of scan.call(ours, { prefix: Buffer.from('scan:') })) keys.add(String(key));
  assert.equal(keys.size, 300);
  const status = JSON.parse(String((await ask(ours, 'Status', {})).json)) as { health: string };
  assert.equal(status.health, 'ok');
});

test('grpc: a watch hears of changes by anybody', async () => {
  const watch = ours.Watch as unknown as (request: object) => grpc.ClientReadableStream<{ type: string }>;
  const stream = watch.call(ours, { prefix: Buffer.from('w:') });
  await new Promise((resolve) => stream.once('metadata', resolve));
  await cluster.put('w:1', 'x');
  await cluster.put('other', 'x');
  await cluster.delete('w:1');
  const types: string[] = [];
  stream.on('error', () => {});
  for await (const change of stream) {
    types.push(change.type);
    if (types.length === 2) break;
  }
  stream.cancel();
  assert.deepEqual(types, ['TYPE_PUT', 'TYPE_DELETE']);
});

interface ToldChange {
  readonly type: string;
  readonly entry: { readonly key: Buffer; readonly value: Buffer };
  readonly position: string;
}

/** A watch that stands, with the position it begins at. */
async function watchFrom(from: string, prefix = 'r:'): Promise<grpc.ClientReadableStream<ToldChange> & { at: string }> {
  const watch = ours.Watch as unknown as (request: object) => grpc.ClientReadableStream<ToldChange>;
  const stream = watch.call(ours, { prefix: Buffer.from(prefix), from });
  stream.on('error', () => {});
  const [metadata] = (await once(stream, 'metadata')) as [grpc.Metadata];
  return Object.assign(stream, { at: String(metadata.get('position')[0]) });
}

async function take(stream: grpc.ClientReadableStream<ToldChange>, count: number): Promise<ToldChange[]> {
  const changes: ToldChange[] = [];
  if (count > 0) for await (const change of stream) if (changes.push(change) === count) break;
  stream.cancel();
  return changes;
}

test('grpc: a watch goes on from the position another got to, without gap or repetition', async () => {
  const first = await watchFrom('');
  for (let n = 0; n < 10; n++) await cluster.put(`r:${n}`, n);
  const told = await take(first, 4);
  await cluster.put('r:late', 'x');
  const rest = await take(await watchFrom(told.at(-1)!.position), 7);
  const keys = [...told, ...rest].map(({ entry }) => String(entry.key));
  assert.deepEqual(keys.sort(), ['r:0', 'r:1', 'r:2', 'r:3', 'r:4', 'r:5', 'r:6', 'r:7', 'r:8', 'r:9', 'r:late']);
  const again = await take(await watchFrom(first.at), 11);
  assert.equal(new Set(again.map(({ entry }) => String(entry.key))).size, 11);
});

test('grpc: the changes of a transaction come together, and only the last has a position', async () => {
  const stream = await watchFrom('');
  const puts = ['a', 'b', 'c'].map((name) => ({ key: Buffer.from(`r:tx:${name}`), value: Buffer.from(name) }));
  await ask(ours, 'PutMany', { puts });
  const positions = (await take(stream, 3)).map(({ position }) => position !== '');
  assert.deepEqual(positions, [false, false, true]);
});

test('grpc: a watcher that reads late hears everything', async () => {
  const stream = await watchFrom('', 'slow:');
  const value = 'x'.repeat(100_000);
  for (let n = 0; n < 100; n++) await cluster.put(`slow:${n % 7}`, `${n}${value}`);
  const changes = await take(stream, 100);
  for (let key = 0; key < 7; key++) {
    const mine = changes.filter(({ entry }) => String(entry.key) === `slow:${key}`);
    const told = mine.map(({ entry }) => Number.parseInt(String(entry.value), 10));
    assert.deepEqual(
      told,
      [...told].sort((one, other) => one - other),
    );
  }
  assert.equal(changes.length, 100);
});

test('grpc: who was away for more than a feed holds hears everything the history has', async () => {
  const own = await startServer(cluster, { port: 0, limits: { watchBytes: 100_000 } });
  const guest = client('kvstore.server.v2.KeyValueService', own.address);
  const first = await watchFrom('', 'away:');
  first.cancel();
  for (let n = 0; n < 30; n++) await cluster.put(`away:${n}`, 'x'.repeat(20_000));
  const watch = guest.Watch as unknown as (request: object) => grpc.ClientReadableStream<ToldChange>;
  const changes = await take(watch.call(guest, { prefix: Buffer.from('away:'), from: first.at }), 30);
  assert.equal(new Set(changes.map(({ entry }) => String(entry.key))).size, 30);
  guest.close();
  await own.close();
});

test('grpc: a watch from nowhere is refused, and one whose server goes ends', async () => {
  const watch = (service: typeof ours, from: string) =>
    (service.Watch as unknown as (request: object) => grpc.ClientReadableStream<ToldChange>).call(service, { from });
  for (const from of ['nonsense', 'a:b', '1']) {
    const [error] = (await once(watch(ours, from).resume(), 'error')) as [grpc.ServiceError];
    assert.equal(error.code, grpc.status.INVALID_ARGUMENT, from);
  }
  const unknown = (await watchFrom('')).at.replace(/^[^:]+/, (cluster) => cluster.replace(/./g, '0'));
  const [lagged] = (await once(watch(ours, unknown).resume(), 'error')) as [grpc.ServiceError];
  assert.equal(lagged.code, grpc.status.UNAVAILABLE);
  const own = await startServer(cluster, { port: 0 });
  const guest = client('kvstore.server.v2.KeyValueService', own.address);
  const stream = watch(guest, '').resume();
  const over = once(stream, 'error');
  await once(stream, 'metadata');
  await own.close();
  const [error] = (await over) as [grpc.ServiceError];
  assert.equal(error.code, grpc.status.UNAVAILABLE);
  guest.close();
});

/** A client made from one of the protos that a package brings. */
function packaged(name: string, path: string, service: string, address: string): grpc.Client & Record<string, Unary> {
  const file = fileURLToPath(new URL(path, import.meta.resolve(name)));
  const definition = loadSync(file, { longs: Number, enums: String, defaults: true, oneofs: true });
  const Constructor = grpc.makeGenericClientConstructor(definition[service] as grpc.ServiceDefinition, service);
  return new Constructor(address, grpc.credentials.createInsecure()) as unknown as grpc.Client & Record<string, Unary>;
}

const HEALTH = 'grpc.health.v1.Health';

test('grpc: health answers by service, also to who has no password, and tells that the server goes', async () => {
  const own = await startServer(cluster, { port: 0, password: 'secret' });
  const probe = packaged('grpc-health-check', '../../proto/health/v1/health.proto', HEALTH, own.address);
  for (const service of ['', 'kvstore.server.v1.ServerService', 'kvstore.server.v2.KeyValueService']) {
    assert.equal((await ask(probe, 'check', { service })).status, 'SERVING', service);
  }
  assert.equal(await codeOf(ask(probe, 'check', { service: 'no.such.Service' })), grpc.status.NOT_FOUND);
  const watch = probe.watch as unknown as (request: object) => grpc.ClientReadableStream<{ status: string }>;
  const stream = watch.call(probe, { service: '' });
  const statuses: string[] = [];
  let closed: Promise<void> | undefined;
  stream.on('error', () => {});
  for await (const { status } of stream) {
    statuses.push(status);
    closed ??= own.close();
    if (statuses.length === 2) break;
  }
  assert.deepEqual(statuses, ['SERVING', 'NOT_SERVING']);
  probe.close();
  await closed;
});

for (const version of ['v1', 'v1alpha']) {
  test(`grpc: reflection (${version}) tells enough to make a client of kv-store's protocol from it`, async () => {
    const name = `grpc.reflection.${version}.ServerReflection`;
    const path = `../proto/grpc/reflection/${version}/reflection.proto`;
    const reflection = packaged('@grpc/reflection', path, name, server.address);
    const info = reflection.ServerReflectionInfo as unknown as () => grpc.ClientDuplexStream<object, Reflected>;
    const tell = async (request: object): Promise<Reflected> => {
      const stream = info.call(reflection);
      stream.on('error', () => {});
      stream.write(request);
      for await (const answer of stream) {
        stream.end();
        return answer as Reflected;
      }
      throw new Error('no answer');
    };
    const { listServicesResponse } = await tell({ listServices: '' });
    const names = listServicesResponse!.service.map((service) => service.name);
    assert.ok(names.includes('kvstore.server.v1.ServerService') && names.includes('kvstore.server.v2.KeyValueService'));

    const { fileDescriptorResponse } = await tell({ fileContainingSymbol: 'kvstore.server.v1.ServerService' });
    // A FileDescriptorSet is its files, each as field 1.
    const files = fileDescriptorResponse!.fileDescriptorProto.map((file) => [
      Buffer.from([10, ...varint(file.length)]),
      file,
    ]);
    const generated = loadFileDescriptorSetFromBuffer(Buffer.concat(files.flat()));
    const service = generated['kvstore.server.v1.ServerService'] as grpc.ServiceDefinition;
    const Constructor = grpc.makeGenericClientConstructor(service, 'ServerService');
    const made = new Constructor(server.address, grpc.credentials.createInsecure()) as unknown as typeof kvStore;
    assert.deepEqual(await ask(made, 'PutValue', { key: 'made', value: '' }), { success: true });
    assert.deepEqual(await ask(made, 'GetValue', { key: 'made' }), { value: '' });
    assert.equal(await codeOf(ask(made, 'PutValue', { value: 'x' })), grpc.status.INVALID_ARGUMENT);
    assert.equal(await codeOf(ask(made, 'GetValue', {})), grpc.status.INVALID_ARGUMENT);
    assert.equal(await codeOf(ask(made, 'GetValue', { key: 'never' })), grpc.status.NOT_FOUND);
    assert.equal(await codeOf(ask(made, 'GetValue', { key: 'x'.repeat(70_000) })), grpc.status.INVALID_ARGUMENT);
    made.close();
    reflection.close();
  });
}

interface Reflected {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
}

test('grpc: what is out of range is refused', async () => {
  const key = Buffer.from('range');
  const long = Buffer.alloc(70_000, 'x');
  for (const method of ['Get', 'Put', 'Delete']) {
    assert.equal(await codeOf(ask(ours, method, { key: long })), grpc.status.INVALID_ARGUMENT, method);
  }
  assert.equal(await codeOf(ask(ours, 'PutMany', { puts: [{ key }, { key: long }] })), grpc.status.INVALID_ARGUMENT);
  assert.equal(await cluster.has('range'), false);
  for (const method of ['Scan', 'Watch']) {
    const call = ours[method] as unknown as (request: object) => grpc.ClientReadableStream<object>;
    const stream = call.call(ours, { prefix: long });
    const [error] = (await once(stream.resume(), 'error')) as [grpc.ServiceError];
    assert.equal(error.code, grpc.status.INVALID_ARGUMENT, method);
  }
});

test('grpc: with a password, every call needs it', async () => {
  const guarded = client('kvstore.server.v1.ServerService', locked.address);
  assert.equal(await codeOf(ask(guarded, 'GetValue', { key: 'name' })), grpc.status.UNAUTHENTICATED);
  const wrong = new grpc.Metadata();
  wrong.set('authorization', 'Bearer guess');
  const begin = performance.now();
  assert.equal(await codeOf(ask(guarded, 'GetValue', { key: 'name' }, wrong)), grpc.status.UNAUTHENTICATED);
  assert.ok(performance.now() - begin >= 99, 'guessing is slow');
  const metadata = new grpc.Metadata();
  metadata.set('authorization', 'Bearer secret');
  await ask(guarded, 'PutValue', { key: 'name', value: 'x' }, metadata);
  assert.deepEqual(await ask(guarded, 'GetValue', { key: 'name' }, metadata), { value: 'x' });
  metadata.set('authorization', `Basic ${Buffer.from('default:secret').toString('base64')}`);
  assert.deepEqual(await ask(guarded, 'GetValue', { key: 'name' }, metadata), { value: 'x' });
  for (const nothing of ['secret', `Basic ${Buffer.from('admin:secret').toString('base64')}`]) {
    metadata.set('authorization', nothing);
    assert.equal(await codeOf(ask(guarded, 'GetValue', { key: 'name' }, metadata)), grpc.status.UNAUTHENTICATED);
  }
  guarded.close();
});

test('grpc: v1 has no words for what is no text, and says so instead of sending other text', async () => {
  await cluster.put('v1:raw', new Uint8Array([0x61, 0xff]));
  await cluster.put('v1:dated', { at: new Date(0) });
  await cluster.put('v1:object', { name: 'Ada' });
  await cluster.put('v1:ascii', new Uint8Array([0x61]));
  for (const key of ['v1:raw', 'v1:dated']) {
    await assert.rejects(ask(kvStore, 'GetValue', { key }), {
      code: grpc.status.FAILED_PRECONDITION,
      details: /use Get of kvstore\.server\.v2/,
    });
  }
  assert.deepEqual(await ask(kvStore, 'GetValue', { key: 'v1:object' }), { value: '{"name":"Ada"}' });
  assert.deepEqual(await ask(kvStore, 'GetValue', { key: 'v1:ascii' }), { value: 'a' });
});

test('grpc: entries tell their kind, and puts may', async () => {
  const key = Buffer.from('kind');
  const kindAfter = async (request: object): Promise<unknown> => {
    await ask(ours, 'Put', { key, ...request });
    return (await ask(ours, 'Get', { key })).kind;
  };
  assert.equal(await kindAfter({ value: Buffer.from('x') }), 'KIND_BYTES');
  assert.equal(await kindAfter({ value: Buffer.from('x'), kind: 'KIND_TEXT' }), 'KIND_TEXT');
  assert.equal(await cluster.get('kind'), 'x');
  assert.equal(await kindAfter({ value: Buffer.from('5'), kind: 'KIND_NUMBER' }), 'KIND_NUMBER');
  assert.equal(await cluster.increment('kind'), 6);
  const value = Buffer.from(encode({ a: [1] }));
  assert.equal(await kindAfter({ value, kind: 'KIND_STRUCTURED' }), 'KIND_STRUCTURED');
  assert.deepEqual(await cluster.get('kind'), { a: [1] });
  const deep = { key, value: Buffer.from('91'.repeat(4000), 'hex'), kind: 'KIND_STRUCTURED' };
  assert.equal(await codeOf(ask(ours, 'Put', deep)), grpc.status.INVALID_ARGUMENT);
  const scan = ours.Scan as unknown as (request: object) => grpc.ClientReadableStream<{ kind: string }>;
  for await (const { kind } of scan.call(ours, { prefix: key })) assert.equal(kind, 'KIND_STRUCTURED');
});
