/** What is said of arguments that were nearly right. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEventName } from '../../src/client/cluster/cluster-events.ts';
import { CALL_OPTIONS, checkCallOptions, PUT_OPTIONS } from '../../src/client/store/call-options.ts';
import { planTransaction } from '../../src/client/transaction/transaction-plan.ts';

test('a number where options are wanted is taken for a time to live, where there is one', () => {
  const hint = { code: 'INVALID_OPTION', message: /did you mean \{ ttl: 60000 \}\?/ };
  assert.throws(() => checkCallOptions(60000 as never, PUT_OPTIONS), hint);
  assert.throws(() => checkCallOptions(60000 as never, CALL_OPTIONS), {
    code: 'INVALID_OPTION',
    message: /an object, got 60000$/,
  });
});

test('a misspelt step says which was meant', () => {
  const limits = { maxKeyBytes: 10, maxValueBytes: 10 };
  const message = /did you mean increment\?/;
  assert.throws(() => planTransaction({ then: [{ incremnt: 'k' } as never] }, limits), {
    code: 'INVALID_OPTION',
    message,
  });
});

test('a misspelt event says which was meant', () => {
  assert.throws(() => checkEventName('nodedown'), { code: 'INVALID_OPTION', message: /did you mean node-down\?/ });
  assert.throws(() => checkEventName('constructor'), { code: 'INVALID_OPTION', message: /known are node-up, / });
  assert.throws(() => checkEventName(Symbol('x') as never), { code: 'INVALID_OPTION' });
  for (const known of ['node-down', 'promoted', 'error']) checkEventName(known);
});
