/** Every engine error has a face in every protocol, and no other. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { status as grpcStatus } from '@grpc/grpc-js';
import { ERRORS, type ErrorCode } from '@quintet/engine';
import { ERROR_FACES } from '../src/engine/error-mappings.ts';

it('error faces: every code has a row, and nothing else has', () => {
  assert.deepEqual(Object.keys(ERROR_FACES).sort(), Object.keys(ERRORS).sort());
});

for (const [code, { http, grpc, resp }] of Object.entries(ERROR_FACES)) {
  it(`error faces: ${code}`, () => {
    assert.ok(http >= 400 && http < 600, `HTTP ${http}`);
    assert.ok(grpc in grpcStatus && grpc !== grpcStatus.OK, `gRPC ${grpc}`);
    assert.match(resp, /^[A-Z]+ \S/);
    assert.doesNotMatch(resp, /[\r\n]/);
    // Who must not repeat a write is told so in words.
    assert.equal(resp.includes('outcome unknown:'), ERRORS[code as ErrorCode].outcome === 'unknown');
  });
}
