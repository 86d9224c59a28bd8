/**
 * Two ways in which a few frames from anybody, before any password, end the whole process and so every node of it. Both
 * were found by fuzzing; both are kept out here, in front of grpc-js and node's HTTP/2.
 *
 * Dead streams   grpc-js answers a call it does not know (or of another content type) at once. If the client has reset the
 *                stream in the same packet, node throws there, inside a listener of nobody's.
 * Ends within    node ends a session from within nghttp2's own callback (at a GOAWAY, say). nghttp2 before 1.68.1 reads on
 *                in the same packet, and a malformed frame there fails an assertion of its: abort. Ended a turn later, the
 *                session has no callback in flight.
 */
import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

type StreamListener = (stream: ServerHttp2Stream, ...rest: unknown[]) => void;

/** To be called once the server has its injector. */
export function mendHttp2(server: Server): void {
  // No public way leads there; should a later grpc-js name it otherwise, better not to start than to be open to this.
  const { http2Servers } = server as object as { readonly http2Servers?: ReadonlyMap<Http2Server, unknown> };
  if (http2Servers === undefined) throw new Error('grpc-js has changed: its HTTP/2 servers are not where they were');
  for (const http2Server of http2Servers.keys()) mendServer(http2Server);
}

/** To be called once the server has its listener for streams. */
export function mendServer(http2Server: Http2Server): void {
  http2Server.prependListener('session', endLater);
  keepDeadStreams(http2Server);
}

function endLater(session: ServerHttp2Session): void {
  const close = session.close.bind(session);
  const destroy = session.destroy.bind(session);
  session.close = (callback) => void setImmediate(close, callback);
  session.destroy = (error, code) => void setImmediate(destroy, error, code);
}

function keepDeadStreams(http2Server: Http2Server): void {
  const listeners = http2Server.listeners('stream') as StreamListener[];
  http2Server.removeAllListeners('stream');
  http2Server.on('stream', (stream: ServerHttp2Stream, ...rest: unknown[]) => {
    if (stream.destroyed || stream.closed) {
      // What killed it may be told yet, and an error that nobody hears ends the process too.
      stream.on('error', () => {});
      return;
    }
    for (const listener of listeners) listener.call(http2Server, stream, ...rest);
  });
}
