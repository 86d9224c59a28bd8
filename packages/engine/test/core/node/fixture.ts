/** What the tests of a node's parts share: a context that keeps what is sent, and a copy with a role. */

import { ValueKind } from '../../../src/core/data/operation.ts';
import { type Effect, newPutEffect, newRecord, type Record } from '../../../src/core/data/record.ts';
import { plainResult, Status } from '../../../src/core/data/result.ts';
import type { NodeContext } from '../../../src/core/node/context.ts';
import { CopyState } from '../../../src/core/node/copy-state.ts';
import { type NodeId, nodeId } from '../../../src/core/protocol/ids.ts';
import type { Message } from '../../../src/core/protocol/messages.ts';
import { DEFAULT_NODE_SETTINGS, type NodeSettings } from '../../../src/core/protocol/settings.ts';
import { createBudget } from '../../../src/core/store/budget.ts';
import { newClock, newStore, SEED } from '../../store/fixture.ts';

export const ME = nodeId(1, 1);
export const OTHER = nodeId(2, 1);

export interface TestContext extends NodeContext {
  readonly sent: { readonly to: NodeId; readonly message: Message }[];
  readonly budget: { reserved: number };
}

export function newContext(settings: Partial<NodeSettings> = {}): TestContext {
  const sent: TestContext['sent'] = [];
  const uses = newClock();
  return {
    id: ME,
    settings: { ...DEFAULT_NODE_SETTINGS, ...settings },
    sent,
    outbox: { send: (to, message) => void sent.push({ to, message }) },
    budget: { reserved: 0 },
    shrinking: false,
    time: 1000,
    uses,
    newStore: () => newStore(createBudget(), SEED, uses),
    random: () => 0.5,
  };
}

/** Shard 7, alone in its chain, empty. */
export function newState(context: NodeContext): CopyState {
  const state = new CopyState(7, context);
  state.configure({ epoch: 3, chain: [ME], learner: OTHER, since: 3 });
  state.begin({ seq: 0, request: 0 });
  return state;
}

export function putEffect(key: string, value = 'v', expiresAt = 0): Effect {
  return newPutEffect(key, value, ValueKind.text, expiresAt);
}

export function record(seq: number, request: number, effect: Effect = putEffect(`k${seq}`)): Record {
  return newRecord(seq, request, 0, effect, plainResult(Status.ok, seq));
}

/** `key=value@version`, sorted. */
export function contents(state: CopyState): string[] {
  const entries: string[] = [];
  state.data.walk(0, 1e6, 1e9, false, ({ key, value, version }) => entries.push(`${key}=${value}@${version}`));
  return entries.sort();
}
