/**
 * SessionSink: what hears of operations for a command made of several. An engine's caller does not know what to do with an
 * error thrown at it, so none gets there: a bug in making a reply ends the connection it strikes, and is reported.
 */

import type { ErrorCode } from '@quintet/engine';
import type { Result, Sink } from '@quintet/engine/internal';
import type { CommandSession } from '../command/command-session.ts';

export abstract class SessionSink implements Sink {
  protected readonly session: CommandSession;

  constructor(session: CommandSession) {
    this.session = session;
  }

  onResult(result: Result): void {
    try {
      this.onAnswer(result);
    } catch (thrown) {
      this.session.onBug(thrown);
    }
  }

  onError(code: ErrorCode, details: string): void {
    try {
      this.onFailure(code, details);
    } catch (thrown) {
      this.session.onBug(thrown);
    }
  }

  protected abstract onAnswer(result: Result): void;
  protected abstract onFailure(code: ErrorCode, details: string): void;
}
