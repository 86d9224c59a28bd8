/**
 * The one who hurts: kills nodes through the server's chaos for as long as it is let, one at a time and in turn, and only
 * when every shard has all its copies again: with one replica, two deaths at once are more than was promised to survive.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '../../packages/cli/src/server/connection.ts';

/** The ways to die that take a node at once. (A hang takes the hang limit to be noticed: see make chaos.) */
const FAULTS = ['kill', 'crash', 'exit'] as const;

/** Long enough apart for each death and recovery to be seen on the timeline. */
const GAP_MS = 500;

export class Hurt {
  kills = 0;
  readonly #connection: Connection;
  readonly #nodes: number;
  #whole = true;
  #stopped = false;
  #lost = false;
  #running: Promise<void> | undefined;
  #onWhole: (() => void) | undefined;

  private constructor(connection: Connection, nodes: number) {
    this.#connection = connection;
    this.#nodes = nodes;
  }

  static async connect(port: number, nodes: number): Promise<Hurt> {
    const options = { timeoutMs: 10_000, signal: new AbortController().signal };
    return new Hurt(await Connection.open({ host: '127.0.0.1', port }, options), nodes);
  }

  /** Events of the server, from its log. */
  onEvent(event: string): void {
    if (event === 'shard-lost') this.#giveUp();
    if (event === 'node-down') this.#whole = false;
    if (event !== 'redundancy-restored') return;
    this.#whole = true;
    this.#onWhole?.();
  }

  start(): void {
    this.#stopped = this.#lost;
    this.#running = this.#run();
  }

  /** Resolves when the last wound has healed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.#untilWhole();
  }

  close(): void {
    this.#connection.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await sleep(GAP_MS);
      await this.#untilWhole();
      if (this.#stopped) return;
      const fault = FAULTS[this.kills % FAULTS.length]!;
      // Two steps further each time: a node's death does not always hit its neighbour's copies.
      const node = `n${((this.kills * 2) % this.#nodes) + 1}`;
      this.kills += 1;
      this.#whole = false;
      await this.#connection.call('QUINTET', 'CHAOS', fault, node);
    }
  }

  /** What is lost does not come back: no more killing, and nothing to wait for. */
  #giveUp(): void {
    this.#stopped = true;
    this.#lost = true;
    this.#onWhole?.();
  }

  #untilWhole(): Promise<void> {
    if (this.#whole || this.#lost) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onWhole = resolve;
    });
  }
}
