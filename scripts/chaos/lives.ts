/**
 * Lives: what each shard was at each moment: serving, lost, begun anew.
 *
 * Owns      losses and resets with their times (readings of the common clock); which life of a key a call belongs to.
 * Does not  lose or reset shards (beyond.ts).
 * Why       a shard that was lost and reset begins empty. Its keys before and after are different keys to every check:
 *           nothing is promised across the gap, everything within a life.
 */
import { Ending, type LoggedCall } from './call-log.ts';
import { isError } from './verbs.ts';

/** One loss of a shard: from when callers must hear SHARD_LOST until when it was begun anew. */
export interface Loss {
  readonly shard: number;
  readonly lostAt: number;
  /** Just before resetShard; Infinity as long as it was not. */
  resetAt: number;
}

export class Lives {
  readonly losses: Loss[] = [];

  /** Which life of its shard a call was made in: the resets before it. */
  lifeOf(shard: number, call: LoggedCall): number {
    return this.losses.filter((loss) => loss.shard === shard && loss.resetAt < call.invokedAt).length;
  }

  /** Whether what a call did should still be there. */
  isLatest(shard: number, call: LoggedCall): boolean {
    return !this.losses.some((loss) => loss.shard === shard && loss.resetAt >= call.invokedAt);
  }

  /** A call that began before a reset and was answered well after it: nobody can tell which life it met. */
  straddles(shard: number, call: LoggedCall): boolean {
    if (isError(call) || call.ending === Ending.open) return false;
    return this.losses.some(
      (loss) => loss.shard === shard && call.invokedAt <= loss.resetAt && loss.resetAt <= call.returnedAt,
    );
  }

  /** Whether a call was made and answered while its shard was lost: then only SHARD_LOST is right. */
  isWithinLoss(shard: number, call: LoggedCall): boolean {
    return this.losses.some(
      (loss) => loss.shard === shard && loss.lostAt < call.invokedAt && call.returnedAt < loss.resetAt,
    );
  }

  /** Whether a call touched a loss: it may hear SHARD_LOST. */
  touchesLoss(shard: number, call: LoggedCall, slackNs: number): boolean {
    return this.losses.some(
      (loss) =>
        loss.shard === shard && call.invokedAt < loss.resetAt + slackNs && loss.lostAt - slackNs < call.returnedAt,
    );
  }
}
