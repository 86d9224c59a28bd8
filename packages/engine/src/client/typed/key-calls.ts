/**
 * KeyCalls: the calls of Store that read and change one entry in one step. Each is described once, and is so a method of Store,
 * a method of what transact() hands out, and a step of transaction().
 *
 * Owns      a table: what a call becomes for the core, how its answer is read. Their signatures: store/key-calls.ts.
 * Does not  send (typed-store.ts), remember (store-transaction.ts) or plan (transaction-plan.ts): they take the table. The calls
 *           that everybody makes, get and put and their like, are written out there.
 * Adding one: its signature in KeyCalls and in TransactionKeyCalls, its step, and a row of KEY_CALLS.
 */

import { NO_TTL } from '../../core/data/operation.ts';
import { KvError } from '../../core/protocol/errors.ts';
import { encodeKey } from '../codec/keys.ts';
import { encodeValue, kindOf } from '../codec/values.ts';
import { checkFlag, checkTtl, deadlineOf } from '../store/call-options.ts';
import type { KeyCallStep, KeyCalls } from '../store/key-calls.ts';
import { readDone, readNumber, readValue, sumReader } from './answers.ts';
import type { KeyCallTable } from './key-call.ts';
import {
  appendOperation,
  expireOperation,
  incrementFloatOperation,
  incrementOperation,
  persistOperation,
} from './operations.ts';

const KEY_CALLS: KeyCallTable<KeyCalls, KeyCallStep> = {
  increment: {
    arguments: ['by'],
    options: ['ttl', 'ttlOnlyIfNew'],
    operation: ({ increment, by = 1, ttl, ttlOnlyIfNew }, limits) => {
      const operation = incrementOperation(increment, by, limits);
      checkFlag('ttlOnlyIfNew', ttlOnlyIfNew);
      if (ttl !== undefined) {
        return { ...operation, ttl: checkTtl(ttl), ...(ttlOnlyIfNew === true ? { ttlOnlyIfNew } : undefined) };
      }
      if (ttlOnlyIfNew === true) throw new KvError('INVALID_OPTION', 'ttlOnlyIfNew needs ttl');
      return operation;
    },
    reader: ({ by }) => sumReader(by),
  },
  incrementFloat: {
    arguments: ['by'],
    options: [],
    operation: ({ incrementFloat, by }, limits) => incrementFloatOperation(incrementFloat, by, limits),
    reader: () => readNumber,
  },
  append: {
    arguments: ['suffix'],
    options: [],
    operation: ({ append, suffix }, limits) => appendOperation(append, suffix, limits),
    reader: () => readNumber,
  },
  expire: {
    arguments: ['ttl'],
    options: ['when'],
    operation: (step, limits) => expireOperation(step.expire, step.ttl, step, limits),
    reader: () => readDone,
  },
  persist: {
    arguments: [],
    options: [],
    operation: ({ persist }, limits) => persistOperation(persist, limits),
    reader: () => readDone,
  },
  getAndExpire: {
    arguments: [],
    options: ['ttl', 'expiresAt', 'persist'],
    operation: ({ getAndExpire, ttl, expiresAt, persist }, { maxKeyBytes }) => {
      checkFlag('persist', persist);
      if (Number(ttl !== undefined) + Number(expiresAt !== undefined) + Number(persist === true) !== 1) {
        throw new KvError('INVALID_OPTION', 'getAndExpire takes one of ttl, expiresAt and persist: true');
      }
      const deadline = deadlineOf(expiresAt);
      const key = encodeKey(getAndExpire, maxKeyBytes);
      return { verb: 'get-and-expire', key, ttl: ttl === undefined ? NO_TTL : checkTtl(ttl), deadline };
    },
    reader: () => readValue,
  },
  deleteIfValue: {
    arguments: ['value'],
    options: [],
    operation: ({ deleteIfValue, value }, { maxKeyBytes, maxValueBytes }) => {
      const kind = kindOf(value);
      const key = encodeKey(deleteIfValue, maxKeyBytes);
      return { verb: 'delete-if-value', key, value: encodeValue(value, kind, maxValueBytes), kind };
    },
    reader: () => readDone,
  },
};

// As default, so that index.ts may export all other things here, which are the types of the public door.
export default KEY_CALLS;
