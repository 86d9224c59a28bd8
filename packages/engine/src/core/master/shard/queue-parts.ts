/** What the queues of all shards share, and whom each of them serves. */
import type { Watched } from '../../data/record.ts';
import type { MasterSettings } from '../../protocol/settings.ts';
import type { LargeWrites } from '../memory/large-writes.ts';
import type { Call } from './call.ts';

/** Where an admitted operation goes. */
export interface Outgoing {
  request(call: Call): void;
  read(call: Call): void;
  /** A lock was granted: nothing is in flight on its slots, and later operations wait. */
  locked(call: Call): void;
  /** Receiver of its outputs. */
  watchedBy(call: Call): Watched;
}

/** What all shards' queues together may make wait. */
export interface WaitingRoom {
  operations: number;
  bytes: number;
}

/** A queue, as what ends the turn sees it. */
export interface RestlessQueue {
  /** It is on the list. */
  listed: boolean;
  tryHeld(): void;
}

/** What the queues of all shards share, and whom this one serves. */
export interface QueueParts {
  readonly settings: MasterSettings;
  readonly room: WaitingRoom;
  readonly large: LargeWrites;
  /** The queues that may have something to send which they could not send before: each once (Master.endTurn). */
  readonly restless: RestlessQueue[];
  readonly departures: Outgoing;
}
