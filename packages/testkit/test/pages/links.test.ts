/** Every relative link on a page of the repository leads to a file that is there, and to a heading of it where it names one. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

/** The anchors GitHub gives to headings: small letters, no punctuation, hyphens for spaces, a number where one comes again. */
function anchorsOf(markdown: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading] of withoutCode(markdown).matchAll(/^#{1,6} (.+)$/gm)) {
    const text = heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase();
    const anchor = text.replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    anchors.add(times === 0 ? anchor : `${anchor}-${times}`);
  }
  for (const [, name] of markdown.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(name!);
  return anchors;
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, '');
}

/** What is wrong with the links of a page. */
function deadLinks(page: string, markdown: string, read: (path: string) => string | undefined): string[] {
  const links = withoutCode(markdown)
    .replace(/`[^`\n]*`/g, '')
    .matchAll(/\]\(([^)\s]+)\)/g);
  return [...links].flatMap(([, link]) => {
    if (/^[a-z]+:/.test(link!)) return [];
    const [path, anchor] = link!.split('#');
    const target = path === '' ? page : join(dirname(page), path!);
    const text = target === page ? markdown : read(target);
    if (text === undefined) return [`${page}: ${link}: no such file`];
    return anchor === undefined || anchorsOf(text).has(anchor) ? [] : [`${page}: ${link}: no such heading`];
  });
}

it('links on pages lead somewhere', () => {
  const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: ROOT,
    encoding: 'utf8',
  }).trim();
  const read = (path: string): string | undefined => {
    const full = join(ROOT, path);
    if (!existsSync(full)) return undefined;
    return path.endsWith('.md') ? readFileSync(full, 'utf8') : '';
  };
  assert.deepEqual(
    pages.split('\n').flatMap((page) => deadLinks(page, read(page) ?? '', read)),
    [],
  );
});

it('a dead link is seen, be it to a file or to a heading', () => {
  const read = (path: string): string | undefined => (path === 'docs/b.md' ? '# One: two `three`\n' : undefined);
  assert.deepEqual(deadLinks('docs/a.md', '[x](b.md#one-two-three) [y](https://example.org) `[z](z.md)`', read), []);
  assert.deepEqual(deadLinks('docs/a.md', '# Here\n[x](c.md) [y](b.md#two) [z](#there)', read), [
    'docs/a.md: c.md: no such file',
    'docs/a.md: b.md#two: no such heading',
    'docs/a.md: #there: no such heading',
  ]);
});
