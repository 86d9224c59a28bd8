// A test under vitest and under Jest: a node dies, and nothing is lost. Both give `test` and `expect`; Jest as globals.
import { TestCluster } from '@quintet/testkit';

const { expect, test } = process.env.VITEST === undefined ? globalThis : await import('vitest');

test('a node dies', async () => {
  const kit = await TestCluster.start({ server: true });
  try {
    await kit.cluster.put('apples', 1);
    const fault = kit.kill(kit.primaryOf('apples'));
    expect(await kit.cluster.increment('apples')).toBe(2);
    await kit.restored(fault);
  } finally {
    await kit.close();
  }
});
