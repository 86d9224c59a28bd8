/**
 * Glob: Redis-style patterns over one-byte strings. The one matcher of the engine (`match` of a scan), the server (KEYS, SCAN
 * MATCH, PSUBSCRIBE, CONFIG GET …) and kvctl (`scan --match`).
 *
 * Grammar   `*` any bytes, none included · `?` one byte · `[abc]` `[a-z]` `[^a]` one byte of a class · `\x` the byte x.
 *           A class without its `]` ends with the pattern, a `\` at the end means itself, a range may be written backwards;
 *           all as in Redis. To match in any case, give pattern and text in lower case.
 * Bounded   A mismatch goes back to the last `*` only, which is enough: so a match takes at most pattern × text steps, never
 *           exponentially many. A class is 256 bits, so that a step costs the same whatever the pattern says. The product can
 *           still be large and strangers may choose both factors: so every step is taken from a budget, and what does not fit
 *           pauses ({@link Glob.matchOrPause}) or is refused ({@link Glob.matches}).
 */

/** Steps that may be taken in one turn of an event loop: 35 ms at most. */
export const STEPS_A_TURN = 8_000_000;

/** How many steps are left for what is done in one turn. */
export class StepBudget {
  left: number;

  constructor(steps: number = STEPS_A_TURN) {
    this.left = steps;
  }
}

/** Thrown by {@link Glob.matches} when the budget is used up: whether the text matches is not known. */
export class MatchTooLong extends Error {
  override readonly name = 'MatchTooLong';

  constructor() {
    super('matching takes too long, use a simpler pattern');
  }
}

/** Where a match has paused: to be given back with the next turn's budget. */
export interface Pause {
  /** The place in the text, and the token that comes next. */
  readonly at: number;
  readonly token: number;
  /** The token behind the last star, -1 = none yet; and how much of the text that star is tried with. */
  readonly afterStar: number;
  readonly starAt: number;
}

// Tokens: a byte to be met exactly, STAR, ONE, or FIRST_CLASS - n for the nth class.
const STAR = -1;
const ONE = -2;
const FIRST_CLASS = -3;
/** 256 bits. */
const CLASS_BYTES = 32;

const BEGIN: Pause = { at: 0, token: 0, afterStar: -1, starAt: 0 };

/** A compiled pattern. */
export class Glob {
  /** What every text that matches begins with; the whole text if the pattern has no wildcards. */
  readonly literalPrefix: string;
  /** Whether every text matches. */
  readonly matchesAll: boolean;
  readonly #tokens: Int32Array;
  /** The classes one after the other, CLASS_BYTES each. */
  readonly #classes: Uint8Array;

  /** `pattern` is a one-byte string: each of its characters below 256. */
  constructor(pattern: string) {
    const { tokens, classes } = new Compiler(pattern).compile();
    this.#tokens = Int32Array.from(tokens);
    this.#classes = Uint8Array.from(classes);
    const wildcard = tokens.findIndex((token) => token < 0);
    this.literalPrefix = textOf(wildcard < 0 ? tokens : tokens.slice(0, wildcard));
    this.matchesAll = tokens.length === 1 && tokens[0] === STAR;
  }

  /**
   * Whether a one-byte text matches, with the steps it takes taken from `budget`.
   * @throws {MatchTooLong} when there are not enough
   */
  matches(text: string, budget: StepBudget): boolean {
    const found = this.matchOrPause(text, budget);
    if (typeof found !== 'boolean') throw new MatchTooLong();
    return found;
  }

  /** The same, but pauses when the budget is used up: call it again with the pause and more steps. */
  matchOrPause(text: string, budget: StepBudget, from: Pause = BEGIN): boolean | Pause {
    const tokens = this.#tokens;
    let { at, token, afterStar, starAt } = from;
    // To look at a text is a step by itself: a million texts that differ in their first byte are not for nothing.
    let left = budget.left - 1;
    while (at < text.length) {
      if (left-- <= 0) {
        budget.left = 0;
        return { at, token, afterStar, starAt };
      }
      const wanted = tokens[token];
      if (wanted === STAR) {
        afterStar = ++token;
        starAt = at;
      } else if (wanted !== undefined && this.#meets(wanted, text.charCodeAt(at))) {
        token++;
        at++;
      } else if (afterStar >= 0) {
        // A star that ends the pattern takes all that is left.
        if (afterStar === tokens.length) break;
        token = afterStar;
        at = ++starAt;
      } else {
        budget.left = left;
        return false;
      }
    }
    budget.left = Math.max(0, left);
    if (tokens[token] === STAR) token++;
    return token === tokens.length;
  }

  #meets(token: number, byte: number): boolean {
    if (token >= 0) return token === byte;
    if (token === ONE) return true;
    const at = (FIRST_CLASS - token) * CLASS_BYTES + (byte >> 3);
    return ((this.#classes[at]! >> (byte & 7)) & 1) === 1;
  }
}

/** Not by spreading: a pattern may be longer than a call may have arguments. */
function textOf(bytes: readonly number[]): string {
  return bytes.map((byte) => String.fromCharCode(byte)).join('');
}

const CODE = { star: 0x2a, question: 0x3f, open: 0x5b, close: 0x5d, backslash: 0x5c, caret: 0x5e, dash: 0x2d } as const;

class Compiler {
  readonly #pattern: string;
  readonly #classes: number[] = [];
  /** Those of the classes, by their bits. */
  readonly #tokens = new Map<string, number>();
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  compile(): { readonly tokens: readonly number[]; readonly classes: readonly number[] } {
    const tokens: number[] = [];
    while (this.#more()) {
      const token = this.#next();
      if (token !== STAR || tokens.at(-1) !== STAR) tokens.push(token);
    }
    return { tokens, classes: this.#classes };
  }

  #next(): number {
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

  #class(): number {
    const negated = this.#peek() === CODE.caret;
    if (negated) this.#at++;
    const bits = new Uint8Array(CLASS_BYTES);
    while (this.#more() && this.#peek() !== CODE.close) this.#member(bits);
    this.#at++; // the closing bracket, if there is one
    return this.#tokenOf(negated ? bits.map((eight) => ~eight) : bits);
  }

  /** Equal classes are kept once: so no pattern becomes many times as long as it was. */
  #tokenOf(bits: Uint8Array): number {
    const name = bits.join();
    const known = this.#tokens.get(name);
    if (known !== undefined) return known;
    const token = FIRST_CLASS - this.#tokens.size;
    this.#tokens.set(name, token);
    this.#classes.push(...bits);
    return token;
  }

  /** One byte, an escaped byte, or a range. As in Redis, a dash makes a range of whatever comes after it, `]` too. */
  #member(bits: Uint8Array): void {
    const first = this.#take();
    if (first === CODE.backslash && this.#more()) {
      mark(bits, this.#take());
    } else if (this.#peek() === CODE.dash && this.#at + 1 < this.#pattern.length) {
      this.#at++;
      const last = this.#take();
      mark(bits, Math.min(first, last), Math.max(first, last));
    } else {
      mark(bits, first);
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

/** Marks the bytes from `first` to `last`, eight at a time: a pattern may hold a thousand ranges. */
function mark(bits: Uint8Array, first: number, last = first): void {
  const [begin, end] = [first >> 3, last >> 3];
  const [from, to] = [0xff << (first & 7), 0xff >> (7 - (last & 7))];
  if (begin === end) {
    bits[begin]! |= from & to;
    return;
  }
  bits[begin]! |= from;
  bits.fill(0xff, begin + 1, end);
  bits[end]! |= to;
}
