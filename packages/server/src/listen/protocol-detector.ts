/**
 * ProtocolDetector: one connection until its first line tells its protocol.
 *
 * Owns      the bytes that came so far, and the deadline of this stage.
 * Does not  decide (sniff.ts), or hand over (acceptor.ts).
 * Deadline  Half a first line is cut off after `firstLineMs`, and so is half a TLS handshake. Silence is no fault here: where
 *           there is a password, whoever does not give it is cut off at any stage (strangers.ts).
 */
import type { Socket } from 'node:net';
import type { CutOffReason } from './incidents.ts';
import { type Protocol, sniff } from './sniff.ts';

export interface ProtocolDetectorOptions {
  readonly firstLineMs: number;
  /** Inside of TLS already, whose handshake is not done yet. */
  readonly handshaking: boolean;
}

/** What becomes of it: exactly one is called, once; none if the client goes away by itself. */
export interface ProtocolDetectorOutcome {
  decided(protocol: Protocol, first: Buffer): void;
  cutOff(reason: CutOffReason): void;
  /** In any case: nothing more is heard of it here. */
  left(): void;
}

export class ProtocolDetector {
  readonly acceptedAt = Date.now();
  private readonly socket: Socket;
  private readonly options: ProtocolDetectorOptions;
  private readonly outcome: ProtocolDetectorOutcome;
  private first: Buffer = Buffer.alloc(0);
  private lineTimer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, options: ProtocolDetectorOptions, outcome: ProtocolDetectorOutcome) {
    this.socket = socket;
    this.options = options;
    this.outcome = outcome;
    socket.on('data', this.onData);
    socket.on('end', this.onEnd);
    socket.on('close', this.leave);
    if (options.handshaking) {
      this.beginLine();
      socket.once('secure', this.onSecure);
    }
  }

  private readonly onData = (chunk: Buffer): void => {
    this.first = this.first.length === 0 ? chunk : Buffer.concat([this.first, chunk]);
    this.beginLine();
    const protocol = sniff(this.first);
    if (protocol === 'more') return;
    this.leave();
    this.outcome.decided(protocol, this.first);
  };

  private readonly onEnd = (): void => void this.socket.end();

  private readonly onSecure = (): void => {
    clearTimeout(this.lineTimer);
    this.lineTimer = undefined;
  };

  private readonly leave = (): void => {
    clearTimeout(this.lineTimer);
    const { socket } = this;
    socket.off('data', this.onData);
    socket.off('end', this.onEnd);
    socket.off('close', this.leave);
    socket.off('secure', this.onSecure);
    this.outcome.left();
  };

  private beginLine(): void {
    this.lineTimer ??= setTimeout(() => this.outcome.cutOff('handshake'), this.options.firstLineMs).unref();
  }
}
