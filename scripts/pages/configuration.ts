/**
 * Writes docs/configuration.md: the settings of `kvctl serve` from their table, and what else its operator should know.
 *
 *   node --conditions=source --import tsx scripts/pages/configuration.ts [--check]
 *
 * --check  writes nothing; exit code 1 if the page is not what the table says
 */
import { defaultText, SETTINGS, type Setting, variableOf } from '../../packages/cli/src/serve/settings.ts';
import { DEFAULT_LIMITS } from '../../packages/server/src/listen/limits.ts';
import { table, writeOrCheck } from './page.ts';

const SOURCES = `# Configuration of the server

\`kvctl serve\` takes each setting from the first of these that has it:

1. the flag: \`--max-memory 512mb\`
2. the environment variable: \`QUINTET_MAX_MEMORY=512mb\`
3. the file of \`--config FILE\` (or \`QUINTET_CONFIG\`): \`"max-memory": "512mb"\`
4. the default

The file is a JSON object whose keys are the flags' names:

\`\`\`json
{
  "host": "0.0.0.0",
  "password-file": "/run/secrets/quintet",
  "replicas": 2,
  "max-memory": "512mb",
  "eviction": "allkeys-lru",
  "http-hosts": ["cache.example"]
}
\`\`\`

An unknown key, an unknown variable that begins with \`QUINTET_\`, and a value that cannot be read end the start with exit code 2 and
a text that says where it stands. Variables that Kubernetes adds for a service called \`quintet\` are ignored. Sizes are
\`64kb\`, \`512mb\`, \`2gb\` (counted by 1024); durations \`500ms\`, \`30s\`, \`1m30s\`, a bare number is seconds. \`chaos\`, \`open\` and
\`tls-only\` are on with \`true\`, \`yes\` or \`1\`. An empty variable counts as not set.

`;

const OPERATION = `
\`replicas\` must be less than \`nodes\` (at most 64). \`max-memory\` is at least 1mb, or 0 for no limit; \`allkeys-lru\` needs it.
\`read-cache\` is at most the memory of the machine, and 16gb.
\`max-value\` is at most 511mb, \`hang-limit\` from 50ms to 1h, \`idle-timeout\` is rounded up to whole seconds.

## Passwords

The password is the content of \`password-file\` (its last line end does not count) or of \`QUINTET_PASSWORD\` (both at once are refused),
or else of \`KVCTL_PASSWORD\`. The client commands of kvctl read both variables too, \`KVCTL_PASSWORD\` first, and the file that
\`QUINTET_PASSWORD_FILE\` names. There is no flag for it: everybody on a machine can read command lines.

Without a password the server listens on this machine only. \`open\` (\`QUINTET_OPEN=yes\`) lets it listen to others without one: for a
network that nobody else is on, such as one of containers. The log warns of that at the start; it is refused together with \`chaos\`, and
has no effect if there is a password.

With a password, a connection of any protocol (health probes too) that has not given it

- is closed after \`loginMs\`, and has 64 KB of requests and 64 KB of replies at most;
- is closed first when clients hold too much memory, and the oldest such one makes room for a new connection when there are \`max-clients\`.

Wrong passwords are counted for each address (an IPv4 address, or the /64 of an IPv6 one; loopback counts as an address): 20 at once and one
a second after that; and 200 at once and 20 a second for all addresses that have not logged in before. Beyond that a password is not compared
at all, so the right one is refused too until a second has passed: \`THROTTLED\` over RESP, status 429 over HTTP, \`RESOURCE_EXHAUSTED\` over
gRPC. HTTP and gRPC connections that have given the right password, and never a wrong one, are exempt.

A second one, the content of \`user-password-file\` or of \`QUINTET_USER_PASSWORD\`, is for programs: given in the same way (AUTH, HELLO,
HTTP, gRPC; also as user \`default\`), it reads and writes, and commands of administration are refused with \`NOPERM\`: SHUTDOWN, CONFIG,
FLUSHALL, FLUSHDB, SLOWLOG, DEBUG, CLIENT LIST, KILL, PAUSE, UNPAUSE, QUINTET CHAOS, RESET, REVIVE and whatever else
[commands.md](commands.md) marks \`admin\`. It can only be set beside the first, and must differ from it.

## TLS

With \`tls-cert\` and \`tls-key\` the port speaks TLS (1.2 and later; the server's order of ciphers counts) to clients that begin a handshake.
\`tls-only\` refuses all others. So does \`tls-ca\`, and each client must show a certificate that this authority has signed (directly, or
through intermediate certificates that it sends along); it does not replace a password. kvctl shows one with \`--tls-cert\` and \`--tls-key\`.

## The log

One event a line, on stderr: text on a terminal, JSON otherwise (pino; \`log-format\`). \`event\` is a name that stays the same between
releases, \`level\` its severity, \`at\` when it happened in the cluster (ms since 1970); the other fields are its details.

\`\`\`
{"level":"warn","time":"2026-01-31T12:03:04.123Z","event":"node-down","at":1769860984123,"node":"n3#1","reason":"killed","detail":"killed on command","msg":"node down"}
12:03:04.123 warn: node-down node=n3#1 reason=killed detail=killed on command
\`\`\`

${table(
  ['event', 'level', 'what happened'],
  [
    ['`starting`, `listening`', 'info', 'with the settings that are not defaults; with the address'],
    [
      '`node-up`, `node-down`',
      'info, warn',
      'a node took its seat; one died: `reason` is killed, crashed, exited, hung …',
    ],
    ['`open-to-everybody`', 'warn', 'it listens beyond this machine and there is no password'],
    ['`promoted`', 'info', 'a replica took over as primary of `shard`'],
    ['`redundancy-restored`', 'info', 'every shard has all its copies again, `tookMs` after the first death'],
    [
      '`shard-lost`, `shard-restored`, `shard-reset`',
      'error, info, warn',
      'every copy is gone; it has all copies; it was started again, empty',
    ],
    [
      '`node-backing-off`, `node-stopped`',
      'warn, error',
      'the nodes of a seat keep crashing; no further start until `kvctl revive`',
    ],
    [
      '`memory-full`, `memory-freed`',
      'warn, info',
      'a node has no room: writes that need some are refused; that is over',
    ],
    ['`learner-started`, `learner-joined`', 'debug', 'a copy is being made; it is in sync'],
    ['`login-refused`', 'warn', 'a wrong password, or none where one is needed: `protocol`, `address`'],
    ['`connection-refused`', 'warn', 'there were `max-clients` connections'],
    ['`request-refused`', 'warn', 'HTTP with a foreign Host or Origin: perhaps an attack through a browser'],
    [
      '`client-cut-off`',
      'warn, info',
      'the server ended a connection: `reason` is output-limit, client-memory, not-authenticated, too-many-wrong-passwords, ' +
        'displaced, costly-patterns, protocol-error, cross-protocol, handshake, plaintext, client-certificate, bug; or (info) idle, gone, killed, shutdown',
    ],
    ['`accept-failed`', 'warn', 'a connection could not be accepted: no file handles left'],
    ['`keyspace-events-missed`', 'warn', 'keyspace events did not reach their subscribers'],
    ['`server-bug`, `crashed`', 'error, fatal', 'a bug: please report it with `err`'],
    [
      '`stopping`, `closing`, `closing-slowly`, `closed`, `stopped`',
      'info; slowly: warn',
      'shutdown, with the number of open connections',
    ],
  ],
)}
Clients can cause events, so at most five of each kind are logged one by one in ten seconds; how many more there were is logged after that
(\`more\`). In names and keys that clients chose, control characters and characters that reverse text are escaped (\`\\u001b\`), in text and in
JSON. No line contains a password.

## Stopping

SIGTERM, SIGINT and the command SHUTDOWN stop it in order: no new connections, no further requests; requests in flight are answered;
clients have \`close-timeout\` to read their replies; then connections are closed and the nodes end. Exit code 0. A second signal
ends the process at once.

## Limits of one client

Redis clients see some of them in \`CONFIG GET\`. In the library they are the option \`limits\` of \`startServer\`.

`;

const LIMITS: readonly (readonly [name: keyof typeof DEFAULT_LIMITS, meaning: string])[] = [
  ['requestArguments', 'arguments of one request'],
  ['bulkBytes', 'bytes of one argument; `max-value` if that is more'],
  ['requestBytes', 'bytes of one request'],
  ['lineBytes', 'bytes of an inline request'],
  ['pendingOperations', 'operations in flight, then its socket is not read'],
  ['pendingBytes', 'bytes of requests in flight, then its socket is not read'],
  ['outputSoftBytes', 'unsent bytes, then none of its further commands is started, and its socket is not read'],
  [
    'outputHardBytes',
    'unsent bytes of a subscriber, then it is cut off: at once at four times this, else after ten seconds',
  ],
  [
    'outputStallMs',
    'ms in which it reads nothing while half of `outputSoftBytes` are queued, then it is cut off: `stall-timeout`',
  ],
  ['replyBytes', 'bytes of one reply, and of those of one EXEC; longer ones are refused: `max-reply`'],
  ['namesPerClient', 'keys under WATCH, and subscriptions'],
  ['clientsBytes', 'bytes that all connections together may hold: `client-memory`'],
  ['watchBytes', 'bytes of changes queued for one watcher (QUINTET WATCH, /v1/watch) until it reads them'],
  ['transactionSteps', 'commands and conditions of one MULTI, keys of one MSET or DEL'],
  ['transactionBytes', 'bytes of their keys and values'],
  ['patternBytes', 'bytes of a glob pattern'],
  ['clientNameBytes', 'bytes of its name'],
  ['firstLineMs', 'ms for its first line, and for a TLS handshake'],
  ['loginMs', 'ms until it must have given the password, in any protocol'],
  ['httpHeadMs', 'ms for the head of an HTTP request'],
  ['httpRequestMs', 'ms for all of an HTTP request'],
  ['idleSeconds', 's of silence after which it is ended, 0: never: `idle-timeout`'],
  ['closeMs', 'ms for its last replies during shutdown: `close-timeout`'],
];

function settingRow(setting: Setting<unknown>): string[] {
  const { name, argument, help } = setting;
  return [`\`${name}\``, `\`${variableOf(setting)}\``, argument === undefined ? 'off' : defaultText(setting), help];
}

const settings = table(['setting', 'variable', 'default', 'meaning'], Object.values(SETTINGS).map(settingRow));
const limits = table(
  ['limit', 'default', 'meaning'],
  LIMITS.map(([name, meaning]) => [`\`${name}\``, DEFAULT_LIMITS[name].toLocaleString('en'), meaning]),
);
writeOrCheck('configuration.md', SOURCES + settings + OPERATION + limits);
