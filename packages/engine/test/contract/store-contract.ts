/**
 * storeContract: what every Store does, whoever keeps the data. One small behaviour a test; the files named like it are
 * its chapters.
 */
import { after, before, beforeEach, describe, it } from 'node:test';
import { badInput } from './bad-input.ts';
import { conditions } from './conditions.ts';
import { expiry } from './expiry.ts';
import { givingUp } from './giving-up.ts';
import { manyKeys } from './many-keys.ts';
import { numbers } from './numbers.ts';
import { oneStep } from './one-step.ts';
import { order } from './order.ts';
import { scans } from './scans.ts';
import type { OpenSubject, Subject, Test } from './subject.ts';
import { together } from './together.ts';
import { transacting } from './transacting.ts';
import { transactions } from './transactions.ts';
import { updating } from './updating.ts';
import { values } from './values.ts';
import { watching } from './watching.ts';

const CHAPTERS = {
  values,
  conditions,
  numbers,
  oneStep,
  updating,
  expiry,
  manyKeys,
  scans,
  order,
  givingUp,
  badInput,
  transactions,
  transacting,
  together,
  watching,
};

/** Registers the contract's tests for one implementation. */
export function storeContract(subject: Subject): void {
  describe(`Store contract: ${subject.name}`, { timeout: 120_000 }, () => {
    let open: OpenSubject;
    before(async () => {
      open = await subject.open();
    });
    beforeEach(() => open.store.clear());
    after(() => open.close());
    for (const [name, chapter] of Object.entries(CHAPTERS)) {
      describe(name, () => {
        const test: Test = (behaviour, body) => {
          it(behaviour, () => body(open.store, open));
        };
        chapter(test);
      });
    }
  });
}
