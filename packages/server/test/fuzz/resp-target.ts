/**
 * RESP: the decoder, the session and every command, without sockets and in virtual time.
 *
 * Wrong is: a bug reported; an answer that is no RESP; a client that is neither answered to the end nor cut off; more held
 * for a client than the limits say; a healthy client not answered as ever.
 */
import type { CutOffReason } from '../../src/listen/incidents.ts';
import { DEFAULT_LIMITS } from '../../src/listen/limits.ts';
import { Session } from '../../src/session/session.ts';
import { ServerContext } from '../../src/state/server-context.ts';
import { FakeTransport, request } from '../support/fake-transport.ts';
import { CanaryExecutor, canaryCluster } from './canary-executor.ts';
import { cut } from './mutate.ts';
import { Random } from './random.ts';
import { countReplies } from './replies.ts';
import { respFrames } from './resp-frames.ts';
import { noTally, type Tally } from './target.ts';
import { VirtualTime } from './virtual-time.ts';

const CONNECTIONS = 400;
const FRAMES = 80;
const HEALTHY_EVERY = 10;
const LIMITS = {
  ...DEFAULT_LIMITS,
  ...{ bulkBytes: 64 * 1024, requestBytes: 256 * 1024, lineBytes: 4096, namesPerClient: 100, pendingOperations: 64 },
  ...{ outputSoftBytes: 128 * 1024, outputHardBytes: 512 * 1024, replyBytes: 512 * 1024 },
};
/** Everything one connection may hold by those limits: a request under way, a MULTI, output up to the hard ceiling. */
const HELD_MAX = 2 * LIMITS.requestBytes + 5 * LIMITS.outputHardBytes;
/** More turns than any command takes. */
const TURNS_MAX = 5000;

/** One epoch. */
export async function respTarget(seed: number): Promise<Tally> {
  const random = new Random(seed);
  const time = new VirtualTime();
  try {
    return await new Epoch(random, time).run();
  } finally {
    time.restore();
  }
}

/** Commands that wait for as long as they are told. */
const WAITING: ReadonlySet<string> = new Set(['wait', 'debug|sleep']);

class WatchedSession extends Session {
  /** Had reason to wait since its client ended its half: a pause may use up all the time a client has then. */
  private waited = false;

  noteWaiting(): void {
    this.waited ||= this.context.pause.isOn || WAITING.has(this.lastCommand?.fullName ?? '');
  }

  override cutOff(reason: CutOffReason): void {
    this.noteWaiting();
    if (reason === 'gone' && !this.waited)
      throw new Error(`a client waited in vain after ${this.lastCommand?.fullName}`);
    super.cutOff(reason);
  }
}

class Epoch {
  private readonly random: Random;
  private readonly time: VirtualTime;
  private readonly bugs: unknown[] = [];
  private readonly executor = new CanaryExecutor();
  private readonly context: ServerContext;
  private readonly tally = noTally();

  constructor(random: Random, time: VirtualTime) {
    this.random = random;
    this.time = time;
    this.context = new ServerContext(canaryCluster(this.executor), {
      limits: LIMITS,
      maxClients: 100,
      password: undefined,
      onBug: (thrown) => this.bugs.push(thrown),
    });
  }

  async run(): Promise<Tally> {
    for (let connection = 0; connection < CONNECTIONS; connection++) {
      await this.attack();
      if (this.bugs.length > 0) throw new Error('a bug was reported', { cause: this.bugs[0] });
      if (connection % HEALTHY_EVERY > 0) continue;
      this.executor.forget();
      await this.checkHealthy();
    }
    if (this.context.sessions.size > 0) throw new Error(`${this.context.sessions.size} sessions left over`);
    return this.tally;
  }

  /** One client, from its first byte until it is gone. */
  private async attack(): Promise<void> {
    const { random, context, tally } = this;
    const transport = new FakeTransport();
    transport.stuck = random.chance(5);
    const session = new WatchedSession(context, transport);
    const sound = random.pick([5, 20, 100, 400]);
    const before = this.parsed();
    for (const piece of cut(random, respFrames(random, FRAMES, sound))) {
      session.onData(Buffer.from(piece, 'latin1'));
      this.checkHeld(session);
      if (transport.paused || random.chance(30)) await turn();
      if (transport.ended || transport.destroyed) break;
    }
    tally.refused += transport.ended || transport.destroyed ? 1 : 0;
    session.onEnd();
    await this.end(session, transport);
    countReplies(transport.written);
    tally.frames += Math.max(0, this.parsed() - before);
    tally.connections++;
    session.onClosed();
  }

  private parsed(): number {
    return this.context.counters.commands + this.context.counters.protocolErrors;
  }

  private checkHeld(session: Session): void {
    if (session.heldBytes > HELD_MAX) throw new Error(`a client holds ${session.heldBytes} bytes`);
  }

  /** The client has ended its half: the session must end the other, however long its commands wanted to wait. */
  private async end(session: WatchedSession, transport: FakeTransport): Promise<void> {
    for (let turns = 0; turns < TURNS_MAX; turns++) {
      if (transport.ended || transport.destroyed) return;
      session.noteWaiting();
      const before = transport.writes;
      for (let calm = 0; calm < 3; calm++) await turn();
      if (this.executor.inFlight > 0 || session.flushScheduled || transport.writes > before) continue;
      if (transport.stuck) {
        transport.stuck = false;
        transport.unsentBytes = 0;
        session.onDrain();
      } else if (!transport.ended && !transport.destroyed && !this.time.advance()) {
        throw new Error(`the session hangs after ${session.lastCommand?.fullName}`);
      }
      this.checkHeld(session);
    }
    throw new Error(`the session finds no end after ${session.lastCommand?.fullName}`);
  }

  /** A client of its own, that does what clients do. */
  private async checkHealthy(): Promise<void> {
    const transport = new FakeTransport();
    this.context.pause.end();
    const session = new Session(this.context, transport);
    const value = this.random.bytes(20);
    const requests = [
      ['SET', 'healthy', value],
      ['GET', 'healthy'],
      ['PING'],
      ['MULTI'],
      ['STRLEN', 'healthy'],
      ['EXEC'],
    ];
    session.onData(Buffer.from(requests.map((args) => request(...args)).join(''), 'latin1'));
    session.onEnd();
    for (let turns = 0; turns < TURNS_MAX && !transport.ended; turns++) await turn();
    const expected = `+OK\r\n$20\r\n${value}\r\n+PONG\r\n+OK\r\n+QUEUED\r\n*1\r\n:20\r\n`;
    if (transport.written !== expected) throw new Error(`a healthy client got ${JSON.stringify(transport.written)}`);
    session.onClosed();
    this.tally.healthy++;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
