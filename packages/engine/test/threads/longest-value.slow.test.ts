/**
 * The longest value an option allows, with options as they are: it is put, appended to, written over and answered, and nobody
 * is taken for hung meanwhile. In a process of its own, because an abort ends it; it takes 5 GB.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freemem } from 'node:os';
import { test } from 'node:test';

const PROGRAM = `
  import { Cluster } from '@quintet/engine';
  const longest = 511 * 1024 * 1024;
  const cluster = await Cluster.start({ nodes: 2, shards: 2, maxValueBytes: longest });
  cluster.on('node-down', (event) => { throw new Error(JSON.stringify(event)); });
  await cluster.put('key', 'x'.repeat(longest - 2));
  if (await cluster.append('key', 'é') !== longest) throw new Error('not appended');
  const { length } = await cluster.getAndPut('key', 'short');
  if (length !== longest - 1) throw new Error('it came back with ' + length);
  await cluster.close();
`;

const skip = freemem() < 8e9 ? 'there is too little memory' : false;

test('a value of 511 MiB', { skip, timeout: 300_000 }, async () => {
  const flags = ['--conditions=source', '--import', 'tsx', '--input-type=module', '--eval', PROGRAM];
  const cwd = new URL('.', import.meta.url);
  const child = spawn(process.execPath, flags, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => {
    said = (said + text).slice(-4000);
  });
  const [code, signal] = await once(child, 'close');
  assert.equal(code, 0, `ended with ${code ?? signal}: ${said}`);
});
