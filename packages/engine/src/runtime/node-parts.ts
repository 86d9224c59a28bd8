/**
 * What a node module is given and must give: the seam between the worker entry (node-main.ts) and the machine in it.
 * A module named by `nodeModule` exports `createNode: CreateNode`; node-factory.ts is the real one.
 */
import type { NodeId } from '../core/ids.ts';
import type { NodeMachine } from '../core/machines.ts';
import type { NodeOutbox } from '../core/outbox.ts';
import type { NodeSettings } from '../core/settings.ts';
import type { Memory } from '../core/store/store.ts';
import type { CopyStats } from './runtime.ts';

export interface NodeParts {
  readonly id: NodeId;
  readonly settings: NodeSettings;
  readonly memory: Memory;
  readonly outbox: NodeOutbox;
}

/** A node machine that can say what it holds; read a few times a second for status(). */
export interface DescribedNode extends NodeMachine {
  describeCopies(): readonly CopyStats[];
}

export type CreateNode = (parts: NodeParts) => DescribedNode;
