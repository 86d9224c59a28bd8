/**
 * Inline requests: a line typed by a human, split into arguments as Redis's sdssplitargs does. Blanks part arguments;
 * "double quotes" know \n \r \t \b \a \xHH and \<any>; 'single quotes' know only \'. A closing quote must end its argument.
 */

const BLANK = new Set([' ', '\n', '\r', '\t', '\v', '\f', '\0']);
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['a', '\x07'],
]);
const HEX_BYTE = /^[0-9a-fA-F]{2}$/;

/** One argument and where it ended; null for unbalanced quotes. */
type Token = { readonly value: string; readonly end: number } | null;

/** The arguments of a line without its line end, or null if its quotes do not match. */
export function splitLine(line: string): string[] | null {
  const args: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && BLANK.has(line[at]!)) at++;
    if (at >= line.length) return args;
    const token = readToken(line, at);
    if (token === null) return null;
    args.push(token.value);
    at = token.end;
  }
}

/** A token may begin bare and go on quoted (`a"b c"`), but a quoted part ends it. */
function readToken(line: string, from: number): Token {
  let at = from;
  while (at < line.length && !BLANK.has(line[at]!)) {
    if (line[at] === '"' || line[at] === "'") {
      const quoted = line[at] === '"' ? readDoubleQuoted(line, at + 1) : readSingleQuoted(line, at + 1);
      if (quoted === null) return null;
      if (quoted.end < line.length && !BLANK.has(line[quoted.end]!)) return null;
      return { value: line.slice(from, at) + quoted.value, end: quoted.end };
    }
    at++;
  }
  return { value: line.slice(from, at), end: at };
}

function readDoubleQuoted(line: string, from: number): Token {
  const parts: string[] = [];
  for (let at = from; at < line.length; at++) {
    const char = line[at]!;
    if (char === '"') return { value: parts.join(''), end: at + 1 };
    if (char !== '\\' || at + 1 >= line.length) {
      parts.push(char);
    } else if (line[at + 1] === 'x' && HEX_BYTE.test(line.slice(at + 2, at + 4))) {
      parts.push(String.fromCharCode(Number.parseInt(line.slice(at + 2, at + 4), 16)));
      at += 3;
    } else {
      at++;
      parts.push(ESCAPES.get(line[at]!) ?? line[at]!);
    }
  }
  return null;
}

function readSingleQuoted(line: string, from: number): Token {
  const parts: string[] = [];
  for (let at = from; at < line.length; at++) {
    if (line[at] === "'") return { value: parts.join(''), end: at + 1 };
    if (line[at] === '\\' && line[at + 1] === "'") at++;
    parts.push(line[at]!);
  }
  return null;
}
