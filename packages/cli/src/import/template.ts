/**
 * Templates: `city:{country}:{name}` makes a text of a record's fields. `{a.b}` looks inside, `{#}` is the record's number
 * in the file, `{{` and `}}` are braces.
 */

type Part = { readonly text: string } | { readonly field: string; readonly path: readonly string[] };

export class BadTemplate extends Error {
  override readonly name = 'BadTemplate';
}

export class Template {
  readonly #parts: readonly Part[];

  constructor(source: string) {
    this.#parts = parse(source);
  }

  /** Throws an Error that names the field which is missing or is no plain value. */
  fill(record: unknown, number: number): string {
    let filled = '';
    for (const part of this.#parts)
      filled += 'text' in part ? part.text : fieldText(record, part.field, part.path, number);
    return filled;
  }
}

function parse(source: string): Part[] {
  const parts: Part[] = [];
  for (const match of source.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g)) {
    const [token, field] = match;
    if (token === '{{' || token === '}}') parts.push({ text: token[0]! });
    else if (token === '{' || token === '}')
      throw new BadTemplate(`"${source}" has a lone "${token}" (write ${token}${token} for a brace)`);
    else if (field === undefined) parts.push({ text: token });
    else if (field.trim() === '') throw new BadTemplate(`"${source}" has empty braces: write {field}`);
    else parts.push({ field: field.trim(), path: field.trim().split('.') });
  }
  if (!parts.some((part) => 'field' in part))
    throw new BadTemplate(`"${source}" names no {field}: every record would get the same`);
  return parts;
}

function fieldText(record: unknown, field: string, path: readonly string[], number: number): string {
  if (field === '#') return String(number);
  const value = own(record, field) ?? path.reduce<unknown>(own, record);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === undefined || value === null) throw new Error(`no field "${field}"`);
  throw new Error(`field "${field}" is ${Array.isArray(value) ? 'an array' : 'an object'}`);
}

/** Own properties only: `{constructor}` is a field that is not there. */
function own(record: unknown, name: string): unknown {
  if (typeof record !== 'object' || record === null || !Object.hasOwn(record, name)) return undefined;
  return (record as Record<string, unknown>)[name];
}
