/** Pages for newcomers: the README stays short, and every link within the repository leads to a file and a heading that exist. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const README_LINES_MAX = 120;

const FOLDERS = ['', 'docs', 'docker', ...readdirSync(join(ROOT, 'packages')).map((name) => join('packages', name))];
const PAGES = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(ROOT, folder, name)),
);

/** The page without its fenced blocks: what looks like a link or a heading there is none. */
function proseOf(page: string): string {
  return readFileSync(page, 'utf8').replaceAll(/^```.*?^```$/gms, '');
}

/** Headings as GitHub names them: lower case, punctuation dropped, blanks to hyphens. */
function anchorsOf(page: string): Set<string> {
  const headings = [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function deadLinksOf(page: string): string[] {
  const targets = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    if (!existsSync(file)) return true;
    return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).has(anchor);
  });
}

test('the README is read in one sitting', () => {
  const lines = readFileSync(join(ROOT, 'README.md'), 'utf8').trimEnd().split('\n').length;
  assert.ok(lines <= README_LINES_MAX, `README.md has ${lines} lines, at most ${README_LINES_MAX}`);
});

test('no link of a page is dead', () => {
  assert.ok(PAGES.length >= 15);
  const dead = PAGES.flatMap((page) => deadLinksOf(page).map((target) => `${relative(ROOT, page)}: ${target}`));
  assert.deepEqual(dead, []);
});
