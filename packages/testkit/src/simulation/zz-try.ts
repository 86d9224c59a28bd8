import { runSeed } from './run.ts';

const from = Number(process.argv[2] ?? 1),
  n = Number(process.argv[3] ?? 100);
const t = performance.now();
const c0 = process.cpuUsage();
const rounds: number[] = [];
let sim = 0,
  ev = 0,
  msg = 0,
  deaths = 0,
  joins = 0,
  losses = 0,
  calls = 0;
const fails = new Map<string, string[]>();
for (let s = from; s < from + n; s++) {
  const t0 = performance.now();
  const { report } = runSeed(String(s));
  const d = performance.now() - t0;
  rounds.push(report.figures.healRounds);
  if (d > 400) console.log('slow', s, d | 0, JSON.stringify(report.figures));
  sim += report.figures.simulatedMs;
  ev += report.figures.events;
  msg += report.figures.messages;
  deaths += report.figures.deaths;
  joins += report.figures.joins;
  losses += report.figures.losses;
  calls += report.figures.calls;
  if (report.failure) {
    const k = report.failure.checker;
    fails.set(k, [...(fails.get(k) ?? []), `${s}: ${report.failure.text.slice(0, 300)}`]);
  }
}
const el = performance.now() - t;
for (const [k, v] of fails) {
  console.log(k, v.length);
  for (const l of v.slice(0, 4)) console.log('   ', l);
}
rounds.sort((a, b) => a - b);
console.log('rounds', rounds[n >> 1], rounds[Math.floor(n * 0.9)], rounds[Math.floor(n * 0.99)], rounds[n - 1]);
console.log({
  ms: el | 0,
  perSeed: el / n,
  cpuPerSeed: (process.cpuUsage(c0).user + process.cpuUsage(c0).system) / 1000 / n,
  ratio: sim / el,
  ev: ev / n,
  msg: msg / n,
  calls: calls / n,
  deaths,
  joins,
  losses,
});
