/**
 * Load: all callers of a run, on the main thread and on threads of their own, as one thing to start and stop.
 *
 * Owns      the threads, who calls from where, the logs they bring back.
 * Does not  know what callers do (caller.ts).
 */
import { Worker } from 'node:worker_threads';
import type { Cluster } from '@quintet/engine';
import { Prng } from '@quintet/testkit';
import { CallLog, type PackedLog } from './call-log.ts';
import { LoadCaller, type Tally } from './caller.ts';

/** What one thread of callers is told. */
export interface LoadOrder {
  readonly seed: string;
  readonly thread: number;
  readonly callers: readonly number[];
  readonly startedAt: number;
  readonly thinkMs: number;
  /** Where it tells its Tally: three numbers. */
  readonly tally: SharedArrayBuffer;
}

export interface LoadOptions {
  readonly seed: string;
  readonly callers: number;
  /** Threads besides the main one. */
  readonly threads: number;
  readonly thinkMs: number;
  readonly startedAt: number;
}

/** Where the load comes from: the main thread or one of its own. */
interface Source {
  stop(): void;
  tally(): Tally;
  readonly log: Promise<PackedLog>;
}

export class Load {
  readonly #sources: readonly Source[];

  constructor(cluster: Cluster, options: LoadOptions) {
    const everyone = Array.from({ length: options.callers }, (_, executor) => executor);
    this.#sources = Array.from({ length: options.threads + 1 }, (_, thread) => {
      const callers = everyone.filter((executor) => executor % (options.threads + 1) === thread);
      const order: LoadOrder = { ...options, thread, callers, tally: new SharedArrayBuffer(3 * 8) };
      return thread === 0 ? mainSource(cluster, order) : threadSource(cluster, order);
    });
  }

  /** Sums over all callers, some tenths of a second old. */
  tally(): Tally {
    const sum: Tally = { operations: 0, errors: 0, disordered: 0 };
    for (const { operations, errors, disordered } of this.#sources.map((source) => source.tally())) {
      sum.operations += operations;
      sum.errors += errors;
      sum.disordered += disordered;
    }
    return sum;
  }

  /** Lets every caller end its last call; gives all logs. Rejects if a thread of callers died. */
  stop(): Promise<PackedLog[]> {
    for (const source of this.#sources) source.stop();
    return Promise.all(this.#sources.map(({ log }) => log));
  }
}

function mainSource(cluster: Cluster, order: LoadOrder): Source {
  const log = new CallLog(order.thread);
  const tally: Tally = { operations: 0, errors: 0, disordered: 0 };
  const callers = order.callers.map((executor) => {
    const prng = new Prng(`${order.seed}/executor ${executor}`);
    return new LoadCaller({ ...order, store: cluster, log, tally, executor, prng });
  });
  const ended = Promise.all(callers.map((executor) => executor.run()));
  return {
    stop: () => {
      for (const executor of callers) executor.stop();
    },
    tally: () => tally,
    log: ended.then(() => log.pack()),
  };
}

function threadSource(cluster: Cluster, order: LoadOrder): Source {
  const handle = cluster.handle();
  const worker = new Worker(new URL('./load-boot.mjs', import.meta.url), {
    workerData: { ...order, handle },
    transferList: [handle],
  });
  const shared = new Float64Array(order.tally);
  const log = new Promise<PackedLog>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`thread ${order.thread} of callers ended with code ${code}`)));
  });
  // Its rejection is heard by stop(); until then it is nobody's.
  log.catch(() => {});
  return {
    stop: () => worker.postMessage('stop'),
    tally: () => ({ operations: shared[0]!, errors: shared[1]!, disordered: shared[2]! }),
    log,
  };
}
