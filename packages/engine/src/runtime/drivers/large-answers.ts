/**
 * LargeAnswers: values too large to be copied in one go, on their way from a store to the master.
 *
 * Owns      the answers whose value is being copied, in order; how much is copied in a turn.
 * Does not  read stores: a block says where the value lies, and its bytes never change.
 * Invariants
 *   LA1  large answers leave in the order they came; other answers overtake them (shard-control.ts puts them right where it
 *       matters).
 *   LA2  what the master would drop, its epoch being over, is not copied to the end: a configuration change asks for all of
 *       it again.
 */
import type { Block } from '../../core/data/block.ts';
import { invariant } from '../../core/protocol/invariant.ts';
import type { ValueMessage } from '../../core/protocol/messages.ts';
import { type BlockCopy, ValueBlock } from '../memory/value-block.ts';

/** Copied in a turn: about a millisecond's work, most of it the first touch of fresh memory. */
const SLICE_BYTES = 2 * 1024 * 1024;

interface Job {
  readonly message: ValueMessage;
  readonly block: ValueBlock;
}

export class LargeAnswers {
  private readonly post: (message: ValueMessage) => void;
  private jobs: Job[] = [];
  /** Of the first job. */
  private copy: BlockCopy | undefined;

  constructor(post: (message: ValueMessage) => void) {
    this.post = post;
  }

  get isEmpty(): boolean {
    return this.jobs.length === 0;
  }

  add(message: ValueMessage, block: Block): void {
    invariant(block instanceof ValueBlock, 'a thread has no other blocks');
    this.dropBefore(message);
    this.jobs.push({ message, block });
  }

  private dropBefore({ shard, epoch }: ValueMessage): void {
    const first = this.jobs[0];
    this.jobs = this.jobs.filter(({ message }) => message.shard !== shard || message.epoch === epoch);
    if (this.jobs[0] !== first) this.copy = undefined;
  }

  /** One slice; posts an answer that is whole then. */
  goOn(): void {
    const job = this.jobs[0];
    if (job === undefined) return;
    this.copy ??= job.block.beginCopy();
    this.copy.goOn(SLICE_BYTES);
    if (!this.copy.isDone) return;
    job.block.addSpare(this.copy.buffer);
    this.copy = undefined;
    this.jobs.shift();
    this.post(job.message);
  }
}
