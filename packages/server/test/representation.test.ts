/** What becomes of a value over HTTP, without a server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packStructured } from '@quintet/engine/codec';
import { ValueKind } from '@quintet/engine/internal';
import { represent } from '../src/http/representation.ts';

test('a structured value is made JSON only for those who like nothing better', (t) => {
  const stored = packStructured({ name: 'Ada' });
  const made = t.mock.method(JSON, 'stringify');
  const typeFor = (accept?: string): string => represent(stored, ValueKind.structured, accept).type;
  assert.equal(typeFor('application/msgpack'), 'application/msgpack');
  assert.equal(typeFor('application/x-msgpack, application/json;q=0.9'), 'application/x-msgpack');
  assert.equal(made.mock.callCount(), 0);
  assert.equal(typeFor(), 'application/json');
  assert.equal(typeFor('application/json, application/msgpack'), 'application/json');
  assert.equal(made.mock.callCount(), 2);
});
