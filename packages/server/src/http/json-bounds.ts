/**
 * Whether JSON of a stranger may be parsed: JSON.parse takes any depth and any number of objects, and needs up to fifty
 * times the text for them. What goes beyond the bounds of structured values could not be stored anyway.
 */
import { DEPTH_MAX, OBJECTS_MAX } from '@quintet/engine/codec';

const [QUOTE, BACKSLASH, OPEN_ARRAY, OPEN_OBJECT, CLOSE_ARRAY, CLOSE_OBJECT] = Buffer.from('"\\[{]}');

/** Broken JSON may pass: whoever parses it will say so. */
export function isWithinBounds(json: Uint8Array): boolean {
  let [depth, objects] = [0, 0];
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfString(json, at);
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      if (++depth > DEPTH_MAX || ++objects > OBJECTS_MAX) return false;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
  }
  return true;
}

/** The place of the quote that ends the string that begins at `start`. */
function endOfString(json: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}
