/**
 * Reads what a server wrote as RESP2 or RESP3 and complains of the first thing that is not: a wrong length or a forged line
 * shows itself as a reply that begins with what no reply begins with.
 */

const LINE_TYPES = '+-:,#(_';
const BULK_TYPES = '$=!';
const ITEMS: Readonly<Record<string, number>> = { '*': 1, '~': 1, '>': 1, '%': 2 };

/** The number of whole replies in `text`; what is cut off at its end is none. @throws at what is no reply */
export function countReplies(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; count++) {
    const end = replyEnd(text, at);
    if (end < 0) return count;
    at = end;
  }
  return count;
}

/** Where the reply at `from` ends, or -1 if it is not all there. */
function replyEnd(text: string, from: number): number {
  let at = from;
  for (let missing = 1; missing > 0; missing--) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return -1;
    const type = text[at]!;
    const items = ITEMS[type];
    if (items !== undefined) missing += Math.max(0, lengthAt(text, at, lineEnd)) * items;
    else if (!(BULK_TYPES + LINE_TYPES).includes(type)) throw new Error(`no reply: ${show(text, from, at)}`);
    if (!BULK_TYPES.includes(type)) {
      at = lineEnd + 2;
      continue;
    }
    const length = lengthAt(text, at, lineEnd);
    at = length < 0 ? lineEnd + 2 : lineEnd + 2 + length + 2;
    if (at > text.length) return -1;
    if (text.slice(at - 2, at) !== '\r\n') throw new Error(`wrong length: ${show(text, from, at)}`);
  }
  return at;
}

function lengthAt(text: string, at: number, lineEnd: number): number {
  const digits = text.slice(at + 1, lineEnd);
  if (!/^(?:-1|\d+)$/.test(digits)) throw new Error(`no length: ${show(text, at, lineEnd)}`);
  return Number(digits);
}

function show(text: string, from: number, at: number): string {
  return JSON.stringify(text.slice(Math.max(0, from - 60), at + 60));
}
