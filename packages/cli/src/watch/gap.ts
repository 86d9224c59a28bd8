/**
 * Gap: what may be missing from a watch that could not go on where it was, as exactly as two positions tell.
 */
import { parsePosition } from '@quintet/engine/codec';

/**
 * `restart`: the cluster began anew, with an empty store. `forgotten`: the server no longer knows what happened since.
 * `shard-lost`: every copy of a shard died, and what it held is gone.
 */
export type GapReason = 'restart' | 'forgotten' | 'shard-lost';

export interface Gap {
  reason: GapReason;
  /** Changes that may be missing: by shard, the first and the last version. None = nothing else was changed. */
  shards: Record<string, [first: number, last: number]>;
  /** The server's words. */
  detail: string;
}

const VERSION = /^\d+$/;

/** From where a watch was (a position, or a version of its key) to where it begins now. */
export function gapBetween(from: string, now: string, reply: string): Gap {
  const detail = reply.replace(/^[A-Z]+ /, '');
  const lost = reply.startsWith('CLUSTERDOWN') || /was lost/.test(reply);
  const here = parsePosition(now);
  const there = VERSION.test(from) ? undefined : parsePosition(from);
  const restart = there !== undefined && there.cluster !== here.cluster;
  const shards: Gap['shards'] = {};
  for (const [shard, version] of Object.entries(here.versions)) {
    const before = there === undefined ? Number(from) : restart ? 0 : (there.versions[shard] ?? version);
    if (version > before) shards[shard] = [before + 1, version];
  }
  return { reason: restart ? 'restart' : lost ? 'shard-lost' : 'forgotten', shards, detail };
}

/** In words, one line. */
export function describeGap({ reason, shards, detail }: Gap): string {
  const ranges = Object.entries(shards).map(([shard, [first, last]]) => {
    return `shard ${shard} version${first === last ? '' : 's'} ${first === last ? first : `${first} to ${last}`}`;
  });
  const missing = ranges.length === 0 ? undefined : `Changes may be missing: ${ranges.join(', ')}`;
  if (reason === 'restart') {
    const since = missing ?? 'Nothing was changed in it before the watch went on';
    return `the server began anew, empty: what it held is gone, and its last changes may not have been shown. ${since}`;
  }
  if (reason === 'shard-lost') return `${detail}. ${missing ?? 'Nothing else is missing'}`;
  return missing === undefined ? 'nothing was changed meanwhile: no change is missing' : `${detail}. ${missing}`;
}
