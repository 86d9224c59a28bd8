/**
 * The keys a transaction names.
 */
import type { TransactionOperation } from '../operation.ts';

/** Up to so many parts are looked through one by one: most transactions have two, and a Set costs 200 ns. */
const FEW = 8;

/** Every key a transaction names, once. */
export function keysOf({ conditions, then, otherwise }: TransactionOperation): readonly string[] {
  if (conditions.length + then.length + otherwise.length <= FEW) return fewKeysOf(conditions, then, otherwise);
  const keys = new Set<string>();
  for (const { key } of conditions) keys.add(key);
  for (const { key } of then) keys.add(key);
  for (const { key } of otherwise) keys.add(key);
  return [...keys];
}

function fewKeysOf(...parts: (readonly { readonly key: string }[])[]): readonly string[] {
  const keys: string[] = [];
  for (const part of parts) for (const { key } of part) if (!keys.includes(key)) keys.push(key);
  return keys;
}
