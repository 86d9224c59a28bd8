/**
 * AbsentGrpcFront: HTTP/2 connections where gRPC's packages are not installed. The first call on each is told so, and the connection
 * ends; one that calls nothing within `firstLineMs` is cut off.
 */
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { hostAndPort } from '../listen/socket-transport.ts';
import type { ServerContext } from '../state/server-context.ts';
import { mendServer } from './http2-mends.ts';

const UNIMPLEMENTED = '12';
const ABSENT =
  'gRPC is not installed beside this server: npm i @grpc/grpc-js @grpc/proto-loader @grpc/reflection grpc-health-check';

export class AbsentGrpcFront {
  private readonly context: ServerContext;
  private readonly cause: Error;
  private readonly server: Http2Server;
  private readonly sockets = new Set<Socket>();

  constructor(context: ServerContext, cause: Error) {
    this.context = context;
    this.cause = cause;
    this.server = createServer({ settings: { maxConcurrentStreams: 1 } });
    this.server.on('stream', refuse).on('sessionError', () => {});
    mendServer(this.server);
  }

  take(socket: Socket): void {
    const address = hostAndPort(socket.remoteAddress ?? '', socket.remotePort ?? 0);
    this.context.incidents.grpcAbsent(address, ABSENT, this.cause);
    this.sockets.add(socket);
    const limit = setTimeout(() => socket.destroy(), this.context.limits.firstLineMs).unref();
    socket.once('close', () => {
      clearTimeout(limit);
      this.sockets.delete(socket);
    });
    this.server.emit('connection', socket);
  }

  drain(): void {
    this.destroy();
  }

  destroy(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

function refuse(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const { session } = stream;
  stream.on('error', () => {}).once('close', () => session?.close());
  if (headers['content-type']?.startsWith('application/grpc') === true) {
    const grpc = { 'content-type': 'application/grpc', 'grpc-status': UNIMPLEMENTED, 'grpc-message': ABSENT };
    stream.respond({ ':status': 200, ...grpc }, { endStream: true });
  } else {
    stream.respond({ ':status': 501, 'content-type': 'text/plain' });
    stream.end(`${ABSENT}\n`);
  }
}
