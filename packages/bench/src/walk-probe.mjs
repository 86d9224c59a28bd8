/**
 * Preloaded into every thread of walk.ts: counts which functions are called, and tells when it is asked. Plain JavaScript,
 * so that it loads before whatever translates the rest.
 */
import { Session } from 'node:inspector';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

const OURS = /\/packages\/(?:engine|server)\/src\//;

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

/** Called since it was asked last: `file name@offset`. */
function takeCalled() {
  const called = [];
  session.post('Profiler.takePreciseCoverage', (error, { result } = { result: [] }) => {
    if (error) throw error;
    for (const { url, functions } of result.filter((script) => OURS.test(script.url))) {
      const file = url.replace(/^.*\/packages\//, '').replace(/\?.*$/, '');
      for (const { functionName, ranges } of functions) {
        if (ranges[0].count === 0 || functionName === '__name') continue;
        called.push(`${file} ${functionName}@${ranges[0].startOffset}`);
      }
    }
  });
  return called;
}

if (isMainThread) globalThis.walkTakeCalled = takeCalled;
else {
  const channel = new BroadcastChannel('walk');
  channel.onmessage = ({ data: { take } }) => {
    // What other threads answer is heard here too.
    if (take !== undefined) channel.postMessage({ number: take, threadId, called: takeCalled() });
  };
  channel.unref();
}
