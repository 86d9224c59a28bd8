/** What a request names, as the bytes that came. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentDecoded, RequestTarget } from '../src/http/request-target.ts';

test('a path is what came: nothing is resolved, turned or recoded', () => {
  for (const path of ['/v1/keys/a/../b', '/v1/keys/..', '/v1/keys/a\\b', '/v1/keys/\xc3\xa9', '//v1/keys', '/%2e%2e']) {
    assert.equal(new RequestTarget(`${path}?a=1?2`).path, path);
  }
  assert.equal(new RequestTarget('http://h:1/v1/keys?x').path, '/v1/keys');
});

test('parameters are bytes, the first of each name counts', () => {
  const target = new RequestTarget('/v1/keys?prefix=%ff%00+%C3%A9\xe9=&prefix=b&bare&wrong=%zz');
  assert.equal(target.parameter('prefix'), '\xff\0 \xc3\xa9\xe9=');
  assert.equal(target.parameter('bare'), '');
  assert.equal(target.parameter('wrong'), '%zz');
  assert.equal(target.parameter('none'), null);
  assert.equal(percentDecoded('%41%'), 'A%');
});
