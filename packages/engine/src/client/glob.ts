/**
 * Glob: Redis-style patterns over one-byte strings, as KEYS and SCAN MATCH have them.
 *
 * Grammar   `*` any bytes, none included · `?` one byte · `[abc]` `[a-z]` `[^a]` one byte of a class · `\x` the byte x.
 *           A class without its `]` ends with the pattern, a `\` at the end means itself; both as in Redis.
 * Bounded   A mismatch goes back to the last `*` only, which is enough: so a match takes at most pattern × key steps,
 *           never exponentially many. No regular expressions, so no input can make one explode.
 */

const STAR = -1;
const ONE = -2;
/** A byte to be met exactly, STAR, ONE, or a class as a table of 256. */
type Token = number | Uint8Array;

const CODE = { star: 0x2a, question: 0x3f, open: 0x5b, close: 0x5d, backslash: 0x5c, caret: 0x5e, dash: 0x2d } as const;

/** A compiled pattern. */
export class Glob {
  /** What every key that matches begins with. */
  readonly literalPrefix: string;
  readonly #tokens: readonly Token[];

  /** `pattern` is a one-byte string. */
  constructor(pattern: string) {
    this.#tokens = new Compiler(pattern).compile();
    const literals = this.#tokens.findIndex((token) => typeof token !== 'number' || token < 0);
    const end = literals < 0 ? this.#tokens.length : literals;
    this.literalPrefix = String.fromCharCode(...(this.#tokens.slice(0, end) as number[]));
  }

  matches(key: string): boolean {
    const tokens = this.#tokens;
    let at = 0;
    let token = 0;
    let afterStar = -1;
    let starAt = 0;
    while (at < key.length) {
      if (tokens[token] === STAR) {
        afterStar = ++token;
        starAt = at;
      } else if (token < tokens.length && meets(tokens[token]!, key.charCodeAt(at))) {
        token++;
        at++;
      } else if (afterStar >= 0) {
        token = afterStar;
        at = ++starAt;
      } else {
        return false;
      }
    }
    while (tokens[token] === STAR) token++;
    return token === tokens.length;
  }
}

function meets(token: Token, byte: number): boolean {
  return typeof token === 'number' ? token === byte || token === ONE : token[byte] === 1;
}

class Compiler {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  compile(): Token[] {
    const tokens: Token[] = [];
    while (this.#at < this.#pattern.length) {
      const token = this.#next();
      if (token !== STAR || tokens.at(-1) !== STAR) tokens.push(token);
    }
    return tokens;
  }

  #next(): Token {
    const byte = this.#take();
    switch (byte) {
      case CODE.star:
        return STAR;
      case CODE.question:
        return ONE;
      case CODE.open:
        return this.#class();
      case CODE.backslash:
        return this.#more() ? this.#take() : byte;
      default:
        return byte;
    }
  }

  #class(): Uint8Array {
    const negated = this.#peek() === CODE.caret;
    if (negated) this.#at++;
    const table = new Uint8Array(256);
    while (this.#more() && this.#peek() !== CODE.close) this.#member(table);
    this.#at++; // the closing bracket, if there is one
    return negated ? table.map((bit) => 1 - bit) : table;
  }

  /** One byte, an escaped byte, or a range. As in Redis, a dash makes a range of whatever comes after it, `]` too. */
  #member(table: Uint8Array): void {
    const first = this.#take();
    if (first === CODE.backslash && this.#more()) {
      table[this.#take()] = 1;
    } else if (this.#peek() === CODE.dash && this.#at + 1 < this.#pattern.length) {
      this.#at++;
      const last = this.#take();
      table.fill(1, Math.min(first, last), Math.max(first, last) + 1);
    } else {
      table[first] = 1;
    }
  }

  #more(): boolean {
    return this.#at < this.#pattern.length;
  }

  #peek(): number {
    return this.#pattern.charCodeAt(this.#at);
  }

  #take(): number {
    return this.#pattern.charCodeAt(this.#at++);
  }
}
