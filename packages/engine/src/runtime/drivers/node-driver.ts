/**
 * NodeDriver: runs one node machine on this thread: ports in, ports out, turns, background work, heartbeat.
 *
 * Owns      the turn: take in what arrived, endTurn, post one batch per destination, then one slice of background work.
 * Does not  know the protocol, or who is alive: the main thread hands it ports (`peer`) and takes them away (`gone`).
 * Invariants
 *   ND1  the machine is never called while a call into it runs: everything here is an event of this thread's loop.
 *   ND2  what a turn's messages caused is posted before background work of that turn begins: a slice (about 1 ms) delays
 *       no answer that was ready.
 *   ND4  a node that was asked nothing for ACTIVE_MS rests: no timer runs but one for its next deadline, and its control block
 *       says so, until something arrives. The master's clock wakes it for a turn. Whatever arrives is counted before it is
 *       looked at.
 *   ND5  between batches the node's time goes on by the steady clock that all threads share, and never gets ahead of the
 *       master's: a batch takes a while to arrive, and the one that took least tells how far the two clocks are apart.
 *   ND3  whatever throws is not caught: the thread dies of it, the master hears why and recovers what the node held.
 * Why setImmediate: it runs after the loop took in all that had arrived, so one turn is one batch per destination.
 * Flushing in nextTick or a microtask made batches of one: 6 times slower at 1,000 callers. And background work repeated
 * by setImmediate leaves room for messages between slices, which a loop or a microtask would not.
 */

import { decodeBatch } from '../../core/codec/decoder.ts';
import { Reader } from '../../core/codec/reader.ts';
import type { Batch } from '../../core/codec/writer.ts';
import type { Result } from '../../core/data/result.ts';
import { GiveBack } from '../../core/node/memory/give-back.ts';
import { MASTER, type NodeId, nodeName } from '../../core/protocol/ids.ts';
import { invariant } from '../../core/protocol/invariant.ts';
import type { Message } from '../../core/protocol/messages.ts';
import type { NodeOutbox } from '../../core/protocol/outbox.ts';
import { NATIVE } from '../memory/native.ts';
import type { Control, Peer } from '../threads/control.ts';
import { type ControlBlock, steadySecond } from '../threads/control-block.ts';
import { doFault, pause } from '../threads/faults.ts';
import { BatchSender, type BatchTarget } from './batch-sender.ts';
import { LargeAnswers } from './large-answers.ts';
import type { DescribedNode } from './node-parts.ts';

/** Beats an idle node's heart, measures the loop's delay and gives background work a chance. */
const TIMER_MS = 20;
/** Copies are described every so many timer runs: 5 times a second. */
const DESCRIBE_EVERY = 10;
/** A node that was asked nothing for so long rests. */
const ACTIVE_MS = 500;
/** setTimeout takes more for 1 ms. */
const WAKE_MAX_MS = 2 ** 31 - 1;

/** Bytes of values collected in one turn before they are posted. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

/** Only the master's batches bear one. */
const NO_TIME = 0;

/** Ways to give memory of this thread back to the system: what is not used, and also what was kept to be used soon. */
export interface NodeMemory {
  collect(): void;
  shrink(): void;
}

export class NodeDriver implements NodeOutbox {
  private readonly block: ControlBlock;
  private readonly sender: BatchSender;
  private readonly reader = new Reader(NATIVE);
  private readonly peers = new Map<NodeId, Peer>();
  private readonly gone = new Set<NodeId>();
  private readonly copies = new LargeAnswers((message) => this.post(MASTER, message));
  private node: DescribedNode | undefined;
  private turnWanted = false;
  private slowMs = 0;
  private answerBytes = 0;
  private readonly giveBack = new GiveBack();
  private readonly memory: NodeMemory;
  private timer: NodeJS.Timeout | undefined;
  /** At rest: for the next deadline. */
  private alarm: NodeJS.Timeout | undefined;
  /** The master's time less our clock's, at least. */
  private aheadMs = Number.NEGATIVE_INFINITY;
  /** Posts of the main thread taken in. */
  private received = 0;
  private activeAt = 0;
  /** Something of this turn was more than the time. */
  private active = false;
  private timerRuns = 0;
  private timerDueAt = 0;

  constructor(id: NodeId, master: BatchTarget, block: ControlBlock, memory: NodeMemory) {
    this.memory = memory;
    this.block = block;
    this.sender = new BatchSender(id);
    this.sender.add(MASTER, master);
  }

  /** Begins to drive. Apart from the constructor because the machine is built with this driver as its outbox. */
  start(node: DescribedNode): void {
    this.node = node;
    this.activate();
  }

  send(to: NodeId, message: Message): void {
    if (message.type !== 'value') return this.post(to, message);
    if (message.result.block !== undefined) return this.copies.add(message, message.result.block);
    this.post(to, message);
    this.countAnswer(bytesOfAnswer(message.result));
  }

  private post(to: NodeId, message: Message): void {
    if (this.sender.send(to, message, NO_TIME)) return;
    invariant(this.gone.has(to), 'a node sends only to nodes it was given a port to');
  }

  /** Answers of a turn are posted early when they grow large: a thousand reads of a megabyte must not meet on this heap. */
  private countAnswer(bytes: number): void {
    this.answerBytes += bytes;
    if (this.answerBytes < ANSWER_BYTES_MAX) return;
    this.answerBytes = 0;
    this.sender.flush(NO_TIME);
  }

  readonly onBatch = (batch: Batch): void => {
    const { node } = this;
    invariant(node !== undefined, 'a node hears batches only after it was started');
    this.block.wake();
    this.block.beat();
    decodeBatch(batch, this.reader, this.receive, this.opened);
    this.wantTurn();
  };

  private readonly opened = (from: NodeId, time: number): void => {
    if (from !== MASTER) return;
    this.aheadMs = Math.max(this.aheadMs, time - performance.now());
    this.node!.onTime(time);
  };

  /** Tells the time if that makes work. */
  private passTime(now: number): void {
    const time = now + this.aheadMs;
    if (this.node!.nextDeadline() <= time) this.node!.onTime(time);
  }

  /** Something of the main thread arrived. */
  onReceived(): void {
    this.received += 1;
    this.block.wake();
    this.wantTurn();
  }

  onControl(control: Exclude<Control, { type: 'init' }>): void {
    switch (control.type) {
      case 'peer':
        this.addPeer(control.peer);
        break;
      case 'gone':
        this.removePeer(control.node);
        break;
      case 'purge':
        this.memory.shrink();
        break;
      case 'fault':
        if (control.fault.fault === 'slow') this.slowMs = control.fault.ms;
        else doFault(control.fault);
        break;
    }
  }

  addPeer(peer: Peer): void {
    const { node, port } = peer;
    this.peers.set(node, peer);
    this.sender.add(node, port);
    port.on('message', this.onBatch);
    port.on('messageerror', (error: Error) => {
      throw new Error(`a batch from ${nodeName(node)} could not be read`, { cause: error });
    });
  }

  private removePeer(node: NodeId): void {
    this.gone.add(node);
    this.sender.remove(node);
    this.peers.get(node)?.port.close();
    this.peers.delete(node);
  }

  /** Each message counts as a sign of life: on a starved machine one batch may take longer than the hang limit. */
  private readonly receive = (from: NodeId, message: Message): void => {
    this.block.beat();
    if (message.type !== 'clock') this.active = true;
    this.node!.receive(from, message);
  };

  private wantTurn(): void {
    if (this.turnWanted) return;
    this.turnWanted = true;
    setImmediate(this.turn);
  }

  private readonly turn = (): void => {
    const node = this.node!;
    this.turnWanted = false;
    this.block.beat();
    if (this.slowMs > 0) pause(this.slowMs);
    node.endTurn();
    this.answerBytes = 0;
    this.sender.flush(NO_TIME);
    const more = node.work();
    this.copies.goOn();
    this.sender.flush(NO_TIME);
    if (more || !this.copies.isEmpty) {
      this.active = true;
      this.wantTurn();
    }
    if (this.active) this.activate();
    else if (this.timer === undefined) this.rest();
  };

  private activate(): void {
    this.active = false;
    const now = performance.now();
    this.activeAt = now;
    if (this.timer !== undefined) return;
    clearTimeout(this.alarm);
    this.timerDueAt = now + TIMER_MS;
    this.timer = setInterval(this.onTimer, TIMER_MS);
  }

  private readonly onTimer = (): void => {
    const now = performance.now();
    this.block.beat();
    this.block.writeDelay(Math.max(0, now - this.timerDueAt), steadySecond());
    this.timerDueAt = now + TIMER_MS;
    if (this.timerRuns % DESCRIBE_EVERY === 0 && this.giveBack.due(now, this.describe())) this.memory.collect();
    this.timerRuns += 1;
    if (now - this.activeAt >= ACTIVE_MS) this.sleep();
    this.passTime(now);
    this.wantTurn();
  };

  /** The turn that follows rests, if nothing arrives meanwhile. */
  private sleep(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private rest(): void {
    const due = this.giveBack.dueAtRest(this.describe());
    // Before, for it may take long: a heart that stands still at rest is no hang.
    this.block.rest(this.received);
    if (due) this.memory.shrink();
    this.setAlarm();
  }

  private setAlarm(): void {
    clearTimeout(this.alarm);
    const inMs = Math.ceil(this.node!.nextDeadline() - this.aheadMs - performance.now());
    if (inMs < WAKE_MAX_MS) this.alarm = setTimeout(this.onAlarm, Math.max(1, inMs));
  }

  /** A turn of a node at rest: it is awake, lest one that hangs in it be taken for resting. */
  private readonly onAlarm = (): void => {
    this.block.wake();
    this.block.beat();
    this.passTime(performance.now());
    this.wantTurn();
  };

  /** Tells what is held; its bytes. */
  private describe(): number {
    const copies = this.node!.describeCopies();
    this.block.writeCopies(copies);
    return copies.reduce((total, copy) => total + copy.reservedBytes, 0);
  }
}

function bytesOfAnswer({ value, page, items }: Result): number {
  let bytes = value?.length ?? 0;
  if (page !== null) for (const field of page.entries) if (typeof field === 'string') bytes += field.length;
  if (items !== null) for (const item of items) bytes += item.value?.length ?? 0;
  return bytes;
}
