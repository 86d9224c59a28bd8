/**
 * How the edge reads a value back. The core stores it and never looks inside, increments apart: `number` is a finite
 * number as decimal text. Increments work on text, bytes and numbers alike and keep the kind; an absent key becomes a
 * `number`. Appending to a `number` makes it `text`.
 */
export const ValueKind = { text: 0, bytes: 1, structured: 2, number: 3 } as const;
export type ValueKind = (typeof ValueKind)[keyof typeof ValueKind];
