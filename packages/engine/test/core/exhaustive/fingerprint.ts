/**
 * fingerprint: two states of a cluster have the same one if nothing that may still happen can tell them apart.
 *
 * Objects are told by their place in the walk, so shared and circular ones count as what they are. Stores are told by
 * their entries: where a store keeps them changes nothing. Functions are left out: here they only bind parts together.
 */
import { createHash } from 'node:crypto';
import { SlabStore } from '../../../src/core/store/slab-store.ts';

export function fingerprint(state: object): string {
  const hash = createHash('sha1');
  const places = new Map<object, number>();
  const parts: string[] = [];

  const walk = (value: unknown): void => {
    if (typeof value === 'function') return;
    if (typeof value !== 'object' || value === null) {
      parts.push(typeof value === 'string' ? JSON.stringify(value) : String(value));
      return;
    }
    const place = places.get(value);
    if (place !== undefined) {
      parts.push(`#${place}`);
      return;
    }
    places.set(value, places.size);
    if (value instanceof SlabStore) parts.push(entriesOf(value));
    else if (ArrayBuffer.isView(value)) parts.push(Array.prototype.join.call(value));
    else if (value instanceof Map || value instanceof Set) walkAll([...value]);
    else if (Array.isArray(value)) walkAll(value);
    else walkAll(Object.values(value));
  };
  const walkAll = (values: readonly unknown[]): void => {
    parts.push('(');
    for (const value of values) walk(value);
    parts.push(')');
  };

  walk(state);
  for (const part of parts) hash.update(part).update(' ');
  return hash.digest('base64');
}

function entriesOf(store: SlabStore): string {
  const entries: string[] = [];
  store.walk(0, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, false, ({ key, value, version }) => {
    entries.push(`${key}=${value}@${version}`);
  });
  return `{${entries.sort().join()}}`;
}
