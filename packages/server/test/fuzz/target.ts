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

/**
 * Fuzzes one fresh server with what follows from the seed, for some tens of thousands of frames: an epoch.
 * @throws what is wrong with the server
 */
export type Target = (seed: number) => Promise<Tally>;

export type TargetName = 'resp' | 'http' | 'grpc' | 'sniff';

/** Loaded when asked for: one protocol's process needs nothing of another's. */
export const TARGETS: Readonly<Record<TargetName, () => Promise<Target>>> = {
  resp: async () => (await import('./resp-target.ts')).respTarget,
  http: async () => (await import('./http-target.ts')).httpTarget,
  grpc: async () => (await import('./grpc-target.ts')).grpcTarget,
  sniff: async () => (await import('./sniff-target.ts')).sniffTarget,
};

export const TARGET_NAMES = Object.keys(TARGETS) as TargetName[];
