/**
 * The grammar of batches: what travels between two threads. One batch = one piece of words = one postMessage, for one
 * destination and one turn of the event loop. Writer and Reader (writer.ts, reader.ts) say what a word, a number, a text and a
 * value are.
 *
 *   batch    = number: sender, number: time (0 if the sender is not the master), section…
 *   section  = word: head, its fields, item…     head < 0, and no item begins with a negative word: that ends a section
 *   head     = -1 - (kind + KINDS * shard)
 *
 *   kind                fields (numbers)                           items
 *   requests … (6 kinds) epoch, committedSeq, first request         PLAIN + key length, key, value  (a plain put)  | code, operation…
 *   reads               epoch, committedSeq, first id              PLAIN + key length, key  (a get)               | code, operation…
 *   blockReads          as reads; a plain get may be answered with a block
 *   records             epoch, committedSeq, first seq, request    as requests  (of a plain put)  | code, effect…, result…
 *   streamRecords       since, committedSeq, first seq, request    as records
 *   answers             epoch, first seq, request                  2n  (n plain answers)      | odd code, result…
 *   values              epoch, first id                            PLAIN, value, version  (text)     | code, result…
 *   all others          the message's own                          none: one message a section
 *
 *   Where committedSeq is a field, an item may also be  COMMITTED, committedSeq  : it counts for the items that follow.
 *
 * Owns      the grammar: kinds, codes, their bits. encoder.ts and decoder.ts speak it; handles speak its operations and results
 *           too (executor/handle/port-wire.ts).
 * Does not  validate: both ends are this program. An unknown code is a bug and throws.
 * Invariants
 *   CD1  inside a section requests, seqs and ids are contiguous and implied; what breaks the row begins a new section.
 *   CD2  messages of one shard keep their order. Shards do not depend on one another (protocol.md), so a batch may gather
 *       each shard's messages: that is what makes sections long when keys are spread over all shards.
 *   CD3  what is decoded is what was sent, committedSeq too: where it changes inside a section, an item says so. Sending the
 *       highest for all would save two elements now and then, and tell a copy that something is committed before it holds
 *       it: protocol.md was not checked for that.
 *   CD4  every number has the range of the product: seqs, epochs, versions and times are doubles, lengths 31 bits, shards 26 bits.
 */

export const Kind = {
  requests: 0,
  /** Requests to a primary whose chain is short of memory. */
  pressed: 1,
  reads: 2,
  records: 3,
  streamRecords: 4,
  answers: 5,
  values: 6,
  config: 7,
  seal: 8,
  sealed: 9,
  streamBegin: 10,
  streamSlice: 11,
  streamEnd: 12,
  streamAck: 13,
  progress: 14,
  touched: 15,
  usage: 16,
  clock: 17,
  /** Requests somebody watches the effect of; the same with what was there before; and both under pressure. */
  watched: 18,
  watchedPrevious: 19,
  pressedWatched: 20,
  pressedWatchedPrevious: 21,
  blockReads: 22,
  memoryLimit: 23,
  committed: 24,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** More kinds than there are; a power of two, part of how a head is packed. */
export const KINDS = 32;

export function headOf(kind: Kind, shard: number): number {
  return -1 - (kind + KINDS * shard);
}

/** Above every bit of an operation's or a record's code. */
export const COMMITTED = 1 << 28;
/** An item of the most frequent form. The length of its key is in the low bits. */
export const PLAIN = 1 << 30;
export const PLAIN_LENGTH_MASK = PLAIN - 1;

/** How a memory limit tells what a full node does, by number. */
export const EVICTIONS = ['noeviction', 'allkeys-lru'] as const;

/** Operation codes: the verb's (core/data/verbs.ts) in the low 8 bits, then what its fields say (operations.ts). */
export const VERB_BITS = 8;
export const VERB_MASK = (1 << VERB_BITS) - 1;
/** A kind of an entry has so many bits wherever it is part of a code. */
export const KIND_BITS = 5;
export const KIND_MASK = (1 << KIND_BITS) - 1;
/** Where a condition that asks for a value says its kind. */
export const NO_VALUE = 1 << KIND_BITS;

/** Result codes. Four bits of status, then what is not null, text, 0 or implied. */
export const STATUS_MASK = 15;
/** The version is 0, or given; with neither bit it is the one implied by the place (a record's seq; for values 0). */
export const VERSION_ZERO = 1 << 4;
export const VERSION_GIVEN = 1 << 5;
export const HAS_VALUE = 1 << 6;
/** KIND_BITS: a ValueKind. */
export const RESULT_KIND_SHIFT = 7;
export const HAS_EXPIRY = 1 << 12;
export const HAS_PAGE = 1 << 13;
/** A number of items, then each as a result whose implied version is that of the whole. */
export const HAS_ITEMS = 1 << 14;
/** An item in a record of several effects: ok, with exactly the entry that the effect of the same place puts. */
export const ITEM_IS_ENTRY = 1 << 15;
/** A block, in place of a value. */
export const HAS_BLOCK = 1 << 16;
/** The code of ok, version implied, nothing else: what a plain put is answered. */
export const PLAIN_RESULT = 0;

/** Record codes: the effect in the low 3 bits. */
export const EffectCode = { put: 0, remove: 1, deadline: 2, clear: 3, none: 4, many: 5, patch: 6 } as const;
export const EFFECT_MASK = 7;
/** KIND_BITS: a put's or a patch's ValueKind, a removal's cause (an index into REMOVAL_CAUSES). */
export const EFFECT_DETAIL_SHIFT = 3;
export const REMOVAL_CAUSES = ['delete', 'expire', 'evict'] as const;
export const EFFECT_EXPIRES = 1 << 8;
/** The primary's own record: request 0, and the row of request numbers goes on behind it. */
export const OWN_RECORD = 1 << 9;
/** A result code and its fields follow; otherwise the result is plain, or … */
export const HAS_RESULT = 1 << 10;
/** … ok with exactly the entry the effect puts (increments): its value need not travel twice. */
export const RESULT_IS_ENTRY = 1 << 11;

/** Two bits: what was there before is not told (0), was nothing (1), or follows as kind and value (2). */
export const PREVIOUS_SHIFT = 12;
export const PREVIOUS_NONE = 1;
export const PREVIOUS_GIVEN = 2;
/** Two bits: Watched. */
export const WATCHED_SHIFT = 14;

/** Answer codes: even = a run of plain answers, 2 each; odd = this, the own-record bit, and a result code above. */
export const ANSWER_RUN_STEP = 2;
export const ANSWER_GENERAL = 1;
export const ANSWER_OWN = 1 << 1;
/** The effect follows the result. */
export const ANSWER_EFFECT = 1 << 2;
export const ANSWER_RESULT_SHIFT = 3;
