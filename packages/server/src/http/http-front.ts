/**
 * HttpFront: HTTP/1.1 on connections the listener hands over: few routes, no framework.
 *
 * Owns      node's HTTP server (which never listens), routing, the guard in front of every route, errors as JSON.
 * Does not  accept connections (listener.ts) or touch entries (key-routes.ts).
 * Guard     guard.ts: a page in a browser can reach 127.0.0.1, so who may talk to us is decided before what is asked.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { KvError } from '@quintet/engine';
import type { Guest } from '../access/strangers.ts';
import { WRONG_PASSWORD_MS } from '../commands/connection/connection.ts';
import { ERROR_FACES } from '../engine/error-mappings.ts';
import type { ServerContext } from '../state/server-context.ts';
import { watchKeys } from '../watch/http-watch.ts';
import { HttpConnection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { type Guard, HttpRefusal } from './guard.ts';
import { deleteKey, getKey, listKeys, putKey } from './key-routes.ts';
import { fullNodes, metricsText } from './metrics.ts';
import { RequestTarget } from './request-target.ts';

type Route = (exchange: Exchange) => Promise<void> | void;

const KEY_PATH = '/v1/keys/';

const PAGES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/healthz', healthy],
  ['/readyz', ready],
  ['/metrics', metrics],
  ['/v1/keys', listKeys],
  ['/v1/watch', watchKeys],
  ['/v1/status', ({ context, response }) => json(response, 200, context.cluster.status())],
]);

/** Asked by probes that have no password. */
const OPEN_TO_ALL: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

const UNEXPECTED = new HttpRefusal(417, 'EXPECTATION', 'Expect takes 100-continue only');

const KEY_METHODS: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['GET', getKey],
  ['HEAD', getKey],
  ['PUT', putKey],
  ['DELETE', deleteKey],
]);

export class HttpFront {
  private readonly context: ServerContext;
  private readonly guard: Guard;
  private readonly server: Server;
  private readonly open = new Map<Socket, HttpConnection>();

  constructor(context: ServerContext, guard: Guard) {
    this.context = context;
    this.guard = guard;
    const { httpHeadMs: headersTimeout, httpRequestMs: requestTimeout } = context.limits;
    const connectionsCheckingInterval = Math.min(1000, headersTimeout);
    const limits = { headersTimeout, requestTimeout, keepAliveTimeout: 30_000, maxHeaderSize: 16_384 };
    // What node would refuse by itself (no Host, an unknown Expect) it would not queue, so nobody would count it: it is ours
    // to refuse, in its turn.
    const options = { ...limits, connectionsCheckingInterval, requireHostHeader: false };
    this.server = createServer(options, (request, response) => this.enqueue(request, response));
    this.server.on('checkExpectation', (request, response) => this.enqueue(request, response, UNEXPECTED));
    this.server.on('clientError', (_error, socket) => socket.destroy());
    // Node begins to enforce the two timeouts when a server listens; this one never does, so it is told that it did.
    this.server.emit('listening');
  }

  get connections(): number {
    return this.open.size;
  }

  /** Takes over a socket none of whose bytes were consumed. */
  take(socket: Socket, guest: Guest): void {
    const connection = new HttpConnection(socket, this.context, guest);
    this.open.set(socket, connection);
    this.context.memoryHolders.add(connection);
    socket.once('close', () => {
      this.open.delete(socket);
      this.context.memoryHolders.remove(connection);
    });
    this.server.emit('connection', socket);
  }

  /** Lets requests in flight finish; connections end as they become idle. */
  drain(): void {
    for (const connection of this.open.values()) connection.drain();
  }

  destroy(): void {
    for (const connection of this.open.values()) connection.destroy();
    // Stops the timer that enforces timeouts. That it never listened is no news.
    this.server.close(() => {});
  }

  /** `refusal`: that of a request which is wrong whatever it asks for. */
  private enqueue(request: IncomingMessage, response: ServerResponse, refusal?: HttpRefusal): void {
    const connection = this.open.get(request.socket);
    if (connection === undefined) response.destroy();
    else connection.queue(request, response, () => this.handle(request, response, connection, refusal));
  }

  private async handle(
    request: IncomingMessage,
    response: ServerResponse,
    memory: HttpConnection,
    refusal: HttpRefusal | undefined,
  ): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    try {
      if (refusal !== undefined) throw refusal;
      const target = new RequestTarget(request.url ?? '/');
      this.guard.check(request);
      if (!OPEN_TO_ALL.has(target.path)) this.guard.authenticate(request, memory);
      const exchange = { context: this.context, request, response, target, signal: gone.signal, memory };
      await routeOf(request.method ?? '', target.path)(exchange);
    } catch (thrown) {
      await this.tell(thrown, request, memory.address);
      // A request that ended before its body did is nobody's fault here, and nobody is there to be told.
      if (request.destroyed && !request.complete) response.destroy();
      else this.fail(response, thrown);
    }
  }

  /** Has the log know of what may be an attack, and makes guessing passwords slow. */
  private async tell(thrown: unknown, { headers }: IncomingMessage, address: string): Promise<void> {
    if (!(thrown instanceof HttpRefusal)) return;
    const { incidents } = this.context;
    if (thrown.status === 429) {
      incidents.loginRefused('http', address);
    } else if (thrown.status === 401) {
      incidents.loginRefused('http', address);
      if (headers.authorization !== undefined) await delay(WRONG_PASSWORD_MS, undefined, { ref: false });
    } else if (thrown.code === 'HOST' || thrown.code === 'ORIGIN') {
      incidents.requestRefused(address, thrown.code.toLowerCase(), { host: headers.host, origin: headers.origin });
    }
  }

  private fail(response: ServerResponse, thrown: unknown): void {
    if (response.headersSent || response.destroyed) {
      // Half an answer is told by its missing end.
      response.destroy();
      return;
    }
    const refusal = refusalOf(thrown);
    if (refusal === null) this.context.incidents.bug(thrown);
    const { status, code, message, headers } = refusal ?? new HttpRefusal(500, 'INTERNAL', 'an error in the server');
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    // The rest of a body that was refused is not waited for.
    if (!response.req.complete) response.setHeader('connection', 'close');
    json(response, status, { error: { code, message } });
  }
}

function refusalOf(thrown: unknown): HttpRefusal | null {
  if (thrown instanceof HttpRefusal) return thrown;
  if (thrown instanceof KvError) return new HttpRefusal(ERROR_FACES[thrown.code].http, thrown.code, thrown.message);
  return null;
}

function routeOf(method: string, path: string): Route {
  if (path.startsWith(KEY_PATH)) {
    const route = KEY_METHODS.get(method);
    if (route !== undefined) return route;
    throw new HttpRefusal(405, 'METHOD', 'a key has GET, HEAD, PUT and DELETE', {
      allow: [...KEY_METHODS.keys()].join(', '),
    });
  }
  const page = PAGES.get(path);
  if (page === undefined) throw new HttpRefusal(404, 'NOT_FOUND', `there is nothing at ${path}`);
  if (method !== 'GET' && method !== 'HEAD') throw new HttpRefusal(405, 'METHOD', 'GET only', { allow: 'GET, HEAD' });
  return page;
}

/** That it answers is its health; what else an operator should know stands in the text. */
function healthy({ context, response }: Exchange): void {
  const full = fullNodes(context.cluster.status());
  text(
    response,
    200,
    full.length === 0 ? 'ok\n' : `ok, but no memory left in ${full.join(', ')}: writes are refused\n`,
  );
}

function ready({ context, response }: Exchange): void {
  const lost = context.cluster.status().shards.filter(({ health }) => health === 'lost').length;
  if (context.closing) text(response, 503, 'closing\n');
  else if (lost > 0) text(response, 503, `${lost} shards lost\n`);
  else text(response, 200, 'ready\n');
}

async function metrics({ context, response }: Exchange): Promise<void> {
  const { contentType, body } = await metricsText(context);
  response.setHeader('content-type', contentType);
  response.end(body);
}

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end(body);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' });
  response.end(`${JSON.stringify(body)}\n`);
}
