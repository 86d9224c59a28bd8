/**
 * Guard: who may talk HTTP to us at all. A web page on any site can send requests to 127.0.0.1 from its visitor's browser:
 *
 *   DNS rebinding     the page's own name resolves to 127.0.0.1; the browser still sends that name in Host → allow-list.
 *   cross-site write  a form or fetch posts without asking first; the browser says whence → Origin, Sec-Fetch-Site.
 *
 * There is no CORS: no page of another site may read an answer either.
 */
import type { IncomingMessage } from 'node:http';
import { THROTTLED } from '../access/guess-limits.ts';
import { readAuthorization, tryPassword } from '../access/login.ts';
import type { Guest } from '../access/strangers.ts';
import type { ServerContext } from '../state/server-context.ts';

/** A request that is not served. `code` is for programs. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

const LOCAL_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

export class Guard {
  private readonly context: ServerContext;
  private readonly names: ReadonlySet<string>;

  /** `hosts`: names besides those of loopback that Host may bear, without port. */
  constructor(context: ServerContext, hosts: readonly string[]) {
    this.context = context;
    this.names = new Set([...LOCAL_NAMES, ...hosts.map((host) => host.toLowerCase())]);
  }

  /** Throws HttpRefusal for a Host we do not answer to and for requests from other sites' pages. */
  check({ headers, httpVersion }: IncomingMessage): void {
    if (headers.host === undefined && httpVersion === '1.1') {
      throw new HttpRefusal(400, 'NO_HOST', 'a request must name its Host');
    }
    if (headers.host === undefined || !this.isOurs(headers.host)) {
      throw new HttpRefusal(421, 'HOST', 'this server does not answer to that Host');
    }
    const { origin } = headers;
    const crossSite = headers['sec-fetch-site'] === 'cross-site' || headers['sec-fetch-site'] === 'same-site';
    if (crossSite || (origin !== undefined && !isSameOrigin(origin, headers.host))) {
      throw new HttpRefusal(403, 'ORIGIN', 'requests from other sites are refused');
    }
  }

  /**
   * Throws HttpRefusal unless a password, if one is needed, came along. Either will do: no route administers. Of `client` came
   * too many wrong ones: 429, and it is not looked at.
   */
  authenticate({ headers }: IncomingMessage, client: { readonly guest: Guest; readonly address: string }): void {
    if (!this.context.passwordRequired) return;
    const given = readAuthorization(headers.authorization ?? '');
    if (given === null) throw needsPassword();
    const guess = tryPassword(this.context, client.guest, client.address, given);
    if (guess === 'throttled') throw new HttpRefusal(429, 'THROTTLED', THROTTLED, { 'retry-after': '1' });
    if (guess === 'wrong') throw needsPassword();
  }

  private isOurs(host: string): boolean {
    return this.names.has(host.toLowerCase().replace(/:\d+$/, ''));
  }
}

function needsPassword(): HttpRefusal {
  return new HttpRefusal(401, 'UNAUTHENTICATED', 'a password is needed', { 'www-authenticate': 'Bearer' });
}

function isSameOrigin(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}
