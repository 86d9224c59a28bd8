/** Planted bugs of the chain itself: who acknowledges, who is in it, who may change it, what is committed. */
import { isWrite, NOBODY, plainResult, Status } from '@quintet/engine/internal';
import type { ShardControl } from '@quintet/engine/machines';
import { CONTROL, COPY, MASTER_MACHINE, PRIMARY, READER, SEATS } from './internals.ts';
import type { PlantedBug } from './planted-bug.ts';

export const CHAIN_BUGS: readonly PlantedBug[] = [
  {
    name: 'acknowledged-before-the-replica-has-it',
    rule: '§2 Answer: tail → master',
    plant(patch) {
      patch.method(
        COPY,
        'passOn',
        (original) =>
          function (record) {
            const { shard, epoch, position } = this.state;
            const { seq, request, result } = record;
            const effect = null;
            if (position === 0)
              this.context.outbox.send(0, { type: 'answer', shard, epoch, seq, request, result, effect });
            if (position === 0 ? !this.isTail : this.successor !== NOBODY) original.call(this, record);
          },
      );
    },
  },
  {
    name: 'own-records-not-answered',
    rule: '§3.2 an Answer for request 0 too !',
    plant(patch) {
      patch.method(
        COPY,
        'passOn',
        (original) =>
          function (record) {
            if (record.request !== 0 || this.successor !== NOBODY) original.call(this, record);
          },
      );
    },
  },
  {
    name: 'refusals-leave-no-record',
    rule: '§3.2 exactly one record for every request: failed conditions too !',
    plant(patch) {
      patch.method(
        PRIMARY,
        'onRequest',
        (original) =>
          function (message) {
            const { state } = this;
            const { operation, request } = message;
            const isNext = request === state.lastRequest + 1 && isWrite(operation);
            if (isNext && this.evaluate(operation, 0).effect.type === 'none') state.lastRequest = request;
            else original.call(this, message);
          },
      );
    },
  },
  {
    name: 'logged-reads-leave-no-record',
    rule: '§3.2 exactly one record for every request: logged reads too !',
    plant(patch) {
      patch.method(
        PRIMARY,
        'onRequest',
        (original) =>
          function (message) {
            const { state } = this;
            const { operation, request } = message;
            const isRead = !isWrite(operation);
            if (request === state.lastRequest + 1 && isRead) state.lastRequest = request;
            else original.call(this, message);
          },
      );
    },
  },
  {
    name: 'read-from-the-head',
    rule: '§2 Read: master → tail',
    plant(patch) {
      let reading = false;
      patch.method(
        CONTROL,
        'sendRead',
        (original) =>
          function (call) {
            const { chain } = this;
            this.chain = chain.slice(0, 1);
            original.call(this, call);
            this.chain = chain;
          },
      );
      patch.method(
        COPY,
        'onRead',
        (original) =>
          function (message) {
            reading = true;
            original.call(this, message);
            reading = false;
          },
      );
      patch.getter(
        COPY,
        'isTail',
        (original) =>
          function () {
            return reading || original.call(this);
          },
      );
    },
  },
  {
    name: 'committed-runs-ahead',
    rule: '§4.2 committedSeq = seq, never higher !',
    plant(patch) {
      patch.method(
        CONTROL,
        'onProgress',
        (original) =>
          function (from, message) {
            if (from === this.learner && message.since === this.since) {
              this.committedSeq = Math.max(this.committedSeq, message.seq);
            }
            return original.call(this, from, message);
          },
      );
    },
  },
  {
    name: 'tail-forgets-what-it-answered',
    rule: "§4.2 only the master's committedSeq trims a window !",
    plant(patch) {
      patch.method(
        COPY,
        'passOn',
        (original) =>
          function (record) {
            original.call(this, record);
            if (this.successor === NOBODY && this.state.chain.length > 1) this.state.commit(record.seq);
          },
      );
    },
  },
  {
    name: 'copies-forget-what-they-passed-on',
    rule: "§4.2 never a copy's own guess !",
    plant(patch) {
      patch.method(
        COPY,
        'passOn',
        (original) =>
          function (record) {
            original.call(this, record);
            if (this.successor !== NOBODY && this.state.position > 0) this.state.commit(record.seq - 1);
          },
      );
    },
  },
  {
    name: 'tail-becomes-primary',
    rule: '§4.3 member dead: change(chain - n)',
    plant(patch) {
      patch.method(
        CONTROL,
        'memberDied',
        (original) =>
          function (node) {
            this.chain = this.primary === node ? [node, ...this.chain.slice(1).reverse()] : this.chain;
            original.call(this, node);
          },
      );
    },
  },
  {
    name: 'lost-shard-lives-on-in-its-learner',
    rule: '§4.3 the learner is told to discard, however far it got !',
    plant(patch) {
      patch.method(
        CONTROL,
        'memberDied',
        (original) =>
          function (node) {
            if (this.chain.length > 1 || this.learner === NOBODY) original.call(this, node);
            else this.change([this.learner], NOBODY, null);
          },
      );
    },
  },
  {
    name: 'learner-not-told-of-the-loss',
    rule: '§4.3 the learner is told to discard !',
    plant(patch) {
      patch.method(
        CONTROL,
        'lose',
        (original) =>
          function () {
            this.learner = NOBODY;
            original.call(this);
          },
      );
    },
  },
  {
    name: 'reordered-without-a-seal',
    rule: '§4.3 planned reorder: change only on Sealed !',
    plant(patch) {
      patch.method(
        CONTROL,
        'reorder',
        () =>
          function (chain) {
            this.change(chain, this.learner, null);
          },
      );
    },
  },
  {
    name: 'sealed-of-any-epoch',
    rule: '§2 Sealed: epoch = own',
    plant(patch) {
      patch.method(
        CONTROL,
        'onSealed',
        (original) =>
          function (message) {
            original.call(this, { ...message, epoch: this.epoch });
          },
      );
    },
  },
  {
    name: 'sealed-primary-goes-on',
    rule: '§1 sealed: emits nothing of its own until the next Config',
    plant(patch) {
      patch.method(PRIMARY, 'seal', () => () => {});
    },
  },
  {
    name: 'reset-from-zero',
    rule: '§4.3 reset with base (committedSeq, lastRequest) !',
    plant(patch) {
      patch.method(
        CONTROL,
        'reset',
        (original) =>
          function (node) {
            this.committedSeq = 0;
            this.queue.lastRequest = 0;
            original.call(this, node);
          },
      );
    },
  },
  {
    name: 'lost-shard-reads-as-empty',
    rule: 'a lost shard never reads as empty',
    plant(patch) {
      patch.method(
        CONTROL,
        'submit',
        (original) =>
          function (operation, sink) {
            if (!this.lost || operation.verb !== 'get') return original.call(this, operation, sink);
            this.outbox.reply(sink, plainResult(Status.absent, 0));
            return null;
          },
      );
    },
  },
  {
    name: 'removed-member-not-told',
    rule: '§4.1.2 Config to a member removed alive',
    plant(patch) {
      patch.method(
        CONTROL,
        'sendConfig',
        (original) =>
          function (base) {
            original.call(this, base, NOBODY);
          },
      );
    },
  },
  {
    name: 'dead-learner-stays',
    rule: '§4.3 learner dead: change(chain, none)',
    plant(patch) {
      patch.method(
        CONTROL,
        'nodeDied',
        (original) =>
          function (node) {
            if (node !== this.learner) original.call(this, node);
          },
      );
    },
  },
  {
    name: 'stale-incarnation-counts',
    rule: 'SE1: a dead incarnation is not its seat',
    plant(patch) {
      patch.method(
        SEATS,
        'stateOf',
        () =>
          function (node) {
            return this.all[(node % 256) - 1];
          },
      );
    },
  },
  {
    name: 'given-up-means-forgotten',
    rule: '§4.5 stays in unanswered until answered, even if its caller gave up !',
    plant(patch) {
      patch.method(
        MASTER_MACHINE,
        'giveUp',
        (original) =>
          function (call, reason, now) {
            const { shard } = call as unknown as { shard: number };
            const numbered = (call as unknown as { stage: string }).stage === 'numbered';
            original.call(this, call, reason, now);
            if (numbered) forget(this.shards[shard]!, call);
          },
      );
    },
  },
  {
    name: 'given-up-write-said-not-applied',
    rule: 'errors.ts: outcome',
    plant(patch) {
      patch.method(
        MASTER_MACHINE,
        'giveUp',
        (original) =>
          function (call, reason, now) {
            const taken = call as unknown as { stage: string };
            const { stage } = taken;
            if (stage === 'numbered') taken.stage = 'held';
            original.call(this, call, reason, now);
            if (stage === 'numbered') taken.stage = stage;
          },
      );
    },
  },
  {
    name: 'given-up-answered-again',
    rule: 'MA2: every operation is answered exactly once',
    plant(patch) {
      patch.method(
        CONTROL,
        'onAnswer',
        (original) =>
          function (message) {
            const first = this.queue.unanswered.first();
            if (first !== undefined && first.number === message.request) first.settled = false;
            original.call(this, message);
          },
      );
    },
  },
  {
    name: 'memory-of-a-put-written-again',
    rule: 'RD2: what a put refers to stays as it is until the put is committed',
    plant(patch) {
      patch.method(
        READER,
        'open',
        (original) =>
          function (batch) {
            this.kept = false;
            original.call(this, batch);
          },
      );
    },
  },
];

function forget(shard: ShardControl, call: unknown): void {
  const { unanswered } = shard.queue;
  const kept = [...unanswered].filter((other) => other !== call);
  unanswered.clear();
  for (const other of kept) unanswered.push(other);
}
