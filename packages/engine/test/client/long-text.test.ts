/** Long strings are what short ones are, wherever V8 keeps them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { Reader } from '../../src/core/codec/reader.ts';
import { type Batch, INLINE_BYTES } from '../../src/core/codec/writer.ts';
import { PortBatch } from '../../src/executor/handle/port-batch.ts';
import { LONG_TEXT, textOfUtf8 } from '../../src/runtime/memory/long-text.ts';
import { NATIVE } from '../../src/runtime/memory/native.ts';

test('text of UTF-8, short and long', () => {
  for (const text of ['a', 'é', '€', '😀', 'aé€😀', '']) {
    for (const times of [1, LONG_TEXT / 4, LONG_TEXT + 1]) {
      const whole = text.repeat(times);
      assert.ok(textOfUtf8(Buffer.from(whole)) === whole, `${times} times ${JSON.stringify(text)}`);
    }
  }
});

test('what a batch holds arrives as it was, and its long strings travel beside it as bytes', async () => {
  const { port1, port2 } = new MessageChannel();
  const batch = new PortBatch(port1);
  const texts = ['short', '\xe9'.repeat(LONG_TEXT), 'x'.repeat(INLINE_BYTES), '\xff'.repeat(INLINE_BYTES + 1), ''];
  for (const text of texts) batch.out.text(text);
  batch.added(0);
  const [posted] = (await once(port2, 'message')) as [Exclude<Batch, string>];
  assert.deepEqual(
    posted.slice(1).map((aside) => (aside as Uint8Array).length),
    [LONG_TEXT, INLINE_BYTES + 1],
  );
  const from = new Reader(NATIVE);
  from.open(posted);
  assert.deepEqual(
    texts.map(() => from.text()),
    texts,
  );
  port1.close();
});
