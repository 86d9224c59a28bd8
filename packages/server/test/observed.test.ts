/** What an operator sees of a server: one status a scrape, reads of every front, errors, nodes without room. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Cluster } from '@quintet/engine';
import { metricsText } from '../src/http/metrics.ts';
import { type RunningServer, startServer } from '../src/index.ts';
import { Conversation, PAUSE } from './differential/conversation.ts';
import { connect } from './support/fake-transport.ts';

let cluster: Cluster;
let server: RunningServer;
let client: Conversation;

before(async () => {
  cluster = await Cluster.start({ nodes: 3, shards: 4, maxMemory: 4 * 1024 * 1024 });
  server = await startServer(cluster, { port: 0 });
  client = await Conversation.open(server.port);
});

after(async () => {
  client?.close();
  await server?.close();
  await cluster?.close();
});

const page = async (path: string): Promise<string> => (await fetch(`http://${server.address}${path}`)).text();

/** A field of INFO. */
async function info(field: string): Promise<string | undefined> {
  return new RegExp(`^${field}:(.*)\r$`, 'm').exec(await client.say([['INFO', 'everything']], PAUSE))?.[1];
}

const lookups = async () => [await info('keyspace_hits'), await info('keyspace_misses')].join(' ');

function metricOf(metrics: string, name: string): number {
  return Number(
    metrics
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1),
  );
}

test('INFO tells how many keys have a time to live, and no avg_ttl, which nobody counts', async () => {
  const { ask, context } = connect();
  const status = context.cluster.status();
  const shards = [
    { keys: 3, expiring: 2 },
    { keys: 4, expiring: 0 },
  ] as unknown as typeof status.shards;
  context.cluster.status = () => ({ ...status, shards });
  assert.match(await ask('INFO', 'keyspace'), /^db0:keys=7,expires=2\r$/m);
});

test('one scrape asks for the status once', async () => {
  const { context } = connect();
  let asked = 0;
  // The first asks once more: how many seats there are, for good.
  await metricsText(context);
  const { status } = context.cluster;
  context.cluster.status = () => {
    asked++;
    return status();
  };
  await metricsText(context);
  assert.equal(asked, 1);
});

test('a read counts, whichever front it comes by', async () => {
  await cluster.put('there', 'x');
  await client.say([['CONFIG', 'RESETSTAT']], PAUSE);
  assert.equal(await lookups(), '0 0');
  await client.say(
    [
      ['GET', 'there'],
      ['GET', 'not'],
      ['MGET', 'there', 'not'],
      ['EXISTS', 'there'],
    ],
    PAUSE,
  );
  assert.equal(await lookups(), '3 2', 'RESP');
  await client.say(
    [
      ['QUINTET', 'ENTRY', 'there'],
      ['QUINTET', 'ENTRY', 'not'],
    ],
    PAUSE,
  );
  assert.equal(await lookups(), '4 3', 'kvctl');
  await page('/v1/keys/there');
  await page('/v1/keys/not');
  assert.equal(await lookups(), '5 4', 'HTTP');
  await grpcGet('there');
  await grpcGet('not');
  assert.equal(await lookups(), '6 5', 'gRPC');
  await cluster.get('there');
  await cluster.getMany(['not', 'nor']);
  assert.equal(await lookups(), '7 7', 'the library');
  const metrics = await page('/metrics');
  assert.equal(metricOf(metrics, 'redis_keyspace_hits_total'), 7);
  assert.equal(metricOf(metrics, 'redis_keyspace_misses_total'), 7);
  await client.say([['MULTI'], ['GET', 'there'], ['GET', 'not'], ['EXEC']], PAUSE);
  assert.equal(await lookups(), '8 8', 'MULTI');
});

async function grpcGet(key: string): Promise<void> {
  const path = fileURLToPath(new URL('../proto/kvstore.server.v2.proto', import.meta.url));
  const definition = loadSync([path], { keepCase: true })['kvstore.server.v2.KeyValueService'];
  const Service = grpc.makeGenericClientConstructor(definition as grpc.ServiceDefinition, '');
  const service = new Service(server.address, grpc.credentials.createInsecure());
  type Get = (request: object, done: () => void) => void;
  await new Promise<void>((resolve) => (service as unknown as { Get: Get }).Get({ key: Buffer.from(key) }, resolve));
  service.close();
}

test('errors are counted by their first word, those inside of an EXEC too', async () => {
  const { ask, executor } = connect();
  await ask('NOPE');
  await ask('GET');
  await ask('SET', 'a', 'x');
  await ask('INCR', 'a');
  await ask('GETEX', 'a', 'EX', '0');
  executor.failNext = { code: 'BUSY', synchronously: true };
  await ask('GET', 'a');
  executor.failNext = { code: 'OUT_OF_MEMORY', synchronously: false };
  await ask('SET', 'a', '1');
  await ask('MULTI');
  await ask('INCR', 'a');
  await ask('EXEC');
  const text = await ask('INFO', 'errorstats');
  assert.equal(
    text.slice(text.indexOf('#')),
    '# Errorstats\r\nerrorstat_BUSY:count=1\r\nerrorstat_ERR:count=5\r\nerrorstat_OOM:count=1\r\n\r\n',
  );
  await ask('CONFIG', 'RESETSTAT');
  assert.doesNotMatch(await ask('INFO', 'errorstats'), /errorstat_/);
});

test('reads that no node was asked for show in INFO, in replies of their order, and in the slow log', async () => {
  await client.say([['SET', 'cached', 'value']], PAUSE);
  await client.say([['GET', 'cached']], PAUSE);
  const hits = Number(await info('read_cache_hits'));
  const pipeline = [
    ['GET', 'cached'],
    ['SET', 'other', '1'],
    ['GET', 'cached'],
    ['STRLEN', 'cached'],
    ['GET', 'other'],
  ];
  assert.equal(await client.say(pipeline, PAUSE), '$5\r\nvalue\r\n+OK\r\n$5\r\nvalue\r\n:5\r\n$1\r\n1\r\n');
  assert.ok(Number(await info('read_cache_hits')) >= hits + 2);
  assert.ok(Number(await info('read_cache_keys')) >= 1);
  assert.equal(await info('mem_read_cache'), await info('read_cache_bytes'));
  await client.say(
    [
      ['CONFIG', 'SET', 'slowlog-log-slower-than', '0'],
      ['SLOWLOG', 'RESET'],
    ],
    PAUSE,
  );
  await client.say([['GET', 'cached']], PAUSE);
  assert.match(await client.say([['SLOWLOG', 'GET']], PAUSE), /GET\r\n\$6\r\ncached/);
});

test('a node without room shows in status, health, INFO and metrics; so does every node', async () => {
  const before = await page('/metrics');
  for (const node of ['n1', 'n2', 'n3']) {
    assert.equal(metricOf(before, `quintet_node_memory_full{node="${node}"}`), 0);
    assert.ok(metricOf(before, `quintet_node_memory_bytes{node="${node}"}`) > 0);
    assert.ok(metricOf(before, `quintet_node_keys{node="${node}"}`) >= 0);
    assert.ok(metricOf(before, `quintet_node_loop_delay_max_seconds{node="${node}"}`) >= 0);
  }
  assert.equal(await page('/healthz'), 'ok\n');
  const told = once(cluster.events, 'memory-full');
  const refused = (answer: string) => answer.includes('-OOM ');
  for (let key = 0; !refused(await client.say([['SET', `fill-${key}`, 'x'.repeat(50_000)]], PAUSE)); key++) {
    assert.ok(key < 1000, 'it is never full');
  }
  const [{ node }] = (await told) as [{ node: string }];
  const seat = node.split('#')[0]!;
  const metrics = await page('/metrics');
  assert.equal(metricOf(metrics, `quintet_node_memory_full{node="${seat}"}`), 1);
  assert.ok(metricOf(metrics, 'quintet_errors_total{code="OUT_OF_MEMORY"}') >= 1);
  assert.equal(metricOf(metrics, 'redis_errors_total{err="OOM"}'), 1);
  assert.match(await page('/healthz'), new RegExp(`^ok, but no memory left in .*${seat}.*: writes are refused\n$`));
  assert.match(await page('/v1/status'), /"health":"full"/);
  assert.equal(await info('health'), 'full');
  assert.ok(Number(await info('nodes_full')) >= 1);
  assert.ok(Number(await info('errors_out_of_memory')) >= 1);
  assert.equal(await info('errorstat_OOM'), 'count=1');
});
