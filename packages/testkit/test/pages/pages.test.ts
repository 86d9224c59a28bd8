/**
 * Every program and every curl command on a page of the documentation runs as it is printed, on the Node that runs this test
 * (or PAGES_NODE), with the packages as they are built: JavaScript by Node alone, TypeScript by tsx. Port 1338 is a free
 * one here; commands run in the page's order against one server, or against the one that they start themselves (`kvctl serve … &`).
 * kvctl is that of this repository, with or without npx. What is not run says why, and is counted.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Cluster } from '@quintet/engine';
import { type RunningServer, startServer } from '@quintet/server';
import { type Block, blocksOf } from './blocks.ts';

const ROOT = new URL('../../../..', import.meta.url).pathname;
const NODE = process.env.PAGES_NODE ?? process.execPath;
const TSX = import.meta.resolve('tsx');
const LIMIT_MS = 60_000;

const markdown = (folder: string): string[] =>
  readdirSync(join(ROOT, folder)).flatMap((name) => (name.endsWith('.md') ? [join(folder, name)] : []));
const packages = readdirSync(join(ROOT, 'packages')).flatMap((name) => markdown(`packages/${name}`));
const pages = ['README.md', ...markdown('docs'), ...packages];
const blocks = pages.flatMap((page) => blocksOf(page, readFileSync(join(ROOT, page), 'utf8')));

const home = mkdtempSync(join(tmpdir(), 'quintet-pages-'));
mkdirSync(join(home, 'node_modules/@quintet'), { recursive: true });
writeFileSync(join(home, 'package.json'), '{ "type": "module" }');
for (const name of ['engine', 'server', 'testkit'])
  symlinkSync(join(ROOT, 'packages', name), join(home, 'node_modules/@quintet', name));
for (const name of ['ioredis', '@grpc'])
  symlinkSync(join(ROOT, 'packages/server/node_modules', name), join(home, 'node_modules', name));
mkdirSync(join(home, 'bin'));
writeFileSync(
  join(home, 'bin/kvctl'),
  `#!/bin/sh\nexec "${NODE}" "${join(ROOT, 'packages/cli/bin/kvctl.js')}" "$@"\n`,
  {
    mode: 0o755,
  },
);
after(() => rmSync(home, { recursive: true }));

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      assert.ok(address !== null && typeof address === 'object');
      probe.close(() => resolve(address.port));
    });
  });
}

function run(cwd: string, program: string, args: string[], variables: NodeJS.ProcessEnv = {}): Promise<void> {
  // Inside of node:test a child would report to it instead of ending with an exit code.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const env = { ...inherited, ...variables };
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, env, timeout: LIMIT_MS }, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`${stdout}${stderr}`, { cause: error }));
    });
  });
}

/** A reader waits until the server says that it is there; so does the script. */
function awaitedServer(line: string): string {
  if (!/^kvctl serve .*&$/.test(line)) return line;
  return `mkfifo "$$.ready"; ${line.slice(0, -1)} >"$$.ready" & read -r ready <"$$.ready"; rm "$$.ready"`;
}

describe('pages', () => {
  let cluster: Cluster;
  let open: RunningServer;
  before(async () => {
    cluster = await Cluster.start();
    open = await startServer(cluster, { port: 0 });
  });
  after(async () => {
    await open.close();
    await cluster.close();
  });

  async function runProgram({ page, language, text }: Block, port: number): Promise<void> {
    const folder = mkdtempSync(join(home, 'page-'));
    const write = (name: string, code: string): void =>
      writeFileSync(join(folder, name), code.replaceAll('1338', String(port)));
    for (const other of blocks) if (other.page === page && other.file !== undefined) write(other.file, other.text);
    const name = language === 'js' ? 'program.mjs' : 'program.ts';
    write(name, text);
    await run(folder, NODE, language === 'js' ? [name] : ['--import', TSX, name]);
  }

  async function runCommands({ text }: Block, port: number): Promise<void> {
    const commands = text.split('\n').filter((line) => line.startsWith('$ '));
    const lines = commands.map((line) => line.slice(2).replace(/^npx /, '').replaceAll('1338', String(port)));
    const variables = {
      PATH: `${join(home, 'bin')}:${process.env.PATH}`,
      QUINTET_PORT: String(port),
      KVCTL_URL: `127.0.0.1:${port}`,
    };
    const script = ["trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT", ...lines.map(awaitedServer)].join('\n');
    await run(home, 'bash', ['-euo', 'pipefail', '-c', script], variables);
  }

  for (const block of blocks) {
    const { page, line, language, file, password, notRun } = block;
    if (file !== undefined || !['js', 'ts', 'console', 'sh'].includes(language)) continue;
    it(`${page}:${line}`, { skip: notRun }, async () => {
      const server = password === undefined ? undefined : await startServer(cluster, { port: 0, password });
      try {
        if (language === 'js' || language === 'ts') await runProgram(block, server?.port ?? (await freePort()));
        else await runCommands(block, /kvctl serve .*&$/m.test(block.text) ? await freePort() : (server ?? open).port);
      } finally {
        await server?.close();
      }
    });
  }
});

it('what is not run is known', (t) => {
  const notRun = blocks.filter((block) => block.notRun !== undefined);
  for (const { page, line, notRun: reason } of notRun) t.diagnostic(`${page}:${line} is not run: ${reason}`);
  assert.ok(notRun.length <= 4, `${notRun.length} blocks are not run`);
});
