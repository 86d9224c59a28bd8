/**
 * What a terminal must not interpret: control characters (C0, DEL, C1), the invisible ones that turn text around (bidi) or
 * join and part it, and what is no character. Keys, names and messages come from strangers, and end on the terminal of whoever
 * runs kvctl, or in its log: there all of these are shown as `\u202e`. That is also how JSON writes them, so that JSON stays
 * JSON and means the same.
 */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Cn}]/u;

const EVERY = new RegExp(UNPRINTABLE, 'gu');

/** For one line: line breaks are escaped too. */
export function visible(text: string): string {
  return text.replace(EVERY, escaped);
}

/** For text of several lines. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

/** JSON on one line, safe on any terminal. */
export function jsonLine(value: unknown): string {
  return visible(JSON.stringify(value));
}

/** Each half of a surrogate pair by itself, as in JSON. */
function escaped(character: string): string {
  let text = '';
  for (let at = 0; at < character.length; at += 1) {
    text += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }
  return text;
}
