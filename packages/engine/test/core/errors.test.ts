/** The table of errors, and the two ways into it: the end of a call, and a status that is a refusal. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusalOf, Status } from '../../src/core/data/result.ts';
import { ERRORS, type ErrorCode, failureOf, withoutEffect } from '../../src/core/protocol/errors.ts';

const CODES = Object.keys(ERRORS) as ErrorCode[];

describe('errors', () => {
  it('a call that ends unanswered has an unknown outcome if a write of it was in flight, and none otherwise', () => {
    for (const reason of ['aborted', 'timeout', 'closed', 'lost'] as const) {
      const [before, after] = [failureOf(reason, false), failureOf(reason, true)];
      assert.equal(ERRORS[before].outcome, 'not-applied', before);
      assert.equal(ERRORS[after].outcome, 'unknown', after);
      assert.equal(after, `${before}_IN_FLIGHT`);
      assert.equal(withoutEffect(after), before);
    }
  });

  it('every code of an unknown outcome is the end of a call, and without effect no code has one', () => {
    for (const code of CODES) {
      const same = withoutEffect(code);
      assert.equal(ERRORS[same].outcome, 'not-applied', code);
      assert.equal(same === code, ERRORS[code].outcome === 'not-applied', code);
    }
  });

  it('a status is an answer or has a row', () => {
    const answers = Object.values(Status).filter((status) => refusalOf(status) === undefined);
    assert.deepEqual(answers, [Status.ok, Status.absent, Status.conditionFailed]);
    for (const status of Object.values(Status)) {
      const code = refusalOf(status);
      if (code !== undefined) assert.equal(ERRORS[code].outcome, 'not-applied', code);
    }
  });
});
