/** One HTTP request in flight, as the routes see it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerContext } from '../state/server-context.ts';
import type { RequestTarget } from './request-target.ts';

export interface Exchange {
  readonly context: ServerContext;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: RequestTarget;
  /** Aborted when the client hangs up. */
  readonly signal: AbortSignal;
  /** Counts the bytes this exchange keeps in memory. */
  readonly memory: { hold(bytes: number): void };
}
