/** What of the cluster's life reaches the server's log. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { ClusterApi } from '@quintet/engine';
import { logClusterEvents } from '../src/serve/cluster-events.ts';
import type { Log } from '../src/serve/log.ts';

test('a node without room is a warning in the log, and its end is told', () => {
  const lines: unknown[] = [];
  const at = (level: string) => (fields: object, event: string) => void lines.push([level, event, fields]);
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), fatal: at('fatal') };
  const emitter = new EventEmitter();
  logClusterEvents(emitter as unknown as ClusterApi, log);
  const detail = { at: 1, node: 'n1#1', memoryBytes: 95, maxMemory: 100 };
  emitter.emit('memory-full', detail);
  emitter.emit('memory-freed', detail);
  assert.deepEqual(lines, [
    ['warn', 'memory-full', detail],
    ['info', 'memory-freed', detail],
  ]);
});
