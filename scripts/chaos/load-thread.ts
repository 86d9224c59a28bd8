/**
 * A thread of callers: attaches to the cluster by a handle, runs its callers until told to stop, gives its log back.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { attach, type ClusterHandle } from '@quintet/engine';
import { Prng } from '@quintet/testkit';
import { CallLog } from './call-log.ts';
import { LoadCaller, type Tally } from './caller.ts';
import type { LoadOrder } from './load.ts';

const order = workerData as LoadOrder & { readonly handle: ClusterHandle };
const store = await attach(order.handle);
const log = new CallLog(order.thread);
const shared = new Float64Array(order.tally);
const tally: Tally = { operations: 0, errors: 0, disordered: 0 };
const callers = order.callers.map(
  (executor) =>
    new LoadCaller({ ...order, store, log, tally, executor, prng: new Prng(`${order.seed}/executor ${executor}`) }),
);

// Told a few times a second rather than with each call: progress is for the eye.
const telling = setInterval(tell, 100);
parentPort!.on('message', () => {
  for (const executor of callers) executor.stop();
});
await Promise.all(callers.map((executor) => executor.run()));
clearInterval(telling);
tell();
store.close();
const packed = log.pack();
parentPort!.postMessage(
  packed,
  packed.chunks.map((chunk) => chunk.buffer),
);
parentPort!.close();

function tell(): void {
  shared.set([tally.operations, tally.errors, tally.disordered]);
}
