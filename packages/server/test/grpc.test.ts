import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader';
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
let seed: grpc.Client & Record<string, Unary>;
let ours: grpc.Client & Record<string, Unary>;

function client(service: string, address: string): grpc.Client & Record<string, Unary> {
  const Constructor = grpc.makeGenericClientConstructor(definitions[service] as grpc.ServiceDefinition, service);
  return new Constructor(address, grpc.credentials.createInsecure()) as unknown as grpc.Client & Record<string, Unary>;
}

before(async () => {
  cluster = await Cluster.start({ nodes: 3, shards: 4 });
  server = await startServer(cluster, { port: 0 });
  locked = await startServer(cluster, { port: 0, password: 'secret' });
  seed = client('kvstore.server.v1.ServerService', server.address);
  ours = client('kvstore.server.v2.KeyValueService', server.address);
});

after(async () => {
  seed?.close();
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

test("grpc: the seed's own client works, with the seed's codes", async () => {
  assert.deepEqual(await ask(seed, 'PutValue', { key: 'name', value: 'grüß' }), { success: true });
  assert.deepEqual(await ask(seed, 'GetValue', { key: 'name' }), { value: 'grüß' });
  assert.deepEqual(await ask(seed, 'PutValue', { key: 'empty', value: '' }), { success: true });
  assert.deepEqual(await ask(seed, 'GetValue', { key: 'empty' }), { value: '' });
  assert.equal(await codeOf(ask(seed, 'GetValue', { key: '' })), grpc.status.INVALID_ARGUMENT);
  assert.equal(await codeOf(ask(seed, 'PutValue', { key: '', value: 'x' })), grpc.status.INVALID_ARGUMENT);
  assert.equal(await codeOf(ask(seed, 'GetValue', { key: 'missing' })), grpc.status.NOT_FOUND);
  const longKey = { key: 'x'.repeat(70_000), value: 'x' };
  assert.equal(await codeOf(ask(seed, 'PutValue', longKey)), grpc.status.INVALID_ARGUMENT, 'the seed said OK');
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
  test(`grpc: reflection (${version}) tells enough to make a client of the seed's service from it`, async () => {
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
    const made = new Constructor(server.address, grpc.credentials.createInsecure()) as unknown as typeof seed;
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
  guarded.close();
});
