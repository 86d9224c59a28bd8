/**
 * Search: is there an order of one key's operations that respects real time and the sequential model?
 *
 * Owns      the search of Wing & Gong (1993) with Lowe's (2017) memory of configurations.
 * Does not  lay out (timeline.ts), remember (configuration-cache.ts), model (models/register.ts), explain (shrink.ts).
 * Invariants
 *   LS1  a configuration is: one cursor per lane, the state, the optional entries used
 *   LS2  an entry may be linearized next only if it was invoked before the first return still outstanding (`horizon`)
 *   LS3  'ok' and 'violation' are proofs; whatever the budget cuts short is 'unknown'
 * Orders    `depth` first finds a legal order fast if there is one and little is unknown. To explore everything, `cost`
 *           is better, i.e. by the number of optional entries used, fewest first: each situation is met at its cheapest,
 *           which covers the dearer ways into it. `relaxed` lets unknown operations take effect again and again: nobody
 *           has to remember which were used, so there are few configurations, and what is illegal even so is illegal;
 *           but its 'ok' means nothing.
 * Pruning, each of which keeps at least one legal order if there is any:
 *   LP1  an answer that is right now and could change nothing anywhere (a read, a refusal) is taken at once, without
 *       alternative: moving it forward to here disturbs nobody
 *   LP2  an entry that names a version waits for all that name a smaller one (timeline.ts)
 *   LP3  of the legal orders, one with the fewest optional entries suffices, and there each is *noticed*: an optional
 *       entry followed by something that would have gone the same way without it is not explored. Hence `previous`,
 *       the state before the optional entry just taken, is part of what the cache compares.
 *   LP4  interchangeable optional entries are used in order of invocation; whether those were used that cannot take
 *       effect any more is forgotten
 */

import { ConfigurationCache, NONE_USED, OptionalUse } from './configuration-cache.ts';
import type { Entry, UnknownPast } from './entry.ts';
import { ABSENT, type RegisterState, stateKey, step, UNKNOWN_PAST, vanish } from './models/register.ts';
import type { OperationRecord } from './operation.ts';
import { layOut, type Queue, type Timeline } from './timeline.ts';

/** 'unknown': the budget ran out. */
export type Verdict = 'ok' | 'violation' | 'unknown';

/** Limits of one search. */
export interface SearchBudget {
  /** Configurations visited. */
  readonly steps: number;
  /** Reading of performance.now() after which to give up. */
  readonly deadline: number;
}

/** How a search ended. */
export interface SearchResult {
  readonly verdict: Verdict;
  readonly steps: number;
  /** The furthest return that no order explored got past, and the state of an order that came so far. */
  readonly stuck: { readonly horizon: number; readonly state: RegisterState } | null;
}

/** A state with its number; equal states are the same object. */
interface Node {
  readonly id: number;
  readonly state: RegisterState;
  /** By entry id: what `step` made of it. */
  readonly steps: Map<number, Node | null>;
}

interface Move {
  readonly entry: Entry;
  readonly after: Node;
}

/** A configuration yet to be explored. */
interface Pending {
  /** Its number in the cache, which holds the cursors. */
  readonly configuration: number;
  readonly node: Node;
  /** The node before the optional entry that led here; null if something else led here. */
  readonly previous: Node | null;
  readonly use: number;
  /** Optional entries used in all. */
  readonly cost: number;
  readonly remaining: number;
  readonly versionedDone: number;
}

/** Decides one key's records. */
export function search(
  records: readonly OperationRecord[],
  order: 'depth' | 'cost',
  budget: SearchBudget,
): SearchResult {
  return new Search(layOut(records, null), ABSENT, budget).run(order);
}

/**
 * True if records are surely not linearizable, whatever the past was that they follow (null: they begin the history).
 * `steps` is allowed twice: for an exact search and, if that does not suffice, for a relaxed one.
 */
export function isRefuted(
  records: readonly OperationRecord[],
  past: UnknownPast | null,
  budget: SearchBudget,
): boolean {
  const timeline = layOut(records, past);
  const start = past === null ? ABSENT : { ...UNKNOWN_PAST, floor: past.floor };
  const { verdict } = new Search(timeline, start, budget).run('cost');
  if (verdict !== 'unknown') return verdict === 'violation';
  return new Search(timeline, start, budget).run('relaxed').verdict === 'violation';
}

/** How to go about exploring; see the header. */
type Order = 'depth' | 'cost' | 'relaxed';

/** What is to be explored: last in first out, lower rank first. */
class Agenda {
  readonly #stacks: Pending[][] = [];
  #lowest = 0;

  push(rank: number, pending: Pending): void {
    while (this.#stacks.length <= rank) this.#stacks.push([]);
    this.#stacks[rank]?.push(pending);
    this.#lowest = Math.min(this.#lowest, rank);
  }

  pop(): Pending | undefined {
    while (this.#stacks[this.#lowest]?.length === 0) this.#lowest++;
    return this.#stacks[this.#lowest]?.pop();
  }
}

class Search {
  readonly #timeline: Timeline;
  readonly #budget: SearchBudget;
  readonly #start: RegisterState;
  readonly #cursors: Int32Array;
  readonly #use: OptionalUse;
  readonly #cache: ConfigurationCache;
  readonly #nodes = new Map<string, Node>();
  readonly #pairs = new Map<string, number>();
  #remaining: number;
  #versionedDone = 0;
  #currentUse = NONE_USED;
  #steps = 0;
  #stuck: SearchResult['stuck'] = null;

  constructor(timeline: Timeline, start: RegisterState, budget: SearchBudget) {
    this.#timeline = timeline;
    this.#start = start;
    this.#budget = budget;
    this.#cursors = new Int32Array(timeline.lanes.length);
    this.#use = new OptionalUse();
    this.#cache = new ConfigurationCache(timeline.lanes.length, this.#use);
    this.#remaining = timeline.mandatoryCount;
  }

  run(order: Order): SearchResult {
    const verdict = this.#explore(order);
    return { verdict, steps: this.#steps, stuck: this.#stuck };
  }

  #explore(order: Order): Verdict {
    const agenda = new Agenda();
    agenda.push(0, this.#pending(this.#node(this.#start), null, 0) as Pending);
    for (let pending = agenda.pop(); pending !== undefined; pending = agenda.pop()) {
      const { node, previous, cost } = pending;
      if (pending.remaining === 0) return 'ok';
      if (this.#overBudget()) return 'unknown';
      this.#resume(pending);
      for (const { entry, after } of this.#moves(node, previous).reverse()) {
        this.#resume(pending);
        this.#take(entry, after);
        if (order === 'relaxed' && !entry.optional) this.#currentUse = NONE_USED;
        const next = this.#pending(after, entry.optional ? node : null, cost + Number(entry.optional));
        if (next !== null) agenda.push(order === 'cost' ? next.cost : 0, next);
      }
    }
    return 'violation';
  }

  /** The current configuration, to be explored later; null if one known covers it. */
  #pending(node: Node, previous: Node | null, cost: number): Pending | null {
    const use = this.#currentUse;
    const configuration = this.#cache.add(this.#cursors, this.#pair(node, previous), use);
    if (configuration === -1) return null;
    return {
      configuration,
      node,
      previous,
      use,
      cost,
      remaining: this.#remaining,
      versionedDone: this.#versionedDone,
    };
  }

  #resume({ configuration, use, remaining, versionedDone }: Pending): void {
    this.#cache.recall(configuration, this.#cursors);
    this.#currentUse = use;
    this.#remaining = remaining;
    this.#versionedDone = versionedDone;
  }

  #take(entry: Entry, { state }: Node): void {
    const { queues } = this.#timeline;
    const isSpent = entry.optional && queues[entry.track]?.endless === false;
    const used = isSpent ? this.#use.plusOne(this.#currentUse, entry.track) : this.#currentUse;
    this.#currentUse = this.#use.without(used, (track) => isOver(queues[track] as Queue, state));
    if (entry.optional) return;
    this.#cursors[entry.track]!++;
    this.#remaining--;
    if (entry.namesVersion) this.#versionedDone++;
  }

  #overBudget(): boolean {
    this.#steps++;
    if (this.#steps > this.#budget.steps) return true;
    return this.#steps % 32 === 0 && performance.now() > this.#budget.deadline;
  }

  /** What may come next, most pressing first; a single move if LP1 applies. */
  #moves(node: Node, previous: Node | null): Move[] {
    const horizon = this.#horizon(node);
    const { lanes } = this.#timeline;
    const moves: Move[] = [];
    for (let track = 0; track < lanes.length; track++) {
      const entry = lanes[track]?.[this.#cursors[track] as number];
      const after = this.#afterIfDue(node, entry, horizon);
      if (entry === undefined || after === null) continue;
      if (after === node && this.#isIdle(entry)) return [{ entry, after }];
      if (!this.#goesUnnoticed(previous, entry, after)) moves.push({ entry, after });
    }
    moves.sort((a, b) => a.entry.return - b.entry.return);
    this.#addOptional(moves, node, previous, horizon);
    return moves;
  }

  #addOptional(moves: Move[], node: Node, previous: Node | null, horizon: number): void {
    const { queues } = this.#timeline;
    for (let track = 0; track < queues.length; track++) {
      const queue = queues[track] as Queue;
      if (isOver(queue, node.state)) continue;
      const entry = queue.entries[this.#use.count(this.#currentUse, track)];
      const after = this.#afterIfDue(node, entry, horizon);
      if (entry === undefined || after === null || after === node) continue;
      if (!this.#goesUnnoticed(previous, entry, after)) moves.push({ entry, after });
    }
  }

  /** LS2, LP2 and the model: the node after an entry, or null if it may not come next. */
  #afterIfDue(node: Node, entry: Entry | undefined, horizon: number): Node | null {
    if (entry === undefined || entry.call > horizon || entry.versionedBefore > this.#versionedDone) return null;
    return this.#after(node, entry);
  }

  /** The first return still outstanding; notes how far the search came. */
  #horizon(node: Node): number {
    const { lanes } = this.#timeline;
    let horizon = Number.POSITIVE_INFINITY;
    for (let track = 0; track < lanes.length; track++) {
      const entry = lanes[track]?.[this.#cursors[track] as number];
      if (entry !== undefined && entry.return < horizon) horizon = entry.return;
    }
    if (this.#stuck === null || horizon > this.#stuck.horizon) this.#stuck = { horizon, state: node.state };
    return horizon;
  }

  /**
   * LP1 is for what changes nothing wherever it stands. A write that happens to change nothing here may be needed later,
   * and the end of a write's time that comes before the write itself spoils that write.
   */
  #isIdle(entry: Entry): boolean {
    return entry.operation.kind === 'vanish' ? this.#isDone(entry.partner as Entry) : entry.readOnly;
  }

  #goesUnnoticed(previous: Node | null, entry: Entry, after: Node): boolean {
    return previous !== null && this.#after(previous, entry) === after;
  }

  #isDone({ optional, track, place }: Entry): boolean {
    return (optional ? this.#use.count(this.#currentUse, track) : (this.#cursors[track] as number)) > place;
  }

  #after(node: Node, entry: Entry): Node | null {
    const after = this.#step(node, entry);
    if (after === null || entry.partner === null || entry.operation.kind === 'vanish') return after;
    const isTooLate = after.state.expiry === entry.tag && this.#isDone(entry.partner);
    return isTooLate ? this.#node(vanish(after.state)) : after;
  }

  #step(node: Node, entry: Entry): Node | null {
    const known = node.steps.get(entry.id);
    if (known !== undefined) return known;
    const { state } = node;
    const { operation, result, tag } = entry;
    const isVanish = operation.kind === 'vanish';
    const after = isVanish ? (state.expiry === tag ? vanish(state) : state) : step(state, operation, result, tag);
    const reached = after === null ? null : after === state ? node : this.#node(after);
    node.steps.set(entry.id, reached);
    return reached;
  }

  #node(state: RegisterState): Node {
    const key = stateKey(state);
    let node = this.#nodes.get(key);
    if (node === undefined) {
      node = { id: this.#nodes.size, state, steps: new Map() };
      this.#nodes.set(key, node);
    }
    return node;
  }

  /** One number for a node and the node before it; numbers without a previous node are negative, so they never meet. */
  #pair(node: Node, previous: Node | null): number {
    if (previous === null) return -1 - node.id;
    const key = `${node.id} ${previous.id}`;
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    this.#pairs.set(key, this.#pairs.size);
    return this.#pairs.size - 1;
  }
}

/** True if no entry of a queue can take effect any more, as the version they expect is gone for good. */
function isOver({ expects, forgettable }: Queue, { version, floor }: RegisterState): boolean {
  if (expects === undefined || !forgettable) return false;
  return expects < floor || (expects === floor && version !== floor);
}
