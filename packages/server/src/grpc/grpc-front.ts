/**
 * GrpcFront: gRPC on connections the listener hands over. Its packages are optional and large: load-front.ts loads them, and then this
 * file, when the first such connection comes.
 *
 * Owns      grpc-js's server (which never listens) and its connection injector; password, health and reflection.
 * Does not  know the services' methods: v1.ts is kv-store's protocol (lplazas/kv-store), v2.ts ours.
 */
import type { Socket } from 'node:net';
import type * as grpc from '@grpc/grpc-js';
import type { HealthImplementation } from 'grpc-health-check';
import { THROTTLED } from '../access/guess-limits.ts';
import { readAuthorization, tryPassword } from '../access/login.ts';
import type { Guest } from '../access/strangers.ts';
import { WRONG_PASSWORD_MS } from '../commands/connection/connection.ts';
import type { ServerContext } from '../state/server-context.ts';
import { loadDefinitions } from './definitions.ts';
import { mendHttp2 } from './http2-mends.ts';
import { library } from './library.ts';
import { GrpcConnections } from './memory.ts';
import { kvStoreService } from './v1.ts';
import { keyValueService } from './v2.ts';

const KV_STORE = 'kvstore.server.v1.ServerService';
const OURS = 'kvstore.server.v2.KeyValueService';

export class GrpcFront {
  private readonly server: grpc.Server;
  private readonly injector: ReturnType<grpc.Server['createConnectionInjector']>;
  private readonly sockets = new Set<Socket>();
  private readonly connections = new GrpcConnections();
  private readonly context: ServerContext;
  private readonly health: HealthImplementation;

  constructor(context: ServerContext) {
    this.context = context;
    // Values are a little smaller than the messages that bear them.
    const largest = context.executor.limits.maxValueBytes + context.executor.limits.maxKeyBytes + 4096;
    this.server = new library.grpc.Server({
      'grpc.max_receive_message_length': largest,
      'grpc.max_send_message_length': largest,
      'grpc.max_concurrent_streams': 128,
      // Clients that went away without a word are noticed; so are connections that broke a rule of HTTP/2, which node
      // leaves open and unread.
      'grpc.keepalive_time_ms': 20_000,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.max_connection_idle_ms': 300_000,
      interceptors: [
        this.connections.interceptor(),
        ...(context.passwordRequired ? [passwordCheck(context, this.connections)] : []),
      ],
    });
    const definitions = loadDefinitions();
    this.server.addService(definitions[KV_STORE] as grpc.ServiceDefinition, kvStoreService(context));
    this.server.addService(definitions[OURS] as grpc.ServiceDefinition, keyValueService(context, this.connections));
    this.health = new library.healthCheck.HealthImplementation({
      '': 'SERVING',
      [KV_STORE]: 'SERVING',
      [OURS]: 'SERVING',
    });
    this.health.addToServer(this.server);
    new library.reflection.ReflectionService(definitions).addToServer(this.server);
    this.injector = this.server.createConnectionInjector(library.grpc.ServerCredentials.createInsecure());
    mendHttp2(this.server);
  }

  /** Takes over a socket none of whose bytes were consumed. */
  take(socket: Socket, guest: Guest): void {
    this.sockets.add(socket);
    this.connections.add(socket, this.context, guest);
    socket.once('close', () => this.sockets.delete(socket));
    this.injector.injectConnection(socket);
  }

  /** Says so to who asks for health; takes no new calls; ends connections when those in flight are done, or soon. */
  drain(): void {
    for (const service of ['', KV_STORE, OURS]) this.health.setStatus(service, 'NOT_SERVING');
    this.injector.drain(this.context.limits.closeMs);
  }

  destroy(): void {
    this.injector.destroy();
    for (const socket of this.sockets) socket.destroy();
    this.server.forceShutdown();
  }
}

/**
 * The password comes as metadata `authorization` (login.ts) with every call; health needs none. Either of the two will do: no
 * method administers. Too many wrong ones: RESOURCE_EXHAUSTED, and it is not looked at.
 */
function passwordCheck(context: ServerContext, connections: GrpcConnections): grpc.ServerInterceptor {
  return (method, call) =>
    new library.grpc.ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, proceed) => {
            const [text = ''] = metadata.get('authorization').map(String);
            const open = method.path.startsWith('/grpc.health.v1.Health/');
            if (open) return proceed(metadata);
            const connection = connections.of(call);
            const given = readAuthorization(text);
            const guess =
              given === null || connection === null
                ? 'wrong'
                : tryPassword(context, connection.guest, connection.address, given);
            if (guess === 'right') return proceed(metadata);
            context.incidents.loginRefused('grpc', call.getPeer());
            if (guess === 'throttled') {
              return call.sendStatus({ code: library.grpc.status.RESOURCE_EXHAUSTED, details: THROTTLED });
            }
            const refuse = (): void =>
              call.sendStatus({ code: library.grpc.status.UNAUTHENTICATED, details: 'a password is needed' });
            // Guessing is slow.
            if (given === null) refuse();
            else setTimeout(refuse, WRONG_PASSWORD_MS).unref();
          },
        });
      },
    });
}
