/**
 * ClientPause: CLIENT PAUSE. Commands that must wait stay with their sessions; here is only who waits, and until when.
 */
import type { Command } from '../command/command.ts';
import type { Client } from './client.ts';

export type PauseMode = 'all' | 'write';

export class ClientPause {
  private mode: PauseMode | null = null;
  private until = 0;
  private timer: NodeJS.Timeout | undefined;
  private waiting = new Set<Client>();

  get isOn(): boolean {
    return this.mode !== null;
  }

  /** How many clients wait with a command for its end. */
  get waitingClients(): number {
    let count = 0;
    for (const session of this.waiting) if (!session.isClosed) count++;
    return count;
  }

  isWaiting(session: Client): boolean {
    return this.waiting.has(session);
  }

  /** A pause under way is only ever made longer and stricter. */
  begin(mode: PauseMode, milliseconds: number): void {
    this.mode = this.mode === 'all' ? 'all' : mode;
    this.until = Math.max(this.until, Date.now() + milliseconds);
    clearTimeout(this.timer);
    // Longer than a timer can be is as good as for ever: CLIENT UNPAUSE ends it.
    this.timer = setTimeout(() => this.end(), Math.min(this.until - Date.now(), 2 ** 31 - 1)).unref();
  }

  end(): void {
    clearTimeout(this.timer);
    this.mode = null;
    this.until = 0;
    const sessions = this.waiting;
    this.waiting = new Set();
    for (const session of sessions) if (!session.isClosed) session.release();
  }

  /** Whether `command` must wait; if so its session is released when the pause ends. */
  holdsBack(session: Client, command: Command): boolean {
    if (command.fullName === 'client|unpause' || command.fullName === 'client|pause') return false;
    if (this.mode === 'write' && !mayWrite(session, command)) return false;
    this.waiting.add(session);
    return true;
  }
}

function mayWrite(session: Client, command: Command): boolean {
  if (command.spec.name !== 'exec') return session.modes?.multi == null && isWrite(command);
  return session.modes?.multi?.queue.some((queued) => isWrite(queued.command)) ?? false;
}

/** PUBLISH reaches replicas in Redis, so it counts as a write there; so it does here. */
function isWrite({ spec }: Command): boolean {
  return spec.flags.includes('write') || spec.name === 'publish';
}
