// kit.test.mjs in TypeScript, as ts-jest compiles it with the recipe of docs/guides.md.
import { expect, test } from '@jest/globals';
import { TestCluster } from '@quintet/testkit';

test('a node dies', async () => {
  const kit = await TestCluster.start({ server: true });
  try {
    await kit.cluster.put('apples', 1);
    const fault = kit.kill(kit.primaryOf('apples'));
    const left: number = await kit.cluster.increment('apples');
    expect(left).toBe(2);
    await kit.restored(fault);
  } finally {
    await kit.close();
  }
});
