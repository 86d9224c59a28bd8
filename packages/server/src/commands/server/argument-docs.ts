/**
 * The arguments of a command as COMMAND DOCS tells them, read from their notation (syntax.ts).
 */
import { array, bulk, type Encoder, integer, simple } from '../../resp/encoder.ts';

/** An argument, or several as one. */
export interface Argument {
  readonly name: string;
  readonly type: string;
  /** Of a key: the key specification it belongs to. */
  readonly keySpec: number | null;
  readonly token: string | null;
  readonly since: string | null;
  readonly deprecatedSince: string | null;
  readonly flags: readonly string[];
  readonly parts: readonly Argument[];
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  int: 'integer',
  double: 'double',
  pattern: 'pattern',
  'unix-time': 'unix-time',
  token: 'pure-token',
  key: 'key',
  key1: 'key',
};

const FLAGS: readonly (readonly [mark: string, flag: string])[] = [
  ['?', 'optional'],
  ['*', 'multiple'],
  ['+', 'multiple_token'],
];

/** The arguments of a notation; throws if it is none. */
export function readSyntax(notation: string): readonly Argument[] {
  const reader = new Reader(notation);
  const parsed = reader.list(' ');
  if (!reader.isAtEnd) throw new Error(`cannot read the syntax ${notation}`);
  return parsed;
}

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get isAtEnd(): boolean {
    return this.at === this.text.length;
  }

  list(separator: string): Argument[] {
    const found = [this.argument()];
    while (this.takes(separator)) found.push(this.argument());
    return found;
  }

  private argument(): Argument {
    const [, word, label] = this.take(/(?:([A-Z][A-Z0-9_-]*)(?:=|(?![a-z0-9_:/-])))?([a-z0-9_:/-]*)/y);
    const token = word ?? null;
    const [name, type, keySpec] = named(label!, token);
    const oneOf = this.parts('(', '|', ')');
    const block = this.parts('{', ' ', '}');
    const flags = FLAGS.filter(([mark]) => this.takes(mark)).map(([, flag]) => flag);
    const since = this.takes('@') ? this.take(/[0-9.]+/y)[0]! : null;
    const deprecatedSince = this.takes('~') ? this.take(/[0-9.]+/y)[0]! : null;
    const whole = oneOf.length > 0 ? 'oneof' : block.length > 0 ? 'block' : type;
    return { name, type: whole, keySpec, token, since, deprecatedSince, flags, parts: [...oneOf, ...block] };
  }

  private parts(opening: string, separator: string, closing: string): readonly Argument[] {
    if (!this.takes(opening)) return [];
    const parts = this.list(separator);
    if (!this.takes(closing)) throw new Error(`cannot read the syntax ${this.text} at ${this.at}`);
    return parts;
  }

  private take(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) throw new Error(`cannot read the syntax ${this.text} at ${this.at}`);
    this.at += found[0].length;
    return found;
  }

  private takes(character: string): boolean {
    const is = this.text[this.at] === character;
    if (is) this.at++;
    return is;
  }
}

/** `seconds:int`, `key`, or nothing: then a word alone. */
function named(label: string, token: string | null): readonly [name: string, type: string, keySpec: number | null] {
  if (label === '') return [token!.toLowerCase(), 'pure-token', null];
  const colon = label.lastIndexOf(':');
  const given = TYPES[label.slice(colon + 1)] === undefined || colon < 0 ? null : label.slice(colon + 1);
  const name = given === null ? label : label.slice(0, colon);
  const type = given ?? (name === 'key' ? 'key' : 'string');
  return [name, TYPES[type]!, type === 'key' ? 0 : type === 'key1' ? 1 : null];
}

/** As Redis orders the fields. */
export function encodeArguments(parsed: readonly Argument[], encoder: Encoder): string {
  return array(parsed.map((argument) => encodeArgument(argument, encoder)));
}

function encodeArgument(argument: Argument, encoder: Encoder): string {
  const { name, type, keySpec, token, since, deprecatedSince, flags, parts } = argument;
  const fields = [bulk('name'), bulk(name), bulk('type'), bulk(type)];
  if (keySpec !== null) fields.push(bulk('key_spec_index'), integer(keySpec));
  if (token !== null) fields.push(bulk('token'), bulk(token));
  if (since !== null) fields.push(bulk('since'), bulk(since));
  if (deprecatedSince !== null) fields.push(bulk('deprecated_since'), bulk(deprecatedSince));
  if (flags.length > 0) fields.push(bulk('flags'), encoder.set(flags.map(simple)));
  if (parts.length > 0) fields.push(bulk('arguments'), encodeArguments(parts, encoder));
  return encoder.map(fields);
}
