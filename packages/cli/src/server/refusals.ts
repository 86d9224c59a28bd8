/**
 * Refusals: what ioredis and the server say when something fails, turned into Failures with an exit code and a hint.
 */
import { EXIT, Failure } from '../failure.ts';
import { describeTarget, type Target } from './target.ts';

/** Hints by what the reply says: the first word tells too little, because Redis says ERR to most things. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^NOPERM/, 'that is administration: it takes the server’s other password'],
  [/^NOAUTH/, 'the server wants a password: set KVCTL_PASSWORD'],
  [/^WRONGPASS|invalid password|without any password|AUTH/, 'is KVCTL_PASSWORD (or the URL’s password) the server’s?'],
  [/chaos is not allowed|CHAOS_DISABLED/, 'start the server with: kvctl serve --chaos'],
  [/no such node|UNKNOWN_NODE/, 'list the nodes with: kvctl status'],
  [/no such shard|UNKNOWN_SHARD/, 'list the shards with: kvctl status'],
  [/only a lost shard/, 'see which shards are lost with: kvctl status'],
  [/^CLUSTERDOWN/, 'see kvctl status; kvctl reset-shard N starts a lost shard again, empty'],
  [/^OOM/, 'a node is at its --max-memory: delete something, or serve with more memory or --eviction allkeys-lru'],
  [/^BUSY/, 'the server has too much to do: try again'],
  [/string exceeds maximum|invalid bulk length/, 'the longest value is set with: kvctl serve --max-value'],
  [/key exceeds maximum/, 'a key may have 64 KB'],
  [/not an integer/, 'look at the value with: kvctl get KEY; to a fraction add one: kvctl incr KEY 1.0'],
  [/not a valid float/, 'look at the value with: kvctl get KEY'],
  [/unknown command.*quintet/i, 'is it a Quintet server? Only Redis’s own commands work on another'],
];

/** Refused before anything was done, and for a reason that passes. */
const PASSING = /^(BUSY|LOADING|TRYAGAIN)\b|the operation had not been sent/;

/** It may be started, or reached, later; a name or a certificate stays what it is. */
const PASSING_LOSS: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

export function isRetryable(failure: Failure): boolean {
  return isConnectionLoss(failure) || (failure.exitCode === EXIT.server && PASSING.test(failure.reply ?? ''));
}

export function isConnectionLoss(failure: Failure): boolean {
  return failure.exitCode === EXIT.unreachable || failure.exitCode === EXIT.timeout;
}

/** An error reply, such as `OOM command not allowed` or `ERR there is no such node`. */
export function replyFailure(reply: string): Failure {
  const [, code = 'ERR', text = reply] = /^([A-Z][A-Z0-9_]+) (.*)$/s.exec(reply) ?? [];
  const hint = HINTS.find(([pattern]) => pattern.test(reply))?.[1];
  const retryable = PASSING.test(reply) || code === 'OOM';
  const outcome = /outcome unknown/.test(reply) ? 'unknown' : 'not-applied';
  return new Failure(EXIT.server, code === 'ERR' ? text : `${text} (${code})`, {
    code,
    hint,
    reply,
    retryable,
    outcome,
  });
}

export function noConnection(target: Target, cause: NodeJS.ErrnoException | undefined): Failure {
  const where = describeTarget(target);
  const untrusted = 'trust its certificate with --tls-ca FILE';
  const hints: Readonly<Record<string, string>> = {
    DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
    SELF_SIGNED_CERT_IN_CHAIN: untrusted,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
    ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name: call the server by that',
    ECONNREFUSED: `is a server running there? Start one with: kvctl serve --port ${target.port}`,
    ENOTFOUND: 'is the host name right?',
    EAI_AGAIN: 'is the host name right?',
    ETIMEDOUT: 'is the address right, and is a firewall in between?',
  };
  const code = cause?.code ?? (/ETIMEDOUT/.test(cause?.message ?? '') ? 'ETIMEDOUT' : undefined);
  return new Failure(EXIT.unreachable, `cannot connect to ${where}${code === undefined ? '' : ` (${code})`}`, {
    code,
    cause,
    retryable: PASSING_LOSS.has(code ?? ''),
    outcome: 'not-applied',
    hint: hints[code ?? ''] ?? `try: kvctl --url HOST:PORT ping`,
  });
}

/** Anything a command on an open connection may be rejected with. */
export function commandFailure(error: unknown, target: Target, timeoutMs: number): Failure {
  if (error instanceof Failure) return error;
  const { name, message } = error as Error;
  if (name === 'ReplyError') return replyFailure(message);
  if (/command timed out/i.test(message)) {
    const hint = 'wait longer with --timeout 30s; if it was a write, it may still be applied';
    return new Failure(EXIT.timeout, `no answer from ${describeTarget(target)} within ${timeoutMs} ms`, { hint });
  }
  return new Failure(EXIT.unreachable, `lost the connection to ${describeTarget(target)}`, {
    cause: error,
    hint: 'a write under way may or may not have been applied',
  });
}
