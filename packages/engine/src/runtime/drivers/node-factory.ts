/**
 * The node module of production: makes the real node machine, with memory from Node's Buffer.
 */
import { Node } from '../../core/node/node.ts';
import type { CreateNode } from './node-parts.ts';

export const createNode: CreateNode = (parts) => new Node(parts);
