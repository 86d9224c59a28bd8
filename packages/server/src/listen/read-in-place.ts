/**
 * Read in place: connections whose bytes all arrive in one buffer, instead of in a new one for every read.
 *
 * Owns      that buffer, and the way of a connection from the socket that accepted it to one that reads so.
 * Does not  keep bytes: whoever is given them copies what must outlive the call.
 * Why       A `data` event costs an allocation, a trip through the readable side of the stream and garbage: a quarter of what
 *           a small request costs this thread. Node reads into a buffer of ours only for sockets made with `onread`, and a
 *           server makes them without. So the handle moves on to a socket of our own once the protocol is known. The first
 *           socket stays as an empty shell until that one is closed: the server counts its connections by it.
 * Falls back  to `data` inside of TLS, and where a socket has no handle that can do this.
 */
import { Socket, type SocketConstructorOpts } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Takes the first `length` of `bytes`, which are others after the call. False: no more, until the socket is resumed. */
export type TakeBytes = (bytes: Buffer, length: number) => boolean;

interface Handle {
  readonly useUserBuffer?: unknown;
}

/** `onread` is documented for sockets that connect; `handle` is what Node's own servers make their sockets with. */
interface InPlaceOptions extends SocketConstructorOpts {
  readonly handle: Handle;
  readonly onread: { readonly buffer: Buffer; readonly callback: (length: number) => boolean };
}

const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** The socket to go on with, and whether it is read in place. Only it may be used afterwards. */
export function readInPlace(accepted: Socket, take: TakeBytes): { readonly socket: Socket; readonly inPlace: boolean } {
  const handle = takeHandle(accepted);
  if (handle === null) {
    accepted.on('data', (chunk: Buffer) => take(chunk, chunk.length));
    return { socket: accepted, inPlace: false };
  }
  const onread = { buffer, callback: (length: number) => take(buffer, length) };
  const options: InPlaceOptions = { handle, allowHalfOpen: true, onread };
  const socket = new Socket(options);
  socket.on('error', () => socket.destroy());
  socket.once('close', () => accepted.destroy());
  return { socket, inPlace: true };
}

/** Null if it stays where it is. */
function takeHandle(socket: Socket): Handle | null {
  const holder = socket as unknown as { _handle?: Handle | null };
  const handle = holder._handle ?? null;
  if (handle === null || typeof handle.useUserBuffer !== 'function' || socket instanceof TLSSocket) return null;
  holder._handle = null;
  return handle;
}
