/**
 * Pattern matching of one PUBLISH: which patterns its channel matches, and whose patterns are too costly to be kept.
 *
 * Owns      the budget of steps and the reckoning.
 * Does not  deliver, or end connections (pubsub.ts).
 * Reckoning Patterns are compared in the order they came as long as all together stay within the budget: mostly nobody
 *           counts by client. Where they do not, what was spent is put down to those who subscribed, and who spent more than
 *           an equal share is given up. From then on nobody may spend more than that share. So the publisher waits for twice
 *           the budget at most, however many clients join in, and no client loses patterns that cost less than its share.
 */
import { type Glob, MatchTooLong, StepBudget } from '@quintet/engine/codec';

export interface CostlyPattern<Owner> {
  readonly glob: Pick<Glob, 'matches'>;
  readonly sessions: ReadonlySet<Owner>;
}

export interface Matching<P, Owner> {
  readonly matching: readonly P[];
  /** Whose patterns took more than their share. They are to be heard of no more. */
  readonly costly: ReadonlySet<Owner>;
}

/** `steps`: the budget, in comparisons. */
export function matchPatterns<Owner, P extends CostlyPattern<Owner>>(
  patterns: Iterable<P>,
  channel: string,
  steps = new StepBudget().left,
): Matching<P, Owner> {
  return new PatternMatching<Owner, P>([...patterns], channel, steps).run();
}

class PatternMatching<Owner, P extends CostlyPattern<Owner>> {
  private readonly patterns: readonly P[];
  private readonly channel: string;
  private readonly steps: number;
  private readonly matching: P[] = [];
  private readonly costly = new Set<Owner>();
  private readonly spent = new Map<Owner, number>();

  constructor(patterns: readonly P[], channel: string, steps: number) {
    this.patterns = patterns;
    this.channel = channel;
    this.steps = steps;
  }

  run(): Matching<P, Owner> {
    const costs: number[] = [];
    const budget = new StepBudget();
    budget.left = this.steps;
    for (const pattern of this.patterns) {
      const before = budget.left;
      const matches = matched(pattern, this.channel, budget);
      costs.push(before - budget.left);
      if (matches === null) {
        this.reckon(costs);
        break;
      }
      if (matches) this.matching.push(pattern);
    }
    const { matching, costly } = this;
    return { matching: matching.filter((pattern) => !this.isGivenUp(pattern)), costly };
  }

  /** The budget is used up at the last of `costs`. */
  private reckon(costs: readonly number[]): void {
    const owners = new Set(this.patterns.flatMap(({ sessions }) => [...sessions]));
    const share = Math.floor(this.steps / owners.size);
    for (const [index, cost] of costs.entries()) this.putDown(this.patterns[index]!, cost, share);
    for (const pattern of this.patterns.slice(costs.length - 1)) {
      if (this.isGivenUp(pattern)) continue;
      const budget = new StepBudget();
      const allowed = this.allowance(pattern, share);
      budget.left = allowed;
      const matches = matched(pattern, this.channel, budget);
      this.putDown(pattern, matches === null ? share + 1 : allowed - budget.left, share);
      if (matches === true) this.matching.push(pattern);
    }
  }

  private putDown({ sessions }: P, cost: number, share: number): void {
    for (const owner of sessions) {
      const spent = (this.spent.get(owner) ?? 0) + cost;
      this.spent.set(owner, spent);
      if (spent > share) this.costly.add(owner);
    }
  }

  /** What is left to the one of its subscribers who has most left. */
  private allowance({ sessions }: P, share: number): number {
    let most = 0;
    for (const owner of sessions) most = Math.max(most, share - (this.spent.get(owner) ?? 0));
    return most;
  }

  private isGivenUp({ sessions }: P): boolean {
    if (this.costly.size === 0) return false;
    for (const owner of sessions) if (!this.costly.has(owner)) return false;
    return true;
  }
}

/** Null, and nothing left, if the budget was not enough. */
function matched({ glob }: Pick<CostlyPattern<unknown>, 'glob'>, channel: string, budget: StepBudget): boolean | null {
  try {
    return glob.matches(channel, budget);
  } catch (thrown) {
    if (!(thrown instanceof MatchTooLong)) throw thrown;
    budget.left = 0;
    return null;
  }
}
