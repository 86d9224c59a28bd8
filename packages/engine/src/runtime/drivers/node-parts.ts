/**
 * What a node module is given and must give: the seam between the worker entry (node-main.ts) and the machine in it.
 * A module named by `nodeModule` exports `createNode: CreateNode`; node-factory.ts is the real one.
 */

import type { CopyDescription, NodeParts } from '../../core/node/node.ts';
import type { NodeMachine } from '../../core/protocol/machines.ts';

/** A node machine that can say what it holds; read a few times a second for status(). */
export interface DescribedNode extends NodeMachine {
  describeCopies(): readonly CopyDescription[];
}

export type { NodeParts };
export type CreateNode = (parts: NodeParts) => DescribedNode;
