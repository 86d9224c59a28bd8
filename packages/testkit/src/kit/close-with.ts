/** How a test says when it is over: node:test with `t.after`, vitest with `onTestFinished`. No test runner is imported. */

/** The context a test function is given, as far as it is used here. */
export type TestContextLike =
  /** node:test */
  | { after(fn: () => Promise<void>): unknown }
  /** vitest */
  | { onTestFinished(fn: () => Promise<void>): unknown };

/** Calls `close` when the test is over, however it ends; what it rejects with fails the test. */
export function closeWith(t: TestContextLike, close: () => Promise<void>): void {
  if ('after' in t) t.after(close);
  else t.onTestFinished(close);
}
