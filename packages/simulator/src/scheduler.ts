/**
 * Scheduler: what happens next while faults are on. Draws events; VirtualCluster carries them out.
 *
 * Owns      the agenda of things to come, and the choice of the earliest thing that can happen.
 * Does not  hurt (faults.ts), ask (workload.ts), or know what events do.
 * Why       the seed's streams are forked per part: a draw more in the workload does not move the faults.
 */
import { MASTER } from '@quintet/engine/internal';
import { Prng } from '@quintet/testkit';
import { type Actor, Actors } from './actors.ts';
import type { VirtualCluster } from './cluster.ts';
import type { Action, Event } from './event.ts';
import { Faults } from './faults.ts';
import { LimitChanges } from './limit-changes.ts';
import type { Host } from './observer.ts';
import { Workload } from './workload.ts';

interface Appointment {
  readonly at: number;
  readonly action: () => Action | null;
}

/** Whoever can act next. */
type Candidate = Appointment | Host | 'caller' | 'tick' | 'master';

/** After the last answer faults go on for so many steps: repair is under way then. */
const AFTERMATH_STEPS = 150;

export class Scheduler {
  private readonly cluster: VirtualCluster;
  private readonly network: Prng;
  private readonly actors: Actors;
  private readonly faults: Faults;
  private readonly workload: Workload;
  private readonly limits: LimitChanges;
  private readonly agenda: Appointment[] = [];
  private readonly candidates: Candidate[] = [];
  private earliestAt = 0;
  private steps = 0;
  private aftermath = 0;
  private lastTickAt = 0;
  /** The master was called since its last turn: it must get one to send what it holds back. */
  private masterCalled = true;

  constructor(cluster: VirtualCluster) {
    const prng = new Prng(cluster.options.seed);
    this.cluster = cluster;
    this.network = prng.fork('network');
    this.actors = new Actors(cluster, prng.fork('turns'));
    const later = (afterMs: number, action: () => Action | null) => {
      this.agenda.push({ at: cluster.now + afterMs, action });
    };
    this.faults = new Faults(cluster, this.actors, prng.fork('faults'), later);
    this.workload = new Workload(cluster, prng.fork('workload'));
    this.limits = new LimitChanges(cluster.options, prng.fork('limit-changes'));
  }

  /** The next event, or null when this phase is over. */
  next(): Event | null {
    for (;;) {
      if (++this.steps > this.cluster.options.steps || this.isSpent()) return null;
      this.arrange();
      const struck = this.faults.strike() ?? this.workload.giveUp() ?? this.workload.watching() ?? this.limits.next();
      if (struck !== null) return this.event(struck, struck.type === 'wait' ? this.faults.jumpMs : 0);
      const candidate = this.earliest();
      if (this.earliestAt > this.cluster.now) this.cluster.now = this.earliestAt;
      const action = this.actionOf(candidate);
      if (action !== null) return this.event(action, 0);
    }
  }

  private event(action: Action, afterMs: number): Event {
    if (action.type !== 'turn' && action.type !== 'master-turn') this.masterCalled = true;
    // Not a spread: this runs for every event, and the action is ours.
    return Object.assign(action, { at: this.cluster.now + afterMs });
  }

  private isSpent(): boolean {
    if (!this.workload.done || this.cluster.unsettled > 0) return false;
    this.aftermath += 1;
    return this.aftermath > AFTERMATH_STEPS;
  }

  /** What the master asked for: workers to start and to stop, each in its own time. */
  private arrange(): void {
    const { cluster, faults } = this;
    for (const node of cluster.spawnRequests.splice(0)) {
      const delay = faults.spawnDelay();
      const fails = faults.spawnFails;
      if (!fails || this.network.chance(0.3))
        this.agenda.push({ at: cluster.now + delay, action: () => ({ type: 'ready', node }) });
      // One that fails may still say that it is ready, before or after.
      if (!fails) continue;
      const at = cluster.now + Math.floor(delay / 2);
      this.agenda.push({ at, action: () => ({ type: 'declare', node, reason: 'failed-to-start' }) });
    }
    for (const node of cluster.terminateRequests.splice(0)) {
      this.agenda.push({ at: cluster.now + faults.terminationDelay(), action: () => faults.stop(node) });
    }
  }

  // ---- the earliest ---------------------------------------------------------------------------------------------

  /** One of those that can act first; `earliestAt` says when. No closures here: this is most of a run's time. */
  private earliest(): Candidate {
    const { cluster, actors } = this;
    this.earliestAt = Number.POSITIVE_INFINITY;
    for (const appointment of this.agenda) this.offer(appointment.at, appointment);
    this.offer(this.workload.nextAt, 'caller');
    const tickAt = Math.max(cluster.master.nextDeadline(), this.faults.hangs.earliestTick(this.lastTickAt));
    this.offer(Math.max(tickAt, actors.master.frozenUntil), 'tick');
    this.offer(this.turnAt(actors.master, this.masterCalled), 'master');
    for (const host of cluster.hosts.values()) {
      if (host.stage !== 'up') continue;
      this.offer(Math.max(this.turnAt(actors.at(host.id), host.more), host.heart.stillUntil), host);
    }
    return this.candidates.length === 1 ? this.candidates[0]! : this.network.pick(this.candidates);
  }

  private offer(time: number, candidate: Candidate): void {
    const at = Math.max(time, this.cluster.now);
    if (at > this.earliestAt) return;
    if (at < this.earliestAt) this.candidates.length = 0;
    this.earliestAt = at;
    this.candidates.push(candidate);
  }

  /** When an actor can take its next turn, Infinity if it has nothing to do. */
  private turnAt(actor: Actor, isDue: boolean): number {
    const { actors } = this;
    if (isDue || actors.hasMail(actor.id)) actors.rouse(actor);
    // Not kept as its wake-up time: mail on another link must wake it before the stalled one moves again.
    else return Math.max(actors.nextThaw(actor.id), actor.frozenUntil);
    return Math.max(actor.wakeAt, actor.frozenUntil);
  }

  private actionOf(candidate: Candidate): Action | null {
    const { actors } = this;
    if (candidate === 'caller') return this.workload.next();
    if (candidate === 'tick') {
      this.lastTickAt = this.cluster.now;
      return { type: 'tick' };
    }
    if (candidate === 'master') {
      this.masterCalled = false;
      actors.master.wakeAt = Number.POSITIVE_INFINITY;
      return { type: 'master-turn', takes: actors.takes(MASTER) };
    }
    if ('action' in candidate) {
      this.agenda.splice(this.agenda.indexOf(candidate), 1);
      return candidate.action();
    }
    actors.at(candidate.id).wakeAt = Number.POSITIVE_INFINITY;
    return { type: 'turn', node: candidate.id, takes: actors.takes(candidate.id) };
  }
}
