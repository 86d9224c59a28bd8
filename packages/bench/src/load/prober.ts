/**
 * A client of its own that asks for little, over and over, and tells how long it ever waited. Argument: the port.
 * `begin` forgets what was; `end` answers with the waits since, a call still in flight included.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { quantilesOf } from '../figures.ts';

const PAUSE_MS = 1;
const VALUE = 'probe';
const CALLS: readonly (readonly [request: string, reply: string])[] = [
  [`*3\r\n$3\r\nSET\r\n$5\r\nprobe\r\n$${VALUE.length}\r\n${VALUE}\r\n`, '+OK\r\n'],
  ['*2\r\n$3\r\nGET\r\n$5\r\nprobe\r\n', `$${VALUE.length}\r\n${VALUE}\r\n`],
];

const socket = connect({ port: Number(process.argv[2]), host: '127.0.0.1', noDelay: true });
await once(socket, 'connect');
let waits: number[] = [];
let beganAt = 0;

async function probe(): Promise<void> {
  for (let turn = 0; ; turn++) {
    const [request, reply] = CALLS[turn % CALLS.length]!;
    beganAt = performance.now();
    socket.write(request);
    let got = '';
    while (got.length < reply.length) got += String((await once(socket, 'data'))[0]);
    if (got !== reply) throw new Error(`the prober got ${JSON.stringify(got)}`);
    waits.push(performance.now() - beganAt);
    beganAt = 0;
    await delay(PAUSE_MS);
  }
}

process.on('message', (message) => {
  if (message === 'begin') {
    waits = [];
    process.send!('begun');
    return;
  }
  if (beganAt > 0) waits.push(performance.now() - beganAt);
  process.send!(quantilesOf(waits));
});
process.send!('there');
await probe();
