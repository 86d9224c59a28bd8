import type { Redis } from 'ioredis';

/** Lets each user do something `limit` times in a window that begins with the first time. */
export class RateLimiter {
  readonly #redis: Redis;
  readonly #limit: number;
  readonly #windowMs: number;

  constructor(redis: Redis, { limit, windowMs }: { limit: number; windowMs: number }) {
    this.#redis = redis;
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  async allows(user: string): Promise<boolean> {
    const key = `rate:${user}`;
    const [counted] = (await this.#redis.multi().incr(key).pexpire(key, this.#windowMs, 'NX').exec())!;
    const [error, count] = counted!;
    if (error) throw error;
    return (count as number) <= this.#limit;
  }
}
