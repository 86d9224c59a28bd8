/**
 * search: every order in which the messages of a small cluster can arrive, its operations be asked for and one of its
 * nodes die, of the machines that ship.
 *
 * The machines cannot be copied in mid-run, so a state is a path of choices, walked again from the start to try another
 * way on (stateless model checking: Godefroid, Verisoft, POPL'97); states met before are not left again, which is sound
 * because a fingerprint says all that a state's future depends on.
 */
import { MASTER, type NodeId } from '../../../src/core/protocol/ids.ts';
import { DEFAULT_MASTER_SETTINGS } from '../../../src/core/protocol/settings.ts';
import { VirtualCluster } from '../virtual-cluster.ts';
import { fingerprint } from './fingerprint.ts';

/** What is asked of the cluster, in this order, at any time. */
export interface Scenario {
  readonly nodes: number;
  readonly shards: number;
  readonly replicas: number;
  /** Nodes that may die. */
  readonly kills: number;
  /** Whether those that died come back in the midst of it, to catch up; otherwise at its end. */
  readonly heals: boolean;
  /** Begins a run: its steps, and what must hold when all is answered. */
  begin(cluster: VirtualCluster): Run;
}

export interface Run {
  readonly steps: readonly (() => void)[];
  /** What the future depends on besides the cluster. */
  readonly memory: object;
  /** At rest, after everything is healed. Throws if something is wrong. */
  check(): void;
}

export interface Searched {
  readonly states: number;
  readonly ends: number;
}

/** One way on from a state, taken when called. */
type Choice = () => void;

class Walk {
  readonly cluster: VirtualCluster;
  private readonly run: Run;
  private readonly scenario: Scenario;
  private asked = 0;
  private killed = 0;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    const { nodes, shards, replicas } = scenario;
    this.cluster = new VirtualCluster({ nodes, shards, replicas, filterSlots: 4, creditOperations: 8 });
    this.cluster.bootAll();
    for (let [link] = this.cluster.busy(); link !== undefined; [link] = this.cluster.busy()) this.cluster.deliver(link);
    // Past youth, so that whoever dies is replaced at once and the search sees the learner catch up.
    this.cluster.now += DEFAULT_MASTER_SETTINGS.youngMs;
    this.run = scenario.begin(this.cluster);
  }

  /** Nothing more happens by itself but background work. */
  get quiet(): boolean {
    const { cluster, run, scenario } = this;
    if (cluster.busy().length > 0 || this.asked < run.steps.length) return false;
    return !scenario.heals || cluster.spawning.length === 0;
  }

  /** Always in the same order for the same state. */
  choices(): Choice[] {
    const { cluster, run, scenario } = this;
    const choices: Choice[] = cluster.busy().map((link) => () => {
      cluster.deliver(link);
      // Streams go on at once: when a slice is sent matters less than when it arrives, and halves the exponent.
      if (this.killed > 0 && scenario.heals) cluster.work();
    });
    const step = run.steps[this.asked];
    if (step !== undefined) {
      choices.push(() => {
        this.asked += 1;
        step();
      });
    }
    if (scenario.heals && this.killed > 0) {
      for (const node of cluster.spawning) choices.push(() => cluster.boot(node));
    }
    if (this.killed >= scenario.kills) return choices;
    for (const node of cluster.nodes.keys()) if (!cluster.dead.has(node)) choices.push(...this.deathsOf(node));
    return choices;
  }

  /** A death with every prefix of what the node had sent still arriving, link by link. */
  private deathsOf(node: NodeId): Choice[] {
    const lengths = [...this.cluster.links.values()]
      .filter(({ from, queue }) => from === node && queue.length > 0)
      .map(({ to, queue }) => (to === MASTER || !this.cluster.dead.has(to) ? queue.length : 0));
    let kept: number[][] = [[]];
    for (const length of lengths) {
      kept = kept.flatMap((before) => Array.from({ length: length + 1 }, (_, keep) => [...before, keep]));
    }
    return kept.map((prefix) => () => {
      this.killed += 1;
      let at = 0;
      this.cluster.kill(node, (length) => (length === 0 ? 0 : prefix[at++]!));
    });
  }

  fingerprint(): string {
    const { master, nodes, dead, links, spawning } = this.cluster;
    const queues = [...links].filter(([, { queue }]) => queue.length > 0).map(([name, { queue }]) => [name, queue]);
    queues.sort(([one], [other]) => (String(one) < String(other) ? -1 : 1));
    const living = [...nodes].filter(([id]) => !dead.has(id));
    return fingerprint([master, living, queues, spawning, this.run.memory, this.asked, this.killed]);
  }

  end(): void {
    this.cluster.settle();
    this.run.check();
  }
}

/** Walks every way. Throws what the first wrong one throws, its choices in the message. */
export function search(scenario: Scenario): Searched {
  const met = new Set<string>();
  const untried: number[][] = [[]];
  let ends = 0;
  for (let path = untried.pop(); path !== undefined; path = untried.pop()) {
    const walked = [...path];
    try {
      const walk = new Walk(scenario);
      for (const choice of path) walk.choices()[choice]!();
      for (;;) {
        const state = walk.fingerprint();
        if (met.has(state)) break;
        met.add(state);
        if (walk.quiet) {
          ends += 1;
          walk.end();
          break;
        }
        const choices = walk.choices();
        for (let other = 1; other < choices.length; other++) untried.push([...walked, other]);
        walked.push(0);
        choices[0]!();
      }
    } catch (error) {
      if (error instanceof Error) error.message += ` (after the choices ${walked.join(' ')})`;
      throw error;
    }
  }
  return { states: met.size, ends };
}
