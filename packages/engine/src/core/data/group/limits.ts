/**
 * What one transaction may come to, wherever it is evaluated.
 */

/**
 * Bytes that results and effects of one transaction may come to. Its steps are small beside what they can make (a bit set
 * far out, a large value read a hundred times), and all of it must fit a node's heap at once.
 */
export const TRANSACTION_OUTCOME_BYTES_MAX = 32 * 1024 * 1024;
/**
 * Bytes of present values that one transaction may read to get there. What is read is garbage at once, but thousands of steps
 * that look at a large value and say little of it would keep a node longer than the hang limit.
 */
export const TRANSACTION_READ_MAX = 256 * 1024 * 1024;
