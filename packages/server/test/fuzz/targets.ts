/** The targets, by name. */
import type { Tally } from './target.ts';

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
