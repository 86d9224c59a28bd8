/** The process's monotonic clock, in nanoseconds; the same in all its threads. As a number exact for 104 days. */
export function monotonicNs(): number {
  return Number(process.hrtime.bigint());
}
