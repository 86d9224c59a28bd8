/** A page of docs/ that is made from the code: written, or with --check held against what stands there. */
import { readFileSync, writeFileSync } from 'node:fs';

/** `name`: of the file in docs/. With --check the exit code is 1 if the page is stale, and nothing is written. */
export function writeOrCheck(name: string, text: string): void {
  const file = new URL(`../../docs/${name}`, import.meta.url);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (readFileSync(file, 'utf8') !== text) {
    console.error(`docs/${name} is stale: run this script without --check`);
    process.exitCode = 1;
  }
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`,
  );
  return `${lines.join('\n')}\n`;
}
