/**
 * Wire: a server's front door (Reception and all behind it) with clients that connect in memory or over TCP.
 *
 * Owns   the server under attack, its canaries and the bugs it reported, and one attacker's connection at a time.
 * Why in memory   Pieces arrive as they were cut, so a seed repeats exactly; and there is no kernel to wait for.
 */
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { Acceptor } from '../../src/listen/acceptor.ts';
import { DEFAULT_LIMITS } from '../../src/listen/limits.ts';
import { type RunningServer, startServer } from '../../src/listen/listener.ts';
import { ServerContext } from '../../src/state/server-context.ts';
import { CanaryExecutor, canaryCluster } from './canary-executor.ts';
import { Patience, patiently } from './patience.ts';

export interface WireOptions {
  readonly overTcp: boolean;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

export class Wire {
  private static closing: Promise<void> = Promise.resolve();
  readonly executor = new CanaryExecutor();
  readonly bugs: unknown[] = [];
  private server: RunningServer | null = null;
  private reception: Acceptor | null = null;

  static async open({ overTcp, tls }: WireOptions): Promise<Wire> {
    const wire = new Wire();
    const cluster = canaryCluster(wire.executor);
    const onBug = (thrown: unknown): void => void wire.bugs.push(thrown);
    if (overTcp) {
      wire.server = await startServer(cluster, { port: 0, onBug, tls });
    } else {
      const context = new ServerContext(cluster, {
        limits: DEFAULT_LIMITS,
        maxClients: 100,
        password: undefined,
        onBug,
      });
      wire.reception = new Acceptor(context, { hosts: [], tls });
    }
    return wire;
  }

  get isOverTcp(): boolean {
    return this.server !== null;
  }

  /** A new connection, the client's end of it. What comes is for the caller to read. */
  connect(secure = false): Duplex {
    if (secure) return this.connectSecurely();
    if (this.server !== null)
      return connectSocket({ port: this.server.port, host: this.server.host, allowHalfOpen: true, noDelay: true });
    const [ours, theirs] = duplexPair();
    // A socket tells its other end of its death, and can die after its last write; these must be taught.
    theirs.once('close', () => ours.destroy());
    ours.once('close', () => theirs.destroy());
    const destroySoon = (): void => void theirs.end(() => theirs.destroy());
    this.reception!.welcome(Object.assign(theirs, { destroySoon }) as object as Socket);
    return ours;
  }

  /** As clients of gRPC do, that offer HTTP/2 and nothing else. */
  private connectSecurely(): Duplex {
    const { host, port } = this.server!;
    return connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  }

  /** @throws what the server reported */
  checkBugs(): void {
    if (this.bugs.length > 0) throw new Error('a bug was reported', { cause: this.bugs[0] });
  }

  /** @throws at a canary that was touched */
  checkCanaries(): void {
    const [canary] = this.executor.seen;
    if (canary !== undefined) throw new Error(`the bytes of one protocol were run by another: ${canary}`);
  }

  /**
   * Closes, and waits for the one closed before only: connections that HTTP/2 has forgotten keep a server from closing for
   * as long as it lets clients drain.
   */
  close(): Promise<void> {
    const before = Wire.closing;
    this.reception?.destroy();
    Wire.closing = this.server?.close() ?? Promise.resolve();
    return before;
  }
}

/** A few turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Turns without a byte after which nothing more is expected; through a kernel all takes longer. */
const CALM_TURNS = 4;
const TCP_TURNS = 3;
const HANG_MS = 10_000;
const HANGS = 'the server does not hang up after its client has';

/** What one attacker got. */
export interface Outcome {
  readonly output: string;
  /** The server hung up, or said that it would hear no more, before the client had hung up. */
  readonly refused: boolean;
}

/** `answered`: there is nothing to wait for; `good-bye`: the server hears no more, and may leave it to us to hang up. */
export type Verdict = 'open' | 'answered' | 'good-bye';

export interface Attack {
  readonly pieces: readonly string[];
  /** Whether to let the server run before the next piece. */
  readonly pauses: () => boolean;
  /** In TLS. */
  readonly secure?: boolean;
  /** What is known by all that came so far. */
  readonly judge?: ((output: string) => Verdict) | undefined;
}

/** Sends the pieces, waits until nothing more is answered, hangs up, and sees to it that the server does as well. */
export async function attack(wire: Wire, { pieces, pauses, secure, judge }: Attack): Promise<Outcome> {
  const socket = wire.connect(secure);
  let output = '';
  let over = false;
  let verdict = 'open' as Verdict;
  const closed = new Promise<void>((resolve) => {
    socket.once('end', () => {
      over = true;
    });
    socket.once('close', () => {
      over = true;
      resolve();
    });
  });
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1');
    if (judge !== undefined) verdict = judge(output);
    if (verdict === 'good-bye') socket.destroy();
  });
  for (const piece of pieces) {
    if (over) break;
    socket.write(piece, 'latin1');
    if (pauses()) await turns(1);
  }
  for (let calm = 0, before = 0; calm < CALM_TURNS && !over && verdict === 'open'; before = output.length) {
    await turns(wire.isOverTcp ? TCP_TURNS : 1);
    calm = output.length === before && wire.executor.inFlight === 0 ? calm + 1 : 0;
  }
  const refused = over;
  socket.end();
  const patience = new Patience(HANG_MS, () => socket.destroy(new Error(HANGS)));
  await closed;
  patience.end();
  if (socket.errored?.message === HANGS) throw new Error(HANGS);
  return { output, refused: refused || verdict === 'good-bye' };
}

/** Sends one text and gives all that comes until the server hangs up. */
export async function converse(wire: Wire, text: string): Promise<string> {
  const socket = wire.connect();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
  socket.write(text, 'latin1');
  await patiently(HANG_MS, (signal) => once(socket, 'end', { signal }));
  socket.destroy();
  return Buffer.concat(chunks).toString('latin1');
}
