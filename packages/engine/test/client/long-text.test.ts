/** Long strings are what short ones are, wherever V8 keeps them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { PortBatch, type Posted, received } from '../../src/executor/handle/port-batch.ts';
import { LONG_TEXT, textOfUtf8 } from '../../src/runtime/memory/long-text.ts';

test('text of UTF-8, short and long', () => {
  for (const text of ['a', 'é', '€', '😀', 'aé€😀', '']) {
    for (const times of [1, LONG_TEXT / 4, LONG_TEXT + 1]) {
      const whole = text.repeat(times);
      assert.ok(textOfUtf8(Buffer.from(whole)) === whole, `${times} times ${JSON.stringify(text)}`);
    }
  }
});

test('what a batch holds arrives as it was, and its long strings travel as bytes', async () => {
  const { port1, port2 } = new MessageChannel();
  const batch = new PortBatch(port1);
  const long = '\xe9'.repeat(LONG_TEXT);
  const elements = [1, 'short', long, [2, long, 'key', 'x'.repeat(LONG_TEXT - 1)], [3, 4]];
  batch.elements.push(...elements);
  batch.added(0);
  const [posted] = (await once(port2, 'message')) as [Posted];
  const strings = posted.flat().filter((element) => typeof element === 'string');
  assert.deepEqual(
    strings.map(({ length }) => length),
    [5, 3, LONG_TEXT - 1],
  );
  assert.deepEqual(received(posted), elements);
  port1.close();
});
