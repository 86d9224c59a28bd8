// The program the lane bundles: the engine with a node killed, and the server over RESP and HTTP. There is no gRPC, which it says.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { Cluster } from '@quintet/engine';
import { startServer } from '@quintet/server';

async function main() {
  const cluster = await Cluster.start({ chaos: true });
  try {
    await cluster.put('name', { first: 'ada' });
    cluster.chaos.kill('n3');
    await cluster.settled();
    assert.deepEqual(await cluster.get('name'), { first: 'ada' });

    const server = await startServer(cluster, { port: 0 });
    const pong = await new Promise((done, fail) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write('PING\r\n'));
      socket.once('error', fail).once('data', (data) => {
        socket.destroy();
        done(`${data}`);
      });
    });
    assert.equal(pong, '+PONG\r\n');
    const status = await (await fetch(`http://127.0.0.1:${server.port}/v1/status`)).json();
    assert.equal(status.health, 'ok');
    const session = connectHttp2(`http://127.0.0.1:${server.port}`);
    const [absent] = await once(session.request({ 'content-type': 'application/grpc', te: 'trailers' }), 'response');
    assert.match(absent['grpc-message'], /gRPC is not installed/);
    session.destroy();
    await server.close();
  } finally {
    await cluster.close();
  }
  console.log('it runs');
}

main();
