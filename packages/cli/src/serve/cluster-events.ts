/** What of the cluster's life the log tells, and how loud. */
import type { ClusterApi, ClusterEventName, ClusterEvents } from '@quintet/engine';
import type { Log } from './log.ts';

/** `error` ends the cluster, and serve with it. */
type LoggedEvent = Exclude<ClusterEventName, 'error'>;

/** Every event; the compiler sees to it that none is forgotten. */
const LEVELS: Record<LoggedEvent, 'debug' | 'info' | 'warn' | 'error'> = {
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
  'memory-full': 'warn',
  'memory-freed': 'info',
};

export function logClusterEvents(cluster: ClusterApi, log: Log): void {
  for (const name of Object.keys(LEVELS) as LoggedEvent[]) {
    cluster.on(name, (detail: ClusterEvents[LoggedEvent]) => log[LEVELS[name]](detail, name));
  }
}
