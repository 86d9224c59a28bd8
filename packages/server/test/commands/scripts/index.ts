/** All scripts. */
import { BITS } from './bits.ts';
import { CONNECTION } from './connection.ts';
import { KEYS } from './keys.ts';
import { PUBSUB } from './pubsub.ts';
import { QUINTET } from './quintet.ts';
import type { Scripts } from './script.ts';
import { SERVER } from './server.ts';
import { STRINGS } from './strings.ts';
import { TRANSACTIONS } from './transactions.ts';

export { wire } from './script.ts';

/** Whose requests may leave the connection in a mode in which another request is queued, refused or not answered. */
export const MODAL: Scripts = { ...TRANSACTIONS, ...PUBSUB, ...CONNECTION };
/** Of commands Redis has, the others. */
export const PLAIN: Scripts = { ...STRINGS, ...BITS, ...KEYS, ...SERVER };
export const ALL: Scripts = { ...PLAIN, ...MODAL, ...QUINTET };
