/**
 * CallerStack: the stack of a rejected call begins with whoever made the call.
 *
 * An error that comes with an answer is made in a turn of the event loop that knows no caller. V8 finds the functions that
 * await a promise if the stack is captured in a microtask that leads to it: so a call is not rejected but resolved with a
 * promise that is about to reject, and the stack is captured there. Calls that succeed know nothing of it.
 *
 * Owns      that detour, and which frames are ours.
 * Cost      of a failure some microseconds; the text is made when somebody reads it.
 */
import { KvError } from '../../core/protocol/errors.ts';

/**
 * Where our files are, unless they were bundled with others: then no frame can be told to be ours by its file. A CommonJS
 * bundle has no address at all.
 */
const ADDRESS = new URL(import.meta.url ?? 'file:///bundle');
const HERE = /^(.*\/)(?:src|dist)\/client\/typed\/caller-stack\.[jt]s$/.exec(decodeURI(ADDRESS.pathname));
const OURS = HERE === null ? [] : [`${HERE[1]}src/`, `${HERE[1]}dist/`];
const shown = new WeakSet<KvError>();

/** The same error; its stack shows who called, or awaits what leads here, and no frame of ours. One that does so is left alone. */
export function atCaller<E>(error: E): E {
  return error instanceof KvError && !shown.has(error) ? showing(error, atCaller) : error;
}

function showing<E extends KvError>(error: E, below: (error: never) => unknown): E {
  shown.add(error);
  const captured: { stack?: string } = {};
  Error.captureStackTrace(captured, below);
  let text: string | undefined;
  Object.defineProperty(error, 'stack', {
    configurable: true,
    enumerable: false,
    get: () => {
      text ??= [`${error.name}: ${error.message}`, ...framesOf(captured.stack ?? '')].join('\n');
      return text;
    },
    set: (stack: string) => {
      text = stack;
    },
  });
  return error;
}

function framesOf(stack: string): string[] {
  const frames = stack.split('\n').filter((line) => /^ +at /.test(line));
  return frames.filter((frame) => !OURS.some((folder) => frame.includes(folder)) && !/\(?node:internal\//.test(frame));
}

/** A rejection for a fault found at once. */
export function rejected(error: unknown): Promise<never> {
  return Promise.reject(atCaller(error));
}

/** What a pending promise is resolved with to be rejected, such that those who await it are in the stack. */
export async function rejecting(error: unknown): Promise<never> {
  // One step until the promise that is resolved with this one listens to it, and one more.
  await undefined;
  await undefined;
  // Also of one that was told to another before, who may not have been waiting.
  throw error instanceof KvError ? showing(error, rejecting) : error;
}
