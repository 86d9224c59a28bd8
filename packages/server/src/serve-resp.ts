/** A socket that speaks RESP, and its session. */
import type { Socket } from 'node:net';
import type { ServerContext } from './server-context.ts';
import { Session } from './session.ts';
import { SocketTransport } from './socket-transport.ts';
import type { Guest } from './strangers.ts';

/** `first`: the bytes that told its protocol. */
export function serveResp(socket: Socket, context: ServerContext, first: Buffer, guest: Guest): void {
  const session = new Session(context, new SocketTransport(socket));
  socket.on('data', (chunk: Buffer) => session.onData(chunk));
  socket.on('drain', () => session.onDrain());
  socket.on('end', () => session.onEnd());
  socket.on('close', () => session.onClosed());
  session.guest = guest;
  guest.holder = session;
  session.onData(first);
}
