/** skip.txt: the names of tests not asked of us, each group under its reason. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Exact names, or /a pattern. */
export function skipNames(): string[] {
  const lines = readFileSync(new URL('./skip.txt', import.meta.url), 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

/** Has `use` called with the path of a file as the suite wants it: names only. */
export async function withSkipFile<T>(use: (path: string) => Promise<T>): Promise<T> {
  const path = join(tmpdir(), `quintet-skip-${process.pid}.txt`);
  writeFileSync(
    path,
    skipNames()
      .map((name) => `${name}\n`)
      .join(''),
  );
  try {
    return await use(path);
  } finally {
    rmSync(path);
  }
}

/** Names that no test bears: what they excused is not there to be excused. */
export function staleNames(skipped: ReadonlySet<string>): string[] {
  const names = [...skipped];
  return skipNames().filter((name) => {
    if (!name.startsWith('/')) return !skipped.has(name);
    const pattern = new RegExp(name.slice(1));
    return !names.some((test) => pattern.test(test));
  });
}
