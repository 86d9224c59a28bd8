import { PLANTED_BUGS, withBug } from './planted/index.ts';
import { runSeed } from './run.ts';

const max = Number(process.argv[2] ?? 100),
  only = process.argv[3];
console.log(PLANTED_BUGS.length);
for (const bug of PLANTED_BUGS) {
  if (only && !bug.name.includes(only)) continue;
  let found = '';
  for (let s = 1; s <= max && !found; s++) {
    const { report } = withBug(bug, () => runSeed(String(s)));
    if (report.failure)
      found = `${s} ${report.failure.checker}: ${report.failure.text.slice(0, only ? 2000 : 90).replaceAll('\n', ' | ')}`;
  }
  console.log(bug.name.padEnd(44), found || 'NOT FOUND');
}
