// A thread of an application: attaches the handle it was given and runs the body it was given. Plain JS, for a worker on
// Node 20 cannot begin in TypeScript.
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const { attach } = await import('../../src/client/cluster/handle.ts');
const store = await attach(workerData.handle);
const send = (message) => parentPort.postMessage(message);
const AsyncFunction = (async () => {}).constructor;
await new AsyncFunction('store', 'send', workerData.body)(store, send);
