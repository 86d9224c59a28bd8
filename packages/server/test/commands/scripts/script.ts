/**
 * What commands answer, as data, recorded from Redis 7.0.15: commands.test.ts runs it against the fake, redis-compare.test.ts
 * against a real Redis 7.0, so that both agree on every row but those marked `ours`. One file for each family of commands.
 */

/** Requests and their replies, one connection from top to bottom. `~` in a reply is \r\n. `ours`: Redis 7.0 has no such thing,
 * or answers otherwise on purpose. `clock`: exact only where time stands still. */
export type Script = readonly (readonly [request: string, reply: string, mark?: 'ours' | 'clock'])[];

/** By what they are about. */
export type Scripts = Readonly<Record<string, Script>>;

/** A reply as it goes over the wire. */
export function wire(reply: string): string {
  return reply.replaceAll('~', '\r\n');
}

export const NOT_INTEGER = '-ERR value is not an integer or out of range~';
