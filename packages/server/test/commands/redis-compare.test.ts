import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { request } from '../support/fake-transport.ts';
import { NO_REDIS, REDIS_VERSION, RedisServer } from '../support/redis-server.ts';
import { MODAL, PLAIN, wire } from './scripts/index.ts';

const skip = NO_REDIS;

let redis: RedisServer;
let socket: Socket;

before(async () => {
  if (skip) return;
  redis = await RedisServer.start();
  socket = connect(redis.port, '127.0.0.1');
  socket.setEncoding('latin1');
  await once(socket, 'connect');
});

after(async () => {
  if (skip) return;
  socket.destroy();
  await redis.stop();
});

/** One request's reply: what came before the reply to an ECHO sent behind it. */
async function ask(line: string): Promise<string> {
  const mark = '$14\r\n--end-of-row--\r\n';
  let text = '';
  socket.write(request(...line.split(' ')) + request('ECHO', '--end-of-row--'), 'latin1');
  while (!text.endsWith(mark)) text += String((await once(socket, 'data'))[0]);
  return text.slice(0, -mark.length);
}

/** One request's reply where an ECHO behind it would be queued or refused: as many bytes as are expected, or what comes. */
async function askFor(line: string, length: number): Promise<string> {
  let text = '';
  socket.write(request(...line.split(' ')), 'latin1');
  while (text.length < length) text += String((await once(socket, 'data'))[0]);
  return text;
}

for (const [name, script] of Object.entries(MODAL)) {
  test(`Redis ${REDIS_VERSION} agrees: ${name}`, { skip, timeout: 10_000 }, async () => {
    await ask('RESET');
    await ask('FLUSHALL');
    for (const [line, reply, mark] of script) {
      if (mark !== 'ours') assert.equal(await askFor(line, wire(reply).length), wire(reply), line);
    }
    await ask('RESET');
  });
}

for (const [name, script] of Object.entries(PLAIN)) {
  test(`Redis ${REDIS_VERSION} agrees: ${name}`, { skip }, async () => {
    await ask('RESET');
    await ask('FLUSHALL');
    const answers: string[] = [];
    const wanted: string[] = [];
    for (const [line, reply, mark] of script) {
      if (mark === 'ours') continue;
      const answer = await ask(line);
      if (mark === 'clock') continue;
      answers.push(`${line} → ${answer}`);
      wanted.push(`${line} → ${wire(reply)}`);
    }
    assert.deepEqual(answers, wanted);
  });
}
