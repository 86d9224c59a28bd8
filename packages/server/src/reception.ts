/**
 * Reception: every connection from its first byte until its protocol is known, and handed over for good.
 *
 * Owns      sockets not yet decided, the limit on connections, the doors to HTTP and gRPC, TLS around any of the three.
 * Does not  look at a byte after the decision: what one protocol was given never reaches another's parser.
 * Why late  grpc-js is optional and large: it is loaded when the first gRPC connection comes, which waits for it unread.
 */
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { GrpcFace } from './grpc/grpc-face.ts';
import { Guard } from './http/guard.ts';
import { HttpFace } from './http/http-face.ts';
import { error } from './resp/encoder.ts';
import type { ServerContext } from './server-context.ts';
import { Session } from './session.ts';
import { type Protocol, sniff } from './sniff.ts';
import { SocketTransport } from './socket-transport.ts';

export interface ReceptionOptions {
  readonly hosts: readonly string[];
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer } | undefined;
}

/** How long first bytes may leave it open which protocol they begin. Silence is no problem, half a line is. */
const SNIFF_MS = 10_000;
/** How often the memory of all clients is added up, and how long one may take to give the password. */
const SHED_MS = 100;
const UNAUTHENTICATED_MS = 30_000;

export class Reception {
  private readonly context: ServerContext;
  private readonly undecided = new Set<Socket>();
  private readonly http: HttpFace;
  private grpc: Promise<GrpcFace> | null = null;
  private grpcSockets = 0;
  private readonly secureContext: SecureContext | null;
  private readonly shedding: NodeJS.Timeout;

  constructor(context: ServerContext, { hosts, tls }: ReceptionOptions) {
    this.context = context;
    this.http = new HttpFace(context, new Guard(context, hosts));
    this.shedding = setInterval(() => context.shedClients(), SHED_MS).unref();
    this.secureContext = tls === undefined ? null : createSecureContext({ ...tls, minVersion: 'TLSv1.2' });
  }

  private get connections(): number {
    return this.context.sessions.size + this.undecided.size + this.http.connections + this.grpcSockets;
  }

  welcome(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.connections >= this.context.maxClients) {
      this.context.counters.rejectedConnections++;
      socket.end(error('ERR max number of clients reached'));
      return;
    }
    this.listen(socket, false);
  }

  drain(): void {
    for (const socket of this.undecided) socket.destroy();
    this.http.drain();
    this.grpc?.then((face) => face.drain()).catch(() => {});
  }

  destroy(): void {
    clearInterval(this.shedding);
    this.http.destroy();
    this.grpc?.then((face) => face.destroy()).catch(() => {});
  }

  /** `secure`: inside of TLS already, where TLS is no protocol to be found again. */
  private listen(socket: Socket, secure: boolean): void {
    this.undecided.add(socket);
    let first: Buffer = Buffer.alloc(0);
    let timer: NodeJS.Timeout | undefined;
    const leave = (): void => {
      clearTimeout(timer);
      this.undecided.delete(socket);
      socket.off('data', onData);
      socket.off('end', onEnd);
      socket.off('close', leave);
    };
    const onEnd = (): void => void socket.end();
    const onData = (chunk: Buffer): void => {
      first = first.length === 0 ? chunk : Buffer.concat([first, chunk]);
      timer ??= setTimeout(() => socket.destroy(), SNIFF_MS).unref();
      const protocol = sniff(first);
      if (protocol === 'more') return;
      leave();
      this.handOver(socket, first, protocol, secure);
    };
    socket.on('close', leave);
    socket.on('end', onEnd);
    socket.on('data', onData);
  }

  private handOver(socket: Socket, first: Buffer, protocol: Protocol, secure: boolean): void {
    switch (protocol) {
      case 'resp':
        return serveResp(socket, this.context, first);
      case 'http1':
        socket.unshift(first);
        return this.http.take(socket);
      case 'http2':
        return void this.serveGrpc(socket, first);
      case 'tls':
        if (secure || this.secureContext === null) socket.destroy();
        else this.serveTls(socket, first, this.secureContext);
    }
  }

  private async serveGrpc(socket: Socket, first: Buffer): Promise<void> {
    socket.pause();
    socket.unshift(first);
    // An HTTP/2 session does not notice that its client has ended its half; the socket must.
    socket.allowHalfOpen = false;
    this.grpcSockets++;
    socket.once('close', () => this.grpcSockets--);
    try {
      this.grpc ??= import('./grpc/grpc-face.ts').then(({ GrpcFace }) => new GrpcFace(this.context));
      const face = await this.grpc;
      if (this.context.closing || socket.destroyed) socket.destroy();
      else face.take(socket);
    } catch (thrown) {
      socket.destroy();
      this.context.onBug(thrown);
    }
  }

  private serveTls(socket: Socket, first: Buffer, secureContext: SecureContext): void {
    socket.pause();
    socket.unshift(first);
    const inside = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      ALPNProtocols: ['h2', 'http/1.1', 'redis'],
    });
    inside.on('error', () => inside.destroy());
    this.listen(inside, true);
  }
}

function serveResp(socket: Socket, context: ServerContext, first: Buffer): void {
  const session = new Session(context, new SocketTransport(socket));
  socket.on('data', (chunk: Buffer) => session.onData(chunk));
  socket.on('drain', () => session.onDrain());
  socket.on('end', () => session.onEnd());
  socket.on('close', () => session.onClosed());
  if (context.passwordRequired) {
    const timer = setTimeout(() => session.authenticated || session.cutOff(), UNAUTHENTICATED_MS).unref();
    socket.once('close', () => clearTimeout(timer));
  }
  session.onData(first);
}
