/** A master whose nodes are played by the test: what it sends, and what callers hear. */

import { type Operation, ValueKind } from '../../../src/core/data/operation.ts';
import { plainResult, type Result, Status, valueResult } from '../../../src/core/data/result.ts';
import { Master } from '../../../src/core/master/master.ts';
import { type NodeId, nodeName } from '../../../src/core/protocol/ids.ts';
import type { Message } from '../../../src/core/protocol/messages.ts';
import type { Note } from '../../../src/core/protocol/notes.ts';
import { DEFAULT_MASTER_SETTINGS, type MasterSettings } from '../../../src/core/protocol/settings.ts';
import { BufferMemory } from '../../../src/runtime/memory/buffer-memory.ts';

export class Subject {
  now = 1000;
  readonly master: Master;
  readonly sent: { readonly to: NodeId; readonly message: Message }[] = [];
  /** `name ok`, `name BUSY`: as callers were answered. */
  readonly heard: string[] = [];
  readonly notes: Note[] = [];
  readonly spawned: NodeId[] = [];
  private answered = 0;

  /** Nodes that are up, one shard unless `settings` say more. */
  constructor(settings: Partial<MasterSettings> = {}) {
    this.master = new Master({
      settings: { ...DEFAULT_MASTER_SETTINGS, nodes: 2, shards: 1, ...settings },
      memory: new BufferMemory(),
      outbox: {
        send: (to, message) => void this.sent.push({ to, message }),
        reply: (sink, result) => sink.onResult(result),
        fail: (sink, code, details) => sink.onError(code, details),
        spawn: (node) => void this.spawned.push(node),
        terminate: () => {},
        note: (note) => void this.notes.push(note),
        watchStarted: () => {},
        changes: () => {},
        watchProgress: () => {},
        watchEnded: () => {},
      },
    });
    this.master.start(this.now);
    this.boot();
  }

  /** Every node that was asked for comes up. */
  boot(): void {
    for (const node of this.spawned.splice(0)) this.master.nodeReady(node, this.now);
  }

  submit(operation: Operation, name: string = operation.verb) {
    const onResult = ({ status }: Result): void =>
      void this.heard.push(`${name} ${status === Status.ok ? 'ok' : status}`);
    const onError = (code: string): void => void this.heard.push(`${name} ${code}`);
    const call = this.master.submit(0, operation, { onResult, onError }, this.now);
    this.master.endTurn(this.now);
    return call;
  }

  /** What was sent since this was last asked: requests by number, reads by id. */
  take(): string[] {
    return this.sent.splice(0).flatMap(({ message }) => {
      if (message.type === 'request') return [`${message.operation.verb} ${message.operation.key} #${message.request}`];
      return message.type === 'read' ? [`read ${message.operation.key} ${message.id}`] : [];
    });
  }

  /** The tail answers the next request. */
  answer(shard = 0): void {
    const { epoch, tail, committedSeq } = this.master.shards[shard]!;
    const seq = committedSeq + 1;
    this.answered += 1;
    const result = plainResult(Status.ok, seq);
    this.receive(tail, { type: 'answer', shard, epoch, seq, request: this.answered, result, effect: null });
  }

  /** The tail answers a direct read. */
  value(id: number, shard = 0): void {
    const { epoch, tail } = this.master.shards[shard]!;
    this.receive(tail, { type: 'value', shard, epoch, id, result: valueResult(Status.ok, 1, 'v', ValueKind.text, 0) });
  }

  /** A shard's learner has caught up. */
  joined(shard: number): void {
    const { learner, since, committedSeq } = this.master.shards[shard]!;
    this.receive(learner, { type: 'progress', shard, since, seq: committedSeq });
  }

  receive(from: NodeId, message: Message): void {
    this.master.receive(from, message, this.now);
    this.master.endTurn(this.now);
  }

  chain(shard: number): string {
    const { chain, learner } = this.master.shards[shard]!;
    return `${chain.map(nodeName).join(' ')}${learner === 0 ? '' : ` + ${nodeName(learner)}`}`;
  }
}
