/**
 * Violation: what a checker throws. Names the property, so that a shrunk run is one that breaks the *same* property.
 */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly checker: string;

  constructor(checker: string, text: string) {
    super(text);
    this.checker = checker;
  }
}

/** Throws a violation of `checker` unless the condition holds. */
export function check(condition: boolean, checker: string, text: () => string): asserts condition {
  if (!condition) throw new Violation(checker, text());
}
