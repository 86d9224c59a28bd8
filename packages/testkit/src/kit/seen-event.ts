/** The events of a cluster as a test sees them. */
import type { ClusterEventName, ClusterEvents } from '@quintet/engine';

/** The events a test can wait for. */
export type TestEventName = Exclude<ClusterEventName, 'error'>;

/** One event. `seenAt`: monotonic clock, ns. */
export type SeenEvent = {
  readonly [N in TestEventName]: { readonly name: N; readonly detail: ClusterEvents[N]; readonly seenAt: number };
}[TestEventName];
