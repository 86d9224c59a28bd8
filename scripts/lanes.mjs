// Runs everything that CI runs, lane after lane, and prints how long each took: `make test-all`.
//
//   node scripts/lanes.mjs                all lanes, in the order below
//   node scripts/lanes.mjs tests fuzz     only these
//
// A lane that fails ends the run: what comes after it would only hide its output. Exit code 1, or 2 for an unknown lane.
import { spawnSync } from 'node:child_process';

/** Quick ones first, so that a slip shows early. Each uses both processors of a small machine by itself. */
const LANES = new Map([
  ['lint', ['pnpm', '--silent', 'lint']],
  ['types', ['pnpm', '--silent', 'types']],
  ['tests', ['node', 'scripts/test.mjs', '--all']],
  ['consumers', ['pnpm', '--silent', 'consumers']],
  ['simulator', ['pnpm', '--silent', 'simulate', '--seeds', '1000']],
  ['fuzz', ['pnpm', '--silent', 'fuzz', '--frames', '300000', '--seed', '1']],
  ['redis-suite', ['pnpm', '--silent', 'redis-suite']],
]);

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !LANES.has(name));
if (unknown.length > 0) {
  console.error(`no such lane: ${unknown.join(', ')}; there are ${[...LANES.keys()].join(', ')}`);
  process.exit(2);
}

const times = [];
let failed = false;
for (const [name, [command, ...parameters]] of LANES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n── lane ${name}: ${[command, ...parameters].join(' ')}`);
  const begun = performance.now();
  const { status } = spawnSync(command, parameters, { stdio: 'inherit' });
  times.push([name, (performance.now() - begun) / 1000, status === 0]);
  if (status !== 0) {
    failed = true;
    break;
  }
}

const total = times.reduce((sum, [, seconds]) => sum + seconds, 0);
console.log('');
for (const [name, seconds, ok] of [...times, ['all lanes', total, !failed]]) {
  console.log(`${ok ? '✓' : '✗'} ${name.padEnd(12)} ${seconds.toFixed(0).padStart(5)} s`);
}
process.exit(failed ? 1 : 0);
