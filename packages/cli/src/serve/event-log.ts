/**
 * The server's log: a line for every event of the cluster on stderr, for people (`12:03:04.123 node-down n3 killed`) or,
 * with --json, as an object a line.
 */
import type { ClusterApi, ClusterEventName, ClusterEvents } from '@quintet/engine';

import type { Context } from '../context.ts';

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

const ORDER: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug'];

/** `error` ends the cluster, and serve.ts with it. */
type LoggedEvent = Exclude<ClusterEventName, 'error'>;

/** Every event and how loud it is; the compiler sees to it that none is forgotten. */
const LEVELS: Record<LoggedEvent, LogLevel> = {
  'node-up': 'info',
  'node-down': 'warn',
  promoted: 'info',
  'learner-started': 'debug',
  'learner-joined': 'debug',
  'shard-restored': 'info',
  'redundancy-restored': 'info',
  'shard-lost': 'error',
  'shard-reset': 'warn',
  'node-backing-off': 'warn',
  'node-stopped': 'error',
};

export class EventLog {
  readonly #context: Context;
  readonly #loudest: number;

  constructor(context: Context, level: LogLevel) {
    this.#context = context;
    this.#loudest = ORDER.indexOf(level);
  }

  follow(cluster: ClusterApi): void {
    for (const name of Object.keys(LEVELS) as LoggedEvent[]) {
      cluster.on(name, (detail: ClusterEvents[LoggedEvent]) =>
        this.#write(LEVELS[name], name, detail.at, { ...detail }),
      );
    }
  }

  say(level: LogLevel, event: string, detail: Record<string, unknown> = {}): void {
    this.#write(level, event, Date.now(), detail);
  }

  #write(level: LogLevel, event: string, at: number, detail: Record<string, unknown>): void {
    if (ORDER.indexOf(level) > this.#loudest) return;
    const { at: _at, ...rest } = detail;
    const { stderr } = this.#context.io;
    if (this.#context.output === 'json') {
      stderr.write(`${JSON.stringify({ at, level, event, ...rest })}\n`);
      return;
    }
    const { colors } = this.#context;
    const paint = { error: colors.red, warn: colors.yellow, info: colors.green, debug: colors.dim, silent: colors.dim }[
      level
    ];
    const time = new Date(at).toISOString().slice(11, 23);
    stderr.write(`${colors.dim(time)} ${paint(event)} ${describe(rest)}\n`);
  }
}

/** `node=n3 reason=killed`; a shard and a node are known by their looks. */
function describe(detail: Record<string, unknown>): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== '' && value !== undefined)
    .map(([name, value]) => (name === 'tookMs' ? `in ${Number(value).toFixed(0)} ms` : `${name}=${String(value)}`))
    .join(' ');
}
