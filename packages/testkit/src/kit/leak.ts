/** What a leak is, and the kinds there are. */

/** By the name Node gives the resource. */
export const KINDS = {
  WORKER: 'thread',
  TCPWRAP: 'socket',
  TCPSERVERWRAP: 'port',
  PIPEWRAP: 'pipe',
  PIPESERVERWRAP: 'pipe server',
  UDPWRAP: 'udp socket',
  Timeout: 'timer',
  MESSAGEPORT: 'message port',
  PROCESSWRAP: 'child process',
  FSEVENTWRAP: 'file watcher',
} as const;

/** One thing left behind. */
export interface Leak {
  readonly kind: LeakKind;
  /** What, and where it was made, in one line. */
  readonly text: string;
  /** The whole stack at its making. Empty if Node made it later on behalf of a call, as sockets and ports often are. */
  readonly stack: string;
}

/** Kinds of leaks. */
export type LeakKind = (typeof KINDS)[keyof typeof KINDS];
