/** A server beside which gRPC's optional packages are not installed: every other protocol works, and HTTP/2 is told what is missing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { register } from 'node:module';
import { connect as connectSocket } from 'node:net';
import { after, before, test } from 'node:test';
import { Cluster } from '@quintet/engine';
import { type RunningServer, startServer } from '../src/index.ts';
import { RecordedLog } from './support/recorded-log.ts';

/** Nothing in this process finds them. */
const hooks = `export function resolve(name, context, next) {
  if (/^(@grpc\\/|grpc-health-check)/.test(name)) throw new Error('Cannot find package ' + name);
  return next(name, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

const ADVICE = /gRPC is not installed .*npm i @grpc\/grpc-js @grpc\/proto-loader @grpc\/reflection grpc-health-check/;
const log = new RecordedLog();
let cluster: Cluster;
let server: RunningServer;

before(async () => {
  cluster = await Cluster.start({ nodes: 3, shards: 4 });
  server = await startServer(cluster, { port: 0, log, limits: { firstLineMs: 300 } });
});

after(async () => {
  await server?.close();
  await cluster?.close();
});

/** One request over a connection of its own, which the server is to end. */
async function ask(headers: Record<string, string>): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  const session = connect(`http://127.0.0.1:${server.port}`);
  const ended = once(session, 'close');
  const stream = session.request({ ':method': 'POST', ':path': '/any.Service/Method', ...headers });
  stream.setEncoding('utf8').end('a message');
  let body = '';
  stream.on('data', (text: string) => {
    body += text;
  });
  const [[answered]] = (await Promise.all([once(stream, 'response'), once(stream, 'close')])) as [
    [IncomingHttpHeaders],
    unknown,
  ];
  await ended;
  return { headers: answered, body };
}

test('absent gRPC: a call is UNIMPLEMENTED, says what to install, and so does the log', async () => {
  const { headers } = await ask({ 'content-type': 'application/grpc', te: 'trailers' });
  assert.equal(headers['grpc-status'], '12');
  assert.match(String(headers['grpc-message']), ADVICE);
  const { level, fields } = await log.until('grpc-absent');
  assert.equal(level, 'warn');
  assert.match(String(fields.reason), ADVICE);
  assert.match(String(fields.cause), /Cannot find package/);
});

test('absent gRPC: HTTP/2 that is no gRPC gets a 501', async () => {
  const { headers, body } = await ask({});
  assert.equal(headers[':status'], 501);
  assert.match(body, ADVICE);
});

test('absent gRPC: who calls nothing is cut off, and the server serves on', async () => {
  const silent = connectSocket(server.port, '127.0.0.1');
  silent.resume().write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  await once(silent, 'close');
  assert.equal((await fetch(`http://127.0.0.1:${server.port}/v1/status`)).status, 200);
  assert.deepEqual(log.named('server-bug'), []);
});
