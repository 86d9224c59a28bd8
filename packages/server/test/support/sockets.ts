/** Raw sockets to a server: what a client that is no library would do. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

interface Address {
  readonly port: number;
  readonly host: string;
}

export async function open({ port, host }: Address): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** All that comes until the other side ends. */
export async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  if (!socket.destroyed && !socket.readableEnded) await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  socket.destroy();
  return text;
}

/** What comes until it holds `end`, which it is read to. */
export async function readUntil(socket: Socket, end: string): Promise<string> {
  let text = '';
  while (!text.includes(end)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString('latin1');
  }
  return text;
}

/** Sends, ends, and reads all. */
export async function exchange(address: Address, text: string): Promise<string> {
  const socket = await open(address);
  const reading = readAll(socket);
  socket.end(text, 'latin1');
  return reading;
}
