/** docs/errors.md says of every error what core/protocol/errors.ts says: same rows in the same order, same columns. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ERRORS, type ErrorRow, KvError } from '../../src/index.ts';

const HEAD = ['code', 'meaning', 'retryable', 'outcome', 'when', 'what to do'];
const document = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
const table = document
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

describe('docs/errors.md', () => {
  it('has the columns of the table', () => {
    assert.deepStrictEqual(table[0], HEAD);
  });

  it('has the rows of the table, in its order', () => {
    const written = table.slice(2).map(([code, meaning, retryable, outcome]) => [code, meaning, retryable, outcome]);
    const rows: [string, ErrorRow][] = Object.entries(ERRORS);
    assert.deepStrictEqual(
      written,
      rows.map(([code, row]) => [`\`${code}\``, row.text, row.retryable ? 'yes' : 'no', row.outcome]),
    );
  });

  it('says of each when it happens and what to do', () => {
    for (const [code, , , , when, what] of table.slice(2)) {
      assert.ok(when && when.length > 20, `${code}: when`);
      assert.ok(what && what.length > 10, `${code}: what to do`);
    }
  });

  it('an error has what its row says', () => {
    for (const [code, row] of Object.entries(ERRORS)) {
      const error = new KvError(code as keyof typeof ERRORS, 'details', { cause: 'cause' });
      assert.equal(error.message, `${row.text}: details`);
      assert.deepStrictEqual(
        [error.code, error.retryable, error.outcome, error.name, error.cause],
        [code, row.retryable, row.outcome, 'KvError', 'cause'],
      );
    }
  });
});
