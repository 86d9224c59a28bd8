/**
 * What the public types tell a program. `pnpm types` is the test: a line that should not compile and does is an error there
 * (`@ts-expect-error`), and so is one that should and does not. Nothing here runs.
 */
import { type Change, type ClusterApi, type DeathReason, KEEP, type PutResult, type Store } from '../src/index.ts';

/** Compiles only if both are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_same: Same<A, B>): void {}

/** A change is told apart by its type. */
export function changes(change: Change<{ name: string }>): string {
  // @ts-expect-error whatever was removed has no value
  change.value.name;
  switch (change.type) {
    case 'put':
      return `${change.value.name} ${change.previous?.name} ${change.expiresAt?.toFixed()}`;
    case 'clear':
    case 'delete':
    case 'expire':
    case 'evict':
      same<typeof change.value, undefined>(true);
      same<typeof change.expiresAt, undefined>(true);
      // @ts-expect-error there is nothing to read here
      return change.value.name;
  }
}

export async function watching(store: Store): Promise<void> {
  for await (const { type, key, value } of store.watch<number>({ prefix: '' })) {
    if (type === 'put') same<typeof value, number>(true);
    else same<typeof value, undefined>(true);
    same<typeof key, string | Uint8Array>(true);
  }
  for await (const { key } of store.watch({ prefix: '', keysAsBytes: true })) same<typeof key, Uint8Array>(true);
}

/** Without `if` a transaction's results are those of `then`. */
export async function unconditional(store: Store): Promise<void> {
  const { succeeded, results } = await store.transaction({ then: [{ put: 'k', value: 1 }, { has: 'k' }] });
  same<typeof succeeded, true>(true);
  same<typeof results, [PutResult, boolean]>(true);
  const none = await store.transaction({});
  same<typeof none.results, []>(true);
  const many = await store.transaction({ then: ['a', 'b'].map((put) => ({ put, value: 1 })) });
  same<typeof many.results, PutResult[]>(true);
}

/** With `if` it has to be asked which branch was taken. */
export async function conditional(store: Store): Promise<void> {
  const answer = await store.transaction({ if: [{ key: 'k', exists: true }], then: [{ has: 'k' }], else: [] });
  // @ts-expect-error perhaps it is the empty branch
  same<typeof answer.results, [boolean]>(true);
  if (answer.succeeded) same<typeof answer.results, [boolean]>(true);
  else same<typeof answer.results, []>(true);
}

/** A sum is what was added. */
export async function sums(store: Store, either: number | bigint): Promise<void> {
  const [one, two] = [await store.increment('k'), await store.increment('k', 2, {})];
  same<typeof one, number>(true);
  same<typeof two, number>(true);
  const big = await store.increment('k', 1n);
  same<typeof big, bigint>(true);
  // @ts-expect-error numbers and bigints do not add up
  big + one;
  const unknown = await store.increment('k', either);
  same<typeof unknown, number | bigint>(true);
  const { results } = await store.transaction({
    then: [{ increment: 'k' }, { increment: 'k', by: 2 }, { increment: 'k', by: 2n }, { increment: 'k', by: either }],
  });
  same<typeof results, [number, number, bigint, number | bigint]>(true);
  await store.transact(async (tx) => {
    const sum: number = await tx.increment('k', 1);
    const bigSum: bigint = await tx.increment('k', 1n);
    // @ts-expect-error a number was added
    const wrong: bigint = await tx.increment('k');
    return [sum, bigSum, wrong];
  });
}

/** What is one step says what it takes and answers, as a call, as a step and in transact(). */
export async function oneStep(store: Store): Promise<void> {
  const hits = await store.increment('k', 1, { ttl: 5, ttlOnlyIfNew: true });
  same<typeof hits, number>(true);
  // @ts-expect-error a time, not a moment
  await store.increment('k', 1, { expiresAt: 5 });
  const name = await store.getAndExpire<string>('k', { ttl: 5 });
  same<typeof name, string | undefined>(true);
  // @ts-expect-error it does something to the deadline
  await store.getAndExpire('k');
  const released: boolean = await store.deleteIfValue('k', 'v');
  const { results } = await store.transaction({
    then: [
      { increment: 'k', by: 1n, ttl: 5, ttlOnlyIfNew: true },
      { getAndExpire: 'k', persist: true },
      { deleteIfValue: 'k', value: 5 },
    ],
  });
  same<typeof results, [bigint, unknown, boolean]>(true);
  const cart = await store.update<string[]>('k', (items = []) => (items.length > 9 ? KEEP : [...items, 'x']));
  same<typeof cart, string[] | undefined>(true);
  // @ts-expect-error a cart is not a number
  await store.update<string[]>('k', () => 5);
  await store.transact(async (tx) => [
    released,
    await tx.deleteIfValue('k', 5),
    await tx.getAndExpire('k', { ttl: 5 }),
  ]);
}

/** Events are known by their names. */
export function events(cluster: ClusterApi): void {
  cluster.on('node-down', ({ reason }) => same<typeof reason, DeathReason>(true));
  // @ts-expect-error a misspelt event
  cluster.once('nodedown', () => undefined);
}
