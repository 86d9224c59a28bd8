/**
 * Supervise: a protocol's process watched from outside, where neither a crash nor an endless loop of it does harm.
 *
 * Wrong is, besides what a target finds: a process that dies; one that has stopped to beat; memory beyond its bounds.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ChildMessage } from './child.ts';
import { Patience } from './patience.ts';
import { add, noTally, type Tally } from './target.ts';
import type { TargetName } from './targets.ts';

export interface Campaign {
  readonly target: TargetName;
  readonly seed: number;
  readonly frames: number;
  /** Hears of each epoch's end. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress extends Tally {
  /** The first seed that is not done. */
  nextSeed: number;
  seconds: number;
  /** The most the process ever had, and what its heap kept after the last epoch, collected. */
  rssBytes: number;
  heapBytes: number;
}

/** The process beats ten times a second while its loop turns, and starts in seconds. Counted in beats of our own. */
const SILENCE_MS = 60_000;
const MIB = 1024 * 1024;
const RSS_MAX = 512 * MIB;
/** What the heap may keep more than it did after the first epochs, by which everything was loaded and used once. */
const HEAP_GROWTH_MAX = 24 * MIB;
const FIRST_EPOCHS = 3;
const STDERR_KEPT = 4000;

export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';
  readonly target: TargetName;
  readonly seed: number;

  constructor(target: TargetName, seed: number, what: string) {
    super(`${target}, seed ${seed}: ${what}`);
    this.target = target;
    this.seed = seed;
  }
}

/** @throws FuzzFailure with the seed of the epoch that went wrong */
export function fuzz(campaign: Campaign): Promise<Progress> {
  return new Promise((resolve, reject) => new Watch(campaign, resolve, reject));
}

class Watch {
  private readonly campaign: Campaign;
  private readonly reject: (failure: FuzzFailure) => void;
  private readonly child: ChildProcess;
  private readonly startedAt = performance.now();
  private readonly progress: Progress = { ...noTally(), nextSeed: 0, seconds: 0, rssBytes: 0, heapBytes: 0 };
  private seed: number;
  private epochs = 0;
  private heapAtFirst = 0;
  private stderr = '';
  private readonly silence: Patience;

  constructor(campaign: Campaign, resolve: (progress: Progress) => void, reject: (failure: FuzzFailure) => void) {
    this.campaign = campaign;
    this.reject = reject;
    this.seed = campaign.seed;
    this.progress.nextSeed = campaign.seed;
    const args = [campaign.target, campaign.seed, campaign.frames].map(String);
    this.child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), args, {
      execArgv: ['--conditions=source', '--import', 'tsx', '--expose-gc'],
      // What grpc-js thinks of mutated headers is not ours to print.
      env: { ...process.env, GRPC_VERBOSITY: 'NONE' },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.child.stderr!.on('data', (text: Buffer) => {
      this.stderr = (this.stderr + text.toString()).slice(-STDERR_KEPT);
    });
    this.child.on('message', (message: ChildMessage) => this.onMessage(message));
    this.child.once('close', (code, signal) => {
      this.silence.end();
      if (code === 0) resolve(this.progress);
      else this.fail(`the process ended with ${signal ?? `code ${code}`}\n${this.stderr}`);
    });
    this.silence = new Patience(SILENCE_MS, () => this.fail(`no beat within ${SILENCE_MS / 1000} s of ours`));
  }

  private onMessage(message: ChildMessage): void {
    this.silence.renew();
    if (message.type === 'beat') return;
    if (message.type === 'begin') {
      this.seed = message.seed;
      return;
    }
    const { progress } = this;
    add(progress, message.tally);
    progress.nextSeed = this.seed + 1;
    progress.seconds = (performance.now() - this.startedAt) / 1000;
    progress.heapBytes = message.heapBytes;
    progress.rssBytes = Math.max(progress.rssBytes, message.rssBytes);
    if (++this.epochs <= FIRST_EPOCHS) this.heapAtFirst = message.heapBytes;
    const grown = progress.heapBytes - this.heapAtFirst;
    if (grown > HEAP_GROWTH_MAX) this.fail(`the heap keeps ${megabytes(grown)} MB more than at first`);
    if (progress.rssBytes > RSS_MAX) this.fail(`the process has ${megabytes(progress.rssBytes)} MB`);
    this.campaign.onProgress?.(progress);
  }

  private fail(what: string): void {
    this.silence.end();
    this.child.kill('SIGKILL');
    this.reject(new FuzzFailure(this.campaign.target, this.seed, what));
  }
}

export function megabytes(bytes: number): number {
  return Math.round(bytes / MIB);
}
