/**
 * Entry of a worker thread: waits to be told which node to be, then builds the machine and drives it.
 *
 * Why it imports so little: a thread starts in 25 ms as plain JavaScript, and every dependency here would be loaded by six
 * threads. No native addon ever: its fault would end all nodes at once.
 */
import { workerData } from 'node:worker_threads';
import { invariant } from '../../core/protocol/invariant.ts';
import { NodeDriver } from '../drivers/node-driver.ts';
import { createNode as createRealNode } from '../drivers/node-factory.ts';
import type { CreateNode } from '../drivers/node-parts.ts';
import { BufferMemory } from '../memory/buffer-memory.ts';
import { collectGarbage, shrinkHeap } from './collect.ts';
import { type BootData, type Control, isBatch, type Ready, type ToWorker } from './control.ts';
import { ControlBlock } from './control-block.ts';
import { currentThread } from './thread-time.ts';

const { master, block: memory, nodeModule } = workerData as BootData;
const block = new ControlBlock(memory);
block.setThread(currentThread());

let driver: NodeDriver | undefined;

function begin(createNode: CreateNode, { node: id, settings, peers }: Control & { type: 'init' }): NodeDriver {
  const raw = new BufferMemory();
  const give = (heap: () => void) => () => {
    raw.purge();
    heap();
  };
  const started = new NodeDriver(id, master, block, { collect: give(collectGarbage), shrink: give(shrinkHeap) });
  for (const peer of peers) started.addPeer(peer);
  started.start(createNode({ id, settings, memory: raw, outbox: started }));
  master.postMessage({ type: 'ready' } satisfies Ready);
  return started;
}

function listen(createNode: CreateNode): void {
  master.on('message', (message: ToWorker) => {
    if (isBatch(message)) {
      invariant(driver !== undefined, 'init comes before any batch');
      driver.onReceived();
      driver.onBatch(message);
    } else if (message.type === 'init') {
      invariant(driver === undefined, 'a thread becomes a node once');
      driver = begin(createNode, message);
      driver.onReceived();
    } else {
      invariant(driver !== undefined, 'init comes before any control');
      driver.onReceived();
      driver.onControl(message);
    }
  });
  master.on('messageerror', (error: Error) => {
    throw new Error('a batch from the master could not be read', { cause: error });
  });
}

// No top-level await: the build makes this file a script (scripts/embed-node.mjs). A module that does not load ends the thread.
if (nodeModule === undefined) listen(createRealNode);
else void import(nodeModule).then((module: { createNode: CreateNode }) => listen(module.createNode));
