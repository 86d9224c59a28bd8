/**
 * Acceptor: every connection from its first byte until its protocol is known, and handed over for good.
 *
 * Owns      sockets not yet decided, the limit on connections, the doors to HTTP and gRPC, TLS around any of the three.
 * Does not  look at a byte after the decision: what one protocol was given never reaches another's parser.
 * Why late  grpc-js is optional and large: it is loaded when the first gRPC connection comes, which waits for it unread.
 */
import type { Socket } from 'node:net';
import type { Guest } from '../access/strangers.ts';
import { TlsFront, type TlsOptions } from '../access/tls.ts';
import type { AbsentGrpcFront } from '../grpc/absent-front.ts';
import type { GrpcFront } from '../grpc/grpc-front.ts';
import { Guard } from '../http/guard.ts';
import { HttpFront } from '../http/http-front.ts';
import { error } from '../resp/encoder.ts';
import type { ServerContext } from '../state/server-context.ts';
import type { CutOffReason } from './incidents.ts';
import { ProtocolDetector } from './protocol-detector.ts';
import { serveResp } from './serve-resp.ts';
import type { Protocol } from './sniff.ts';
import { hangUp, hostAndPort } from './socket-transport.ts';

export interface AcceptorOptions {
  readonly hosts: readonly string[];
  readonly tls?: TlsOptions | undefined;
}

/** How often idle clients are looked for, and the memory of all, should it have grown without a request. */
const LOOK_MS = 1000;

export class Acceptor {
  private readonly context: ServerContext;
  private readonly undecided = new Map<Socket, ProtocolDetector>();
  private readonly http: HttpFront;
  private grpc: Promise<GrpcFront | AbsentGrpcFront> | null = null;
  private grpcSockets = 0;
  private readonly tls: TlsFront | null;
  private readonly looking: NodeJS.Timeout;

  constructor(context: ServerContext, { hosts, tls }: AcceptorOptions) {
    this.tls = tls === undefined ? null : new TlsFront(tls);
    this.context = context;
    this.http = new HttpFront(context, new Guard(context, hosts));
    this.looking = setInterval(() => this.look(), LOOK_MS).unref();
  }

  /** Connections by protocol, those without one yet included. */
  get connections(): { readonly resp: number; readonly http: number; readonly grpc: number; readonly unknown: number } {
    return {
      resp: this.context.sessions.size,
      http: this.http.connections,
      grpc: this.grpcSockets,
      unknown: this.undecided.size,
    };
  }

  welcome(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const { resp, http, grpc, unknown } = this.connections;
    // Who has given no password makes place for who may be about to.
    if (resp + http + grpc + unknown >= this.context.maxClients && !this.context.strangers.giveWay()) {
      this.context.counters.rejectedConnections++;
      this.context.incidents.connectionRefused(addressOf(socket));
      hangUp(socket, error('ERR max number of clients reached'));
      return;
    }
    const guest = this.context.strangers.admit({ cutOff: (reason) => this.cutOff(socket, false, reason) });
    socket.once('close', () => guest.left());
    this.listen(socket, false, guest);
  }

  drain(): void {
    for (const socket of this.undecided.keys()) socket.destroy();
    this.http.drain();
    this.grpc?.then((face) => face.drain()).catch(() => {});
  }

  destroy(): void {
    clearInterval(this.looking);
    this.http.destroy();
    this.grpc?.then((face) => face.destroy()).catch(() => {});
  }

  /** `secure`: inside of TLS already, where TLS is no protocol to be found again. */
  private listen(socket: Socket, secure: boolean, guest: Guest): void {
    const { firstLineMs } = this.context.limits;
    const first = new ProtocolDetector(
      socket,
      { firstLineMs, handshaking: secure },
      {
        decided: (protocol, bytes) => this.handOver(socket, bytes, protocol, secure, guest),
        cutOff: (reason) => this.cutOff(socket, secure, reason),
        left: () => this.undecided.delete(socket),
      },
    );
    this.undecided.set(socket, first);
  }

  private cutOff(socket: Socket, secure: boolean, reason: CutOffReason): void {
    this.context.incidents.cutOff(secure ? 'tls' : 'unknown', addressOf(socket), reason);
    socket.destroy();
  }

  private look(): void {
    this.endIdle();
    if (this.context.memoryHolders.bytes > 0) this.context.mayHold();
    if (!this.context.closing) this.context.memoryWatch.look();
  }

  private endIdle(): void {
    const { idleSeconds } = this.context;
    this.context.endIdleSessions();
    if (idleSeconds === 0) return;
    const latest = Date.now() - idleSeconds * 1000;
    for (const [socket, { acceptedAt }] of this.undecided) {
      if (acceptedAt <= latest) this.cutOff(socket, false, 'idle');
    }
  }

  private handOver(socket: Socket, first: Buffer, protocol: Protocol, secure: boolean, guest: Guest): void {
    if (protocol !== 'tls' && !secure && this.tls?.only === true) return this.refusePlaintext(socket, protocol);
    switch (protocol) {
      case 'resp':
        return serveResp(socket, this.context, first, guest);
      case 'http1':
        socket.unshift(first);
        return this.http.take(socket, guest);
      case 'http2':
        return void this.serveGrpc(socket, first, guest);
      case 'tls':
        if (secure || this.tls === null) socket.destroy();
        else this.serveTls(socket, first, this.tls, guest);
    }
  }

  private async serveGrpc(socket: Socket, first: Buffer, guest: Guest): Promise<void> {
    socket.pause();
    socket.unshift(first);
    // An HTTP/2 session does not notice that its client has ended its half; the socket must.
    socket.allowHalfOpen = false;
    this.grpcSockets++;
    socket.once('close', () => this.grpcSockets--);
    try {
      this.grpc ??= import('../grpc/load-front.ts').then(({ loadFace }) => loadFace(this.context));
      const face = await this.grpc;
      if (this.context.closing || socket.destroyed) socket.destroy();
      else face.take(socket, guest);
    } catch (thrown) {
      socket.destroy();
      this.context.incidents.bug(thrown);
    }
  }

  private serveTls(socket: Socket, first: Buffer, tls: TlsFront, guest: Guest): void {
    socket.pause();
    socket.unshift(first);
    const inside = tls.wrap(socket, () =>
      this.context.incidents.cutOff('tls', addressOf(socket), 'client-certificate'),
    );
    guest.holder = { cutOff: (reason) => this.cutOff(inside, true, reason) };
    this.listen(inside, true, guest);
  }

  /** Redis clients are told why; what else it may be would not understand. */
  private refusePlaintext(socket: Socket, protocol: Protocol): void {
    this.context.incidents.cutOff('unknown', addressOf(socket), 'plaintext');
    if (protocol === 'resp') hangUp(socket, error('ERR this server speaks TLS only'));
    else socket.destroy();
  }
}

function addressOf(socket: Socket): string {
  return hostAndPort(socket.remoteAddress ?? '', socket.remotePort ?? 0);
}
