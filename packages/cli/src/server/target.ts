/**
 * Target: which server, from (strongest first) `HOST:PORT` as the first argument or --url, --host and --port, KVCTL_URL,
 * and the default 127.0.0.1:1338. A password comes from the URL, KVCTL_PASSWORD, QUINTET_PASSWORD or the file that
 * QUINTET_PASSWORD_FILE names (the server's own, so that a container and its health check need but one); there is no flag
 * for it, because everyone on the machine can read a command line. (One in a URL is
 * taken out of it: bin/kvctl.js.)
 */
import { usageFailure } from '../failure.ts';
import { readPassword, readText } from '../serve/resolve.ts';

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 1338;

export interface Target {
  host: string;
  port: number;
  username?: string;
  password?: string;
  /** Speak TLS; `ca` (PEM) instead of the authorities that Node trusts, `cert` and `key` for a server that asks for them. */
  tls?: { ca?: string; cert?: string; key?: string };
}

export interface TargetOptions {
  url?: string | undefined;
  host?: string | undefined;
  port?: number | undefined;
  tlsCa?: string | undefined;
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
}

export function resolveTarget(options: TargetOptions, env: Readonly<Record<string, string | undefined>>): Target {
  const url = options.url ?? (options.host === undefined && options.port === undefined ? env.KVCTL_URL : undefined);
  const fromUrl = url === undefined || url === '' ? {} : parseUrl(url);
  const target: Target = {
    host: options.host ?? fromUrl.host ?? DEFAULT_HOST,
    port: options.port ?? fromUrl.port ?? DEFAULT_PORT,
  };
  const password = fromUrl.password ?? passwordOf(env);
  if (fromUrl.username !== undefined) target.username = fromUrl.username;
  if (password !== undefined) target.password = password;
  const tls = tlsOf(options) ?? fromUrl.tls;
  if (tls !== undefined) target.tls = tls;
  return target;
}

function tlsOf({ tlsCa, tlsCert, tlsKey }: TargetOptions): Target['tls'] {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw usageFailure('--tls-cert and --tls-key go together');
  if (tlsCa === undefined && tlsCert === undefined) return undefined;
  return {
    ...(tlsCa === undefined ? {} : { ca: readText(tlsCa, 'the certificate') }),
    ...(tlsCert === undefined ? {} : { cert: readText(tlsCert, 'the certificate') }),
    ...(tlsKey === undefined ? {} : { key: readText(tlsKey, 'the key') }),
  };
}

function passwordOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const given = [env.KVCTL_PASSWORD, env.QUINTET_PASSWORD].find((text) => (text ?? '') !== '');
  const file = env.QUINTET_PASSWORD_FILE ?? '';
  return given ?? (file === '' ? undefined : readPassword(file));
}

/** `redis://[user[:password]@]host[:port]`, the same with `rediss` (TLS), or just `host:port`. */
export function parseUrl(text: string): Partial<Target> {
  const hint = 'write redis://host:1338 or host:1338';
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `redis://${text}`;
  const shown = withoutPasswords(text);
  if (!URL.canParse(withScheme)) throw usageFailure(`"${shown}" is no address`, hint);
  const url = new URL(withScheme);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    throw usageFailure(`cannot speak ${url.protocol}// (only redis:// and rediss://)`, hint);
  }
  if (url.hostname === '') throw usageFailure(`"${shown}" names no host`, hint);
  if (!['', '/', '/0'].includes(url.pathname)) {
    throw usageFailure(`"${shown}" names a database, and there is but one, 0`, hint);
  }
  const parsed: Partial<Target> = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || DEFAULT_PORT),
  };
  if (url.protocol === 'rediss:') parsed.tls = {};
  if (url.username !== '') parsed.username = decodeURIComponent(url.username);
  if (url.password !== '') parsed.password = decodeURIComponent(url.password);
  return parsed;
}

/** Text that may hold addresses, as an error may tell it. */
export function withoutPasswords(text: string): string {
  return text.replace(/((?:^|[\s'"/])[^\s'"/@:]*):[^\s'"@]+@/g, '$1:(redacted)@');
}

const ADDRESS = /^(?:rediss?:\/\/\S+|(?:[\w.-]+|\[[0-9a-f:.]+\]):\d{1,5})$/i;

/** `kvctl localhost:1338 put name luis` means `kvctl --url localhost:1338 put name luis`: the form lplazas/kv-store has. */
export function addressFirst(argv: readonly string[]): string[] {
  const [first, ...rest] = argv;
  return first !== undefined && ADDRESS.test(first) ? ['--url', first, ...rest] : [...argv];
}

export function describeTarget(target: Target): string {
  return target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}
