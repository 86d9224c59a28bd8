/**
 * LeakWatch: what was made since it began to watch and still keeps the process alive: threads, sockets, listening ports,
 * timers, message ports, child processes. It says which, and where in the code it was made.
 *
 * Owns      the list of what was made and not yet destroyed, as Node's async hooks tell it.
 * Does not  close anything. What is unref'ed is no leak, except a thread: that one must have ended.
 * Cost      Node then tells of every promise too, so code that makes millions of them runs at about half its speed: watch in
 *           tests, and not where time is measured.
 * Sources   The idea of asking async hooks is why-is-node-running's.
 */
import { type AsyncHook, createHook } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Leaked } from '../errors.ts';
import { KINDS, type Leak } from './leak.ts';

export type { Leak, LeakKind } from './leak.ts';

interface Made {
  readonly type: keyof typeof KINDS;
  readonly resource: WeakRef<Resource>;
  readonly at: { readonly stack?: string };
}

/** What the resources of async hooks have in common, as far as it is looked at. */
interface Resource {
  hasRef?(): boolean;
  getsockname?(into: object): unknown;
  getpeername?(into: object): unknown;
}

const POLL_MS = 5;
const WITHIN_MS_DEFAULT = 2_000;

/** Begins to watch now, in this thread. Ends with its first verdict, or stop(). */
export class LeakWatch {
  readonly #made = new Map<number, Made>();
  readonly #hook: AsyncHook;
  #looking = false;

  constructor() {
    this.#hook = createHook({
      init: (id, type, _trigger, resource) => {
        if (this.#looking || !(type in KINDS)) return;
        const at: { stack?: string } = {};
        Error.captureStackTrace(at);
        this.#made.set(id, { type: type as Made['type'], resource: new WeakRef(resource as Resource), at });
      },
      destroy: (id) => this.#made.delete(id),
    });
    this.#hook.enable();
  }

  /** What is left now. */
  get leaks(): Leak[] {
    return [...this.#made.values()].filter(keepsAlive).map(describe);
  }

  /**
   * Resolves when nothing is left; closing takes a few turns of the event loop, so it looks for a while.
   * @throws {Leaked} as a rejection, after `withinMs` (default 2,000)
   */
  async assertNone({ withinMs = WITHIN_MS_DEFAULT }: { readonly withinMs?: number } = {}): Promise<void> {
    const deadline = performance.now() + withinMs;
    try {
      while (this.leaks.length > 0) {
        if (performance.now() > deadline) throw new Leaked(this.leaks);
        await this.#pause();
      }
    } finally {
      this.stop();
    }
  }

  /** Watches no more. Idempotent. */
  stop(): void {
    this.#hook.disable();
  }

  /** Its own timer is no leak. */
  #pause(): Promise<void> {
    this.#looking = true;
    const paused = delay(POLL_MS);
    this.#looking = false;
    return paused;
  }
}

function keepsAlive({ type, resource }: Made): boolean {
  const there = resource.deref();
  return there !== undefined && (type === 'WORKER' || there.hasRef?.() !== false);
}

function describe({ type, resource, at }: Made): Leak {
  const stack = framesOf(at.stack ?? '');
  const kind = KINDS[type];
  // The caller's own code says more than the library's it called.
  const where = stack.find((frame) => !frame.includes('node_modules')) ?? stack[0];
  const made = where === undefined ? '' : `, made ${where}`;
  return { kind, text: `a ${kind}${addressesOf(resource.deref())}${made}`, stack: stack.join('\n') };
}

/** `at f (file:line:column)`, nearest first, without Node's own frames, of which our hook is the first. */
function framesOf(stack: string): string[] {
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
  return frames
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => !/\(?node:/.test(line));
}

function addressesOf(resource: Resource | undefined): string {
  const [own, peer] = [addressOf(resource, 'getsockname'), addressOf(resource, 'getpeername')];
  if (own === '') return '';
  return peer === '' ? ` ${own}` : ` ${own} → ${peer}`;
}

/** Handles fill an object in; one that is not connected leaves it empty. */
function addressOf(resource: Resource | undefined, method: 'getsockname' | 'getpeername'): string {
  const into: { address?: string; port?: number } = {};
  resource?.[method]?.(into);
  return into.port === undefined ? '' : `${into.address}:${into.port}`;
}
