/**
 * What lint cannot hold: names of files in comments, and what docs/internals names, exist, and a code of an invariant (SQ1) means one thing. Layers, doors,
 * import cycles, lengths of functions and files are held by biome.json.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { VERSION } from '@quintet/engine/internal';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const TRACKED = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
const CODE = /^ \*\s+(?:Invariants? +)?([A-Z]{1,3}\d+)\s\s+\S/gm;
const FILE_NAME = /(?<![\w/.-])(?:[\w@.-]+\/)*[\w-]+(?:\.slow)?(?:\.test)?\.(?:ts|mjs|md|proto)\b/g;

/** Names of files in the comments of a text that no file has. */
function staleNames(text: string, files: readonly string[]): string[] {
  const mentioned = (text.match(COMMENT) ?? []).flatMap((comment) => comment.match(FILE_NAME) ?? []);
  return mentioned.filter((name) => !files.some((file) => file === name || file.endsWith(`/${name}`)));
}

/** The codes of the invariants that the header of a file states. */
function codesOf(text: string): string[] {
  const header = /\/\*\*[\s\S]*?\*\//.exec(text)?.[0] ?? '';
  return [...header.matchAll(CODE)].map((match) => match[1]!);
}

const sources = TRACKED.filter((file) => /\.(ts|mjs)$/.test(file) && basename(file) !== 'tidy.test.ts');

test('files named in comments exist', () => {
  const stale = sources.flatMap((file) =>
    staleNames(readFileSync(`${ROOT}${file}`, 'utf8'), TRACKED).map((name) => `${file}: ${name}`),
  );
  assert.deepEqual(stale, []);
});

/** Of `Class.member` in a text: what no class of that name has. `classes`: the text of the files that have one. */
function staleMembers(text: string, classes: ReadonlyMap<string, string>): string[] {
  const mentioned = [...text.matchAll(/`([A-Z]\w+)\.([a-z]\w+)`/g)];
  return mentioned
    .filter(([, name, member]) => {
      const source = classes.get(name!);
      return (
        source === undefined || !new RegExp(`^ +(?:readonly |private |async |get )*${member}\\b`, 'm').test(source)
      );
    })
    .map(([, name, member]) => `${name}.${member}`);
}

test('files and members of classes named in docs/internals exist', () => {
  const classes = new Map<string, string>();
  for (const file of sources.filter((name) => name.includes('/src/'))) {
    const text = readFileSync(`${ROOT}${file}`, 'utf8');
    for (const [, name] of text.matchAll(/^(?:export )?(?:class|interface) (\w+)/gm)) {
      classes.set(name!, `${classes.get(name!) ?? ''}${text}`);
    }
  }
  const pages = TRACKED.filter((file) => file.startsWith('docs/internals/'));
  assert.ok(pages.length >= 2);
  for (const page of pages) {
    const text = readFileSync(`${ROOT}${page}`, 'utf8');
    const names = (text.match(FILE_NAME) ?? []).filter((name) => !name.endsWith('.md'));
    assert.deepEqual(
      names.filter((name) => !TRACKED.some((file) => file === name || file.endsWith(`/${name}`))),
      [],
      page,
    );
    assert.deepEqual(staleMembers(text, classes), [], page);
  }
});

test('the code of an invariant is of one file', () => {
  const places = new Map<string, string[]>();
  for (const file of sources.filter((name) => name.includes('/src/'))) {
    for (const code of codesOf(readFileSync(`${ROOT}${file}`, 'utf8'))) {
      places.set(code, [...(places.get(code) ?? []), file]);
    }
  }
  assert.ok(places.size > 50, 'codes are found at all');
  assert.deepEqual(
    [...places].filter(([, files]) => files.length > 1),
    [],
  );
});

test('the version in the sources is that of the published packages', () => {
  for (const name of ['engine', 'server', 'cli', 'testkit']) {
    const { version } = JSON.parse(readFileSync(`${ROOT}packages/${name}/package.json`, 'utf8')) as { version: string };
    assert.equal(version, VERSION, name);
  }
});

test('the rules can be broken', () => {
  assert.deepEqual(
    codesOf('/**\n * Invariants\n *   A1  one\n *   A2  two\n */\n/**\n *   A3  not of the header\n */'),
    ['A1', 'A2'],
  );
  const classes = new Map([['Here', 'class Here {\n  private readonly one = 1;\n  two(): void {}\n}']]);
  assert.deepEqual(staleMembers('`Here.one` `Here.two` `Here.three` `Gone.one`', classes), ['Here.three', 'Gone.one']);
  assert.deepEqual(staleNames('/** See gone.ts and core/here.ts. */ // not/here.ts', ['src/core/here.ts']), [
    'gone.ts',
    'not/here.ts',
  ]);
});
