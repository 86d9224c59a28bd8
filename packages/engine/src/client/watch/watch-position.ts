/**
 * WatchPosition, its forms: the plain object a program keeps, one line of text for command lines and protocols, and seq by
 * shard as the core takes it.
 *
 * Text      `<cluster>:<shard>=<version>,<shard>=<version>…`, such as `1b9d…4bed:0=17,1=4`; nothing a shell would change.
 */
import type { ShardId } from '../../core/protocol/ids.ts';
import { invalidOption } from '../store/call-options.ts';
import type { WatchPosition } from '../store/store-watch.ts';

const TEXT = /^([\w.-]{1,64}):((?:\d{1,5}=\d{1,16}(?:,(?=\d)|$))*)$/;

/** A position as text that {@link parsePosition} reads. */
export function formatPosition({ cluster, versions }: WatchPosition): string {
  const places = Object.entries(versions).map(([shard, version]) => `${shard}=${version}`);
  return `${cluster}:${places.join(',')}`;
}

/**
 * A position from what {@link formatPosition} wrote.
 * @throws {KvError} INVALID_OPTION for any other text
 */
export function parsePosition(text: string): WatchPosition {
  const [, cluster, places] = TEXT.exec(text) ?? [];
  if (cluster === undefined || places === undefined) throw invalidOption('from', 'a position of a watch', text);
  const pairs = places === '' ? [] : places.split(',').map((place) => place.split('='));
  const position = {
    cluster,
    versions: Object.fromEntries(pairs.map(([shard, version]) => [shard!, Number(version)])),
  };
  checkPosition(position);
  return position;
}

/** @throws {KvError} INVALID_OPTION unless it has the form of a position */
export function checkPosition(position: WatchPosition): void {
  const { cluster, versions } = (position ?? {}) as Partial<WatchPosition>;
  const whole = typeof cluster === 'string' && typeof versions === 'object' && versions !== null;
  if (!whole || !Object.entries(versions).every(isPlace)) {
    throw invalidOption('from', 'the position of a watcher', position);
  }
}

function isPlace([shard, version]: [string, unknown]): boolean {
  return /^\d{1,5}$/.test(shard) && Number.isSafeInteger(version) && (version as number) >= 0;
}

/** A position as the core takes it. */
export function placesOf({ versions }: WatchPosition): Map<ShardId, number> {
  return new Map(Object.entries(versions).map(([shard, version]) => [Number(shard), version]));
}

/** Places as a user keeps them. */
export function positionOf(cluster: string, places: ReadonlyMap<ShardId, number>): WatchPosition {
  return { cluster, versions: Object.fromEntries(places) };
}
