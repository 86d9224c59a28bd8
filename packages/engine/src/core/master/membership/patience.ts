/**
 * How long a node may show no sign of life before it is taken for hung.
 *
 * A hang is a guess, and on a starved machine a wrong one.
 *
 * | the node                                   | is given                                             | because                                   |
 * |--------------------------------------------|------------------------------------------------------|-------------------------------------------|
 * | any                                        | `hangLimitMs`                                        | that is what the option says              |
 * | may meet a long value                      | LARGE_MS_PER_MIB more for each MiB of it             | V8 clones and copies a string in one go   |
 * | holds the last copy of a shard             | LAST_COPY_PATIENCE times that                        | acting on it would make the harm certain  |
 *
 * Why LARGE_MS_PER_MIB: to receive, evaluate, store and send a string of 511 MiB takes a node 0.6 s on an idle core, to replace
 * it and answer what was there before 1.5 s: 1 to 3 ms a MiB. The rest is for cores that are shared.
 */

const LARGE_MS_PER_MIB = 20;
const LAST_COPY_PATIENCE = 10;
const MIB = 1024 * 1024;

export function patienceMs(hangLimitMs: number, longestValueBytes: number, holdsLastCopy: boolean): number {
  const patience = hangLimitMs + (longestValueBytes / MIB) * LARGE_MS_PER_MIB;
  return holdsLastCopy ? patience * LAST_COPY_PATIENCE : patience;
}
