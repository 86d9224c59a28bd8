/** What can be fuzzed. */

export interface Tally {
  /** Frames the server took up: parsed, refused, or broke a connection off for. What it never read counts for nothing. */
  frames: number;
  connections: number;
  /** Connections the server ended because of what they sent. */
  refused: number;
  /** Times a healthy client was answered rightly meanwhile. */
  healthy: number;
}

export function noTally(): Tally {
  return { frames: 0, connections: 0, refused: 0, healthy: 0 };
}

export function add(total: Tally, tally: Tally): void {
  total.frames += tally.frames;
  total.connections += tally.connections;
  total.refused += tally.refused;
  total.healthy += tally.healthy;
}
