/** A socket that speaks RESP, and its session. */
import type { Socket } from 'node:net';
import type { Guest } from '../access/strangers.ts';
import { Session } from '../session/session.ts';
import type { ServerContext } from '../state/server-context.ts';
import { SocketTransport } from './socket-transport.ts';

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
