/**
 * Passwords: who may come in, and what for. There are two at most: one that may do everything, and one for programs that
 * read and write. Which of them was given is the session's role; which commands want which stands in the command table.
 *
 * Compares digests, both of them whatever is given, so that the time taken tells nothing of how much of a guess was right.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

/** `admin` may do everything; `user` everything but the commands of administration. Without a password everybody is `admin`. */
export type Role = 'admin' | 'user';

export class Passwords {
  /** Whether one is needed at all. */
  readonly required: boolean;
  private readonly admin: Buffer | null;
  private readonly user: Buffer | null;

  /** As one-byte text of their UTF-8: so they reach us, and so they are compared. */
  constructor(admin: string | undefined, user: string | undefined) {
    this.required = admin !== undefined;
    this.admin = admin === undefined ? null : digest(admin);
    this.user = user === undefined ? null : digest(user);
  }

  /** The role that a password gives, null if it is wrong. There is one name of a user, `default`, as in Redis. */
  roleOf(name: string, password: string): Role | null {
    if (name !== 'default') return null;
    if (this.admin === null) return 'admin';
    const given = digest(password);
    const isAdmin = timingSafeEqual(given, this.admin);
    const isUser = this.user !== null && timingSafeEqual(given, this.user);
    if (isAdmin) return 'admin';
    return isUser ? 'user' : null;
  }
}

function digest(password: string): Buffer {
  return createHash('sha256').update(password, 'latin1').digest();
}
