/**
 * RequestTarget: path and parameters of a request as the bytes that came. A URL parser would resolve `..`, make `/` of `\`, and
 * take raw bytes for Latin-1 and undecodable ones for U+FFFD: each of these names another key.
 *
 * Owns      reading them as one-byte text, where percent-encoding is undone for parameters and not for the path.
 * Does not  know routes, or refuse anything.
 */
export class RequestTarget {
  /** Percent-encoded. */
  readonly path: string;
  private readonly parameters = new Map<string, string>();

  /** `target`: as node has it, one-byte text; a proxy may name the whole address. */
  constructor(target: string) {
    const [path = '', query = ''] = splitOnce(target.replace(/^https?:\/\/[^/?]*/i, ''), '?');
    this.path = path;
    for (const pair of query.split('&')) {
      const [name = '', value = ''] = splitOnce(pair, '=');
      if (!this.parameters.has(name)) this.parameters.set(name, percentDecoded(value.replaceAll('+', ' ')));
    }
  }

  /** The first parameter of this name, as one-byte text, or null. */
  parameter(name: string): string | null {
    return this.parameters.get(name) ?? null;
  }
}

/** One-byte text; a `%` that begins no byte stays. */
export function percentDecoded(encoded: string): string {
  return encoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
