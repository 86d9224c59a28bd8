/** The examples of docs/testing.md are these files, to the letter. `--write` after the file name puts them in. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

const ROOT = new URL('../../../../', import.meta.url);
const GUIDE = new URL('docs/testing.md', ROOT);
const FOLDER = 'packages/testkit/test/guide/';
const BLOCK = /<!-- (file|vitest): (\S+) -->\n```ts\n([^`]*(?:`(?!``)[^`]*)*)```/g;

/** The example for vitest is the one for node:test in other words, so that it cannot fall behind. */
function forVitest(code: string): string {
  return code
    .replace("import assert from 'node:assert/strict';\nimport { test } from 'node:test';\n", '')
    .replace("'@quintet/testkit';\n", "'@quintet/testkit';\nimport { expect, test } from 'vitest';\n")
    .replace(/assert\.equal\((.+), (.+)\);/g, 'expect($1).toBe($2);');
}

function withExamples(guide: string): string {
  return guide.replace(BLOCK, (_block, kind: string, path: string) => {
    const file = readFileSync(new URL(path, ROOT), 'utf8');
    return `<!-- ${kind}: ${path} -->\n\`\`\`ts\n${kind === 'vitest' ? forVitest(file) : file}\`\`\``;
  });
}

test('every example of the guide is the file that is run, and every file is an example', () => {
  const guide = readFileSync(GUIDE, 'utf8');
  if (process.argv.includes('--write')) writeFileSync(GUIDE, withExamples(guide));
  else assert.equal(guide, withExamples(guide), 'docs/testing.md and its examples differ');
  const shown = [...guide.matchAll(BLOCK)].map(([, , path]) => path);
  const files = readdirSync(new URL(FOLDER, ROOT)).filter((name) => name !== 'guide.test.ts');
  assert.deepEqual([...new Set(shown)].sort(), files.map((name) => FOLDER + name).sort());
  assert.equal(guide.split('```ts').length - 1, shown.length, 'no code that nobody runs');
  assert.ok(!forVitest(readFileSync(new URL(`${FOLDER}stock.test.ts`, ROOT), 'utf8')).includes('assert.'));
});
