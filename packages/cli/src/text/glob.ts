/**
 * Redis-style globs (`*`, `?`, `[a-z]`, `[^x]`, `\` escapes) for `scan --match`.
 * Matching is done here and only the literal beginning is sent to the server, which scans by prefix.
 */

const SPECIAL = /[\\^$.*+?()[\]{}|/]/g;

/** The regular expression a glob stands for; it matches whole keys. */
export function globToRegExp(glob: string): RegExp {
  let source = '';
  for (let at = 0; at < glob.length; at += 1) {
    const char = glob[at]!;
    if (char === '*') source += '[^]*';
    else if (char === '?') source += '[^]';
    else if (char === '\\' && at + 1 < glob.length) {
      at += 1;
      source += escapeLiteral(glob[at]!);
    } else if (char === '[') {
      const end = classEnd(glob, at);
      source += classSource(glob.slice(at + 1, end));
      at = end;
    } else source += escapeLiteral(char);
  }
  return new RegExp(`^(?:${source})$`, 'u');
}

/** What every match begins with: goes to the server as a prefix. */
export function globPrefix(glob: string): string {
  let prefix = '';
  for (let at = 0; at < glob.length; at += 1) {
    const char = glob[at]!;
    if ('*?['.includes(char)) break;
    if (char === '\\' && at + 1 < glob.length) at += 1;
    prefix += glob[at]!;
  }
  return prefix;
}

function escapeLiteral(char: string): string {
  return char.replace(SPECIAL, '\\$&');
}

/** The index of the `]` that closes the class opened at `open`, or the end of the text: Redis takes an open class too. */
function classEnd(glob: string, open: number): number {
  for (let at = open + 1; at < glob.length; at += 1) {
    if (glob[at] === '\\') at += 1;
    else if (glob[at] === ']') return at;
  }
  return glob.length;
}

function classSource(body: string): string {
  const negated = body.startsWith('^');
  const members = [...(negated ? body.slice(1) : body)];
  let source = '';
  for (let at = 0; at < members.length; at += 1) {
    if (members[at] === '\\' && at + 1 < members.length) {
      at += 1;
      source += escapeLiteral(members[at]!);
    } else if (members[at + 1] === '-' && at + 2 < members.length) {
      const [low, high] = [members[at]!, members[at + 2]!].sort() as [string, string];
      source += `${escapeMember(low)}-${escapeMember(high)}`;
      at += 2;
    } else source += escapeMember(members[at]!);
  }
  if (source === '') return negated ? '[^]' : '[]';
  return `[${negated ? '^' : ''}${source}]`;
}

function escapeMember(char: string): string {
  return char === '-' ? '\\-' : escapeLiteral(char);
}
