/**
 * Incidents: what clients did wrong or suffered, told to the log.
 *
 * Owns      how often a kind of incident may be told. Whoever can reach the port can cause incidents, so none may be let to
 *           fill a disk: of each kind the first few in a window are told one by one, the others counted and told once.
 * Does not  cut anybody off, or count for INFO and /metrics.
 */
import type { ServerLog } from './log.ts';

/** Why the server ended a connection that its client had not ended. */
export type CutOffReason =
  /** It took nothing of its output for `outputStallMs`; or, a subscriber, had more than `outputHardBytes` waiting. */
  | 'output-limit'
  /** All clients together held more than `clientsBytes`, and it was among the largest. */
  | 'client-memory'
  /** A PUBLISH took too long for its patterns. */
  | 'costly-patterns'
  /** No password within `loginMs`. */
  | 'not-authenticated'
  | 'too-many-wrong-passwords'
  /** It had not given the password, and a newcomer needed its place. */
  | 'displaced'
  /** Silent for as long as `timeout` in CONFIG. */
  | 'idle'
  /** A request that is none in its protocol. */
  | 'protocol-error'
  /** An HTTP request where a command should be: perhaps sent by a browser. */
  | 'cross-protocol'
  /** Half a first line, or half a TLS handshake, within `firstLineMs`. */
  | 'handshake'
  /** It showed no certificate that `tls.ca` vouches for. */
  | 'client-certificate'
  /** It did not begin with TLS, where there is nothing else. */
  | 'plaintext'
  /** It ended its half long ago, and what it had asked for still waits. */
  | 'gone'
  /** CLIENT KILL. */
  | 'killed'
  /** It had not taken its last replies when the server closed. */
  | 'shutdown'
  /** A bug of ours struck it. */
  | 'bug';

export type Protocol = 'resp' | 'http' | 'grpc' | 'tls' | 'unknown';

const WINDOW_MS = 10_000;
const TOLD_PER_WINDOW = 5;

/** Neither anybody's fault nor a sign of trouble. */
const EXPECTED: ReadonlySet<CutOffReason> = new Set<CutOffReason>(['idle', 'gone', 'killed', 'shutdown']);

interface Window {
  told: number;
  untold: number;
}

export class Incidents {
  private readonly log: ServerLog;
  private readonly onBug: ((thrown: unknown) => void) | null;
  private readonly windows = new Map<string, Window>();

  /** `onBug` hears of bugs instead of the log. */
  constructor(log: ServerLog, onBug: ((thrown: unknown) => void) | null) {
    this.log = log;
    this.onBug = onBug;
  }

  /** A connection was ended by us. */
  cutOff(protocol: Protocol, address: string, reason: CutOffReason, details: object = {}): void {
    const level = EXPECTED.has(reason) ? 'info' : 'warn';
    this.tell(level, 'client-cut-off', reason, { protocol, address, reason, ...details });
  }

  /** A wrong password, or none where one is needed. */
  loginRefused(protocol: Protocol, address: string): void {
    this.tell('warn', 'login-refused', '', { protocol, address });
  }

  /** More connections than `maxClients`. */
  connectionRefused(address: string): void {
    this.tell('warn', 'connection-refused', '', { address, reason: 'max-clients' });
  }

  /** An HTTP request that looks like an attack through a browser. */
  requestRefused(address: string, reason: string, details: object): void {
    this.tell('warn', 'request-refused', reason, { protocol: 'http', address, reason, ...details });
  }

  /** An HTTP/2 client came, and gRPC's packages are not installed or cannot be loaded. */
  grpcAbsent(address: string, message: string, cause: Error): void {
    this.tell('warn', 'grpc-absent', '', { protocol: 'grpc', address, reason: message, cause: cause.message });
  }

  /** An error that is none of the world. The one it struck is cut off. */
  bug(thrown: unknown): void {
    if (this.onBug !== null) this.onBug(thrown);
    else this.tell('error', 'server-bug', '', { err: thrown });
  }

  /** What could not be done, for a reason that is nobody's bug. */
  trouble(what: string, fields: object): void {
    this.tell('warn', what, '', fields);
  }

  private tell(level: 'info' | 'warn' | 'error', event: string, kind: string, fields: object): void {
    const name = `${event} ${kind}`;
    const window = this.windows.get(name) ?? this.open(name, level, event, kind);
    if (window.told++ < TOLD_PER_WINDOW) this.log[level](fields, event);
    else window.untold++;
  }

  private open(name: string, level: 'info' | 'warn' | 'error', event: string, kind: string): Window {
    const window = { told: 0, untold: 0 };
    this.windows.set(name, window);
    const timer = setTimeout(() => {
      this.windows.delete(name);
      if (window.untold === 0) return;
      const reason = kind === '' ? {} : { reason: kind };
      this.log[level]({ ...reason, more: window.untold, withinMs: WINDOW_MS }, event);
    }, WINDOW_MS);
    timer.unref();
    return window;
  }
}
