/**
 * Scenario: carries out the commands of a text scenario on a virtual cluster, checkers included.
 *
 * | command                              | what                                                                     |
 * |--------------------------------------|--------------------------------------------------------------------------|
 * | cluster nodes=3 shards=1 replicas=2  | starts it; every seat is filled, configurations are taken                |
 * | put KEY VALUE, get KEY, incr KEY, delete KEY, putif KEY VALUE VERSION   | a call; the master gets a turn |
 * | append KEY TEXT, expire KEY MS         | likewise                                                               |
 * | count, drop KEY KEY                    | a count of shard 0; a transaction that puts one and removes the other, with a deadline long past |
 * | watch PREFIX                           | a watch of all keys that begin so                                      |
 * | take NODE from NODE [count]          | a turn of the first: messages from one link (default: all)              |
 * | turn NODE                            | a turn with everything that waits                                        |
 * | run                                  | everybody takes everything until nothing moves                           |
 * | kill NODE [keep NODE=count …]        | its thread ends; of its queues so much is kept (default: nothing lost)   |
 * | declare NODE REASON                  | the master hears that it is dead                                         |
 * | spawn NODE                           | a worker the master asked for is ready                                   |
 * | wait MS                              | time passes; the master ticks if it is due                               |
 * | pass MS                              | time passes, and the master ticks whenever it is due (looks at hearts: `cluster … limit=MS`) |
 * | hang NODE [MS]                       | its thread stands still, for so long or for ever                         |
 * | starve NODE [MS]                     | likewise, for want of a processor: the system tells                      |
 * | reset SHARD                          | a lost shard begins anew                                                 |
 * | show                                 | configuration, every copy's position and contents                        |
 */
import {
  type DeathReason,
  MASTER,
  NOBODY,
  type NodeId,
  nodeId,
  nodeName,
  type Operation,
  type Step,
  ValueKind,
} from '@quintet/engine/internal';
import { CHECKERS } from '../checkers/index.ts';
import { VirtualCluster } from '../cluster.ts';
import type { Action, HangReason } from '../event.ts';
import { keysOf, shardOfKey } from '../keys.ts';
import type { Watcher } from '../observer.ts';
import { drawOptions, NEVER_MS, type Options } from '../options.ts';
import { Oracle } from '../oracle/oracle.ts';
import { Violation } from '../violation.ts';
import type { Block } from './scenario-file.ts';
import { Transcript } from './transcript.ts';

export class Scenario {
  private readonly transcript = new Transcript();
  private cluster: VirtualCluster | null = null;

  /** Carries a block's commands out: the lines they give. */
  run(block: Block): string[] {
    for (const command of block.commands) {
      try {
        this.perform(command.trim().split(/\s+/));
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        this.transcript.say(`VIOLATION ${error.checker}: ${error.message}`);
      }
    }
    return this.transcript.take();
  }

  private perform([verb, ...words]: string[]): void {
    const handlers: { [verb: string]: (words: string[]) => void } = {
      cluster: () => this.start(words),
      take: () => this.take(words),
      turn: () => this.turn(node(words[0])),
      run: () => this.runDry(),
      kill: () => this.kill(words),
      declare: () => this.act({ type: 'declare', node: node(words[0]), reason: (words[1] ?? 'killed') as DeathReason }),
      spawn: () => this.act({ type: 'ready', node: node(words[0]) }),
      wait: () => this.wait(Number(words[0])),
      pass: () => this.pass(Number(words[0])),
      hang: () => this.hang(words, 'hung'),
      starve: () => this.hang(words, 'starved'),
      reset: () => this.act({ type: 'reset', shard: Number(words[0]) }),
      show: () => this.show(),
      watch: () =>
        this.act({ type: 'watch', filter: { text: words[0] ?? '', shard: null, previous: false }, resumes: null }),
    };
    const handler = handlers[verb!];
    if (handler !== undefined) return handler(words);
    const asked = operation(verb!, words);
    const [key] = keysOf(asked);
    const shard = shardOfKey(key!, this.running.options.master.shards);
    this.act({ type: 'submit', client: 0, shard, operation: asked });
    this.act({ type: 'master-turn', takes: [] });
  }

  private get running(): VirtualCluster {
    if (this.cluster === null) throw new Error('a scenario begins with: cluster nodes=… shards=… replicas=…');
    return this.cluster;
  }

  private act(action: Action): void {
    if (!this.running.apply({ ...action, at: this.running.now })) this.transcript.say('(does not apply)');
  }

  // ---- commands -------------------------------------------------------------------------------------------------

  private start(words: readonly string[]): void {
    const options = optionsOf(words);
    const truth = new Oracle(options);
    const cluster = new VirtualCluster(options, both(truth, this.transcript));
    this.cluster = cluster;
    truth.attach(cluster, CHECKERS);
    cluster.start();
    for (const id of cluster.spawnRequests.splice(0)) this.act({ type: 'ready', node: id });
    this.runDry();
  }

  private take([to, , from, count]: readonly string[]): void {
    const [receiver, sender] = [node(to), node(from)];
    const takes = [[sender, count === undefined ? Number.MAX_SAFE_INTEGER : Number(count)]] as const;
    this.act(receiver === MASTER ? { type: 'master-turn', takes } : { type: 'turn', node: receiver, takes });
  }

  private turn(id: NodeId): boolean {
    if (this.running.host(id)?.heart.isStill(this.running.now)) return false;
    const takes = this.running.links
      .into(id)
      .filter(({ queue }) => queue.length > 0)
      .map(({ from, queue }) => [from, queue.length] as const);
    if (takes.length === 0 && this.running.host(id)?.more !== true) return false;
    this.act(id === MASTER ? { type: 'master-turn', takes } : { type: 'turn', node: id, takes });
    return true;
  }

  private runDry(): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const { id } of this.running.running) moved = this.turn(id) || moved;
      moved = this.turn(MASTER) || moved;
    }
  }

  private kill([victim, , ...keeps]: readonly string[]): void {
    const counts = keeps.map((keep) => keep.split('=') as [string, string]);
    this.act({ type: 'stop', node: node(victim), keeps: counts.map(([to, count]) => [node(to), Number(count)]) });
  }

  private wait(ms: number): void {
    const cluster = this.running;
    cluster.apply({ type: 'wait', at: cluster.now + ms });
    if (cluster.master.nextDeadline() <= cluster.now) this.act({ type: 'tick' });
  }

  private pass(ms: number): void {
    const { now, master } = this.running;
    const end = now + ms;
    while (master.nextDeadline() <= end) this.wait(master.nextDeadline() - this.running.now);
    this.wait(end - this.running.now);
  }

  private hang([victim, ms]: readonly string[], why: HangReason): void {
    this.act({ type: 'hang', node: node(victim), ms: ms === undefined ? null : Number(ms), why });
  }

  private show(): void {
    for (const { shard, epoch, chain, learner, committedSeq, lost } of this.running.master.shards) {
      const learns = learner === NOBODY ? '' : ` learner ${nodeName(learner)}`;
      const what = lost ? 'lost' : `chain ${chain.map(nodeName).join(' ')}${learns}`;
      this.transcript.say(`shard ${shard} epoch ${epoch} ${what} committed ${committedSeq}`);
      for (const host of this.running.running) this.showCopy(host.id, shard);
    }
  }

  private showCopy(id: NodeId, shard: number): void {
    const copy = this.running.host(id)?.node?.inspect(shard);
    const data = copy?.state.dataIfAny;
    if (!copy || !data) return;
    const entries: string[] = [];
    data.walk(0, 1000, 1e6, false, ({ key, value, version }) => entries.push(`${key}="${value}"@${version}`));
    const { lastSeq, lastRequest, window, epoch } = copy.state;
    const position = `epoch ${epoch} seq ${lastSeq} request ${lastRequest} window ${window.length}`;
    this.transcript.say(`  ${nodeName(id)} ${copy.role} ${position}: ${entries.sort().join(' ')}`);
  }
}

// ---- words ----------------------------------------------------------------------------------------------------------

function node(name: string | undefined): NodeId {
  if (name === 'master') return MASTER;
  const [, seat, incarnation] = /^n(\d+)#(\d+)$/.exec(name ?? '') ?? [];
  if (seat === undefined) throw new Error(`${name} is no node: n1#1, or master`);
  return nodeId(Number(seat), Number(incarnation));
}

function operation(verb: string, [key = '', value = '', version]: readonly string[]): Operation {
  switch (verb) {
    case 'put':
    case 'putif': {
      const ifVersion = version === undefined ? -1 : Number(version);
      return { verb: 'put', key, value, kind: ValueKind.text, ifVersion, ttl: 0, deadline: 0, previous: false };
    }
    case 'get':
      return { verb: 'get', key };
    case 'count':
      return { verb: 'count', key: '' };
    case 'drop':
      return drop(key, value);
    case 'incr':
      return { verb: 'increment', key, by: '1' };
    case 'append':
      return { verb: 'append', key, value, kind: ValueKind.text };
    case 'expire':
      return { verb: 'expire', key, ttl: Number(value), deadline: 0, when: 'always' };
    case 'delete':
      return { verb: 'delete', key, ifVersion: -1, previous: false };
    default:
      throw new Error(`no such command: ${verb}`);
  }
}

function drop(put: string, removed: string): Operation {
  const plain = { kind: ValueKind.text, ifVersion: -1, ttl: 0, deadline: 0, previous: false } as const;
  const then: Step[] = [
    { verb: 'put', key: put, value: 'new', ...plain },
    { verb: 'expire', key: removed, ttl: 0, deadline: 1, when: 'always' },
  ];
  return { verb: 'transaction', key: '', conditions: [], then, otherwise: [], lenient: false };
}

function optionsOf(words: readonly string[]): Options {
  const given = Object.fromEntries(words.map((word) => word.split('=') as [string, string]));
  const number = (name: string, otherwise: number): number => Number(given[name] ?? otherwise);
  const drawn = drawOptions('scenario');
  return {
    ...drawn,
    beyond: true,
    freezeMessages: true,
    codec: false,
    lateValues: 0,
    limits: { chance: 0, evicts: false },
    hangs: { chance: 0, restAfterMs: 20, tellsWaits: true },
    master: {
      ...drawn.master,
      nodes: number('nodes', 3),
      shards: number('shards', 1),
      replicas: number('replicas', 1),
      filterSlots: 64,
      creditOperations: 64,
      creditBytes: 1 << 20,
      waitingOperations: 100,
      waitingBytes: 1 << 20,
      youngMs: 0,
      seatGraceMs: 0,
      hangLimitMs: number('limit', NEVER_MS),
      clockEveryMs: 1000,
      committedEvery: 1024,
    },
    node: {
      ...drawn.node,
      hashSeed: 1,
      maxMemoryBytes: 0,
      eviction: 'noeviction',
      sliceEntries: number('slice', 2),
      sliceBytes: 1 << 16,
      slicesAhead: 1,
      maxValueBytes: 1 << 20,
    },
  };
}

/** One watcher after the other. */
function both(truth: Oracle, transcript: Transcript): Watcher {
  return {
    sent: (from, to, message) => {
      transcript.sent(from, to, message);
      truth.sent(from, to, message);
    },
    received: (host, from, message) => truth.received(host, from, message),
    worked: (host) => truth.worked(host),
    masterReceives: (from, message) => truth.masterReceives(from, message),
    masterReceived: (from, message) => truth.masterReceived(from, message),
    masterMoved: () => truth.masterMoved(),
    masterTicks: () => truth.masterTicks(),
    masterTicked: () => truth.masterTicked(),
    submitted: (call) => truth.submitted(call),
    settled: (call) => {
      transcript.settled(call);
      truth.settled(call);
    },
    watchStarted: (watch) => {
      transcript.watchStarted(watch);
      truth.watchStarted(watch);
    },
    watchTold: (watch, changes) => {
      transcript.watchTold(watch, changes);
      truth.watchTold(watch, changes);
    },
    noted: (note) => {
      transcript.noted(note);
      truth.noted(note);
    },
  };
}
