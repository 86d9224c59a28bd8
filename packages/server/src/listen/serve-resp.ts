/** A socket that speaks RESP, and its session. */
import type { Socket } from 'node:net';
import type { Guest } from '../access/strangers.ts';
import { Session } from '../session/session.ts';
import type { ServerContext } from '../state/server-context.ts';
import { readInPlace } from './read-in-place.ts';
import { SocketTransport } from './socket-transport.ts';

/** `first`: the bytes that told its protocol. */
export function serveResp(accepted: Socket, context: ServerContext, first: Buffer, guest: Guest): void {
  const { socket, inPlace } = readInPlace(accepted, (bytes, length) => {
    session.onData(bytes, length);
    return transport.readsOn(length);
  });
  const transport = new SocketTransport(socket, inPlace);
  const session = new Session(context, transport);
  socket.on('drain', () => session.onDrain());
  socket.on('end', () => session.onEnd());
  socket.on('close', () => session.onClosed());
  session.guest = guest;
  guest.holder = session;
  session.onData(first);
}
