/**
 * Keys and values of the load: which key a number names, and which value a call writes.
 *
 * Owns      the families of keys, their names, the text of a value.
 * Families  register: puts of unique values, deletes. cas: compare-and-sets. counter: only ever incremented, so its end
 *           value is known. list: appended to and taken whole, so that every suffix must turn up exactly once.
 *           mortal: times to live. own: one caller's alone, to check that a pipeline keeps its order.
 *           once: written once under a name of its own: what was acknowledged must be there at the end.
 * Rounds    Every few seconds the callers turn to fresh keys. So the history of one key stays short, which keeps its
 *           check fast however long the run, and the data grows, which gives learners something to copy.
 */

export const FAMILIES = ['register', 'cas', 'counter', 'list', 'mortal', 'own'] as const;
export type Family = (typeof FAMILIES)[number];

/** Keys of one family in one round. For `own` also the most callers there can be. */
const KEYS_OF: Record<Family, number> = { register: 12, cas: 4, counter: 4, list: 4, mortal: 6, own: 256 };

/** Room for the keys of one family in one round when keys are numbered. */
const STRIDE = 256;

export const CALLERS_MAX = KEYS_OF.own;

/** How long the callers stay with the keys of a round. */
export const ROUND_NS = 2_000_000_000;

export const VALUE_BYTES = 64;

/** The number of a key: round, family and index in one. */
export function keyNumber(round: number, family: Family, index: number): number {
  return (round * FAMILIES.length + FAMILIES.indexOf(family)) * STRIDE + index;
}

export function keysInRound(family: Family): number {
  return KEYS_OF[family];
}

export function familyOf(key: number): Family {
  return FAMILIES[Math.floor(key / STRIDE) % FAMILIES.length]!;
}

export function keyName(key: number): string {
  const round = Math.floor(key / (STRIDE * FAMILIES.length));
  return `${familyOf(key)}-${round}-${key % STRIDE}`;
}

/** The key of a call that writes a key of its own. */
export function onceKey(call: number): string {
  return `once-${call}`;
}

/** What call number `call` writes: unique, and long enough that a torn or mixed-up value would show. */
export function valueText(call: number): string {
  return `${call}:`.padEnd(VALUE_BYTES, String(call % 10));
}

/** Which call wrote this value, or -1 if it is not whole. */
export function callOfValue(text: string): number {
  const call = Number.parseInt(text, 10);
  return call >= 0 && valueText(call) === text ? call : -1;
}

/** What call number `call` appends. */
export function suffixText(call: number): string {
  return `${call.toString(36)};`;
}

export function callsOfSuffixes(text: string): number[] {
  return text
    .split(';')
    .slice(0, -1)
    .map((suffix) => Number.parseInt(suffix, 36));
}

/** The keys that are there before the first fault, so that every copy is worth copying. */
export function baseEntry(index: number): readonly [string, string] {
  return [`base-${index}`, valueText(index)];
}
