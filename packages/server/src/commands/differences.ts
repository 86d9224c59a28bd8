/**
 * Where a command does otherwise than Redis 7.0, in words for docs/commands.md. A command that is not here answers byte for
 * byte what Redis answers (test/differential.test.ts holds us to that for those that random requests can reach).
 */

const LONGEST = 'A string has at most `--max-value` bytes (16 MB), not 512 MB.';
const FIELDS = 'At most 16,384 fields at once.';
const FARTHEST = 'Deadlines beyond 2^53 − 1 ms count as that.';
const EACH_BY_ITSELF = 'Reads each key by itself, not all at one instant; inside of MULTI, at one.';
const SHARD_BY_SHARD = 'Goes shard by shard, not at one instant.';
const PATTERNS = 'A pattern has at most 4 KB, and one that takes too long to match is refused.';
const COSTLY_PATTERNS =
  'A pattern has at most 4 KB. If comparing all patterns with a channel takes a PUBLISH more than 8 million steps (some 20 ms), ' +
  'the clients whose patterns took more than an equal share lose their connection (`costly-patterns` in the log).';
const GUESSES =
  'A wrong password keeps its connection waiting 100 ms; after 20 the connection is ended. Of one address 20 wrong ones are ' +
  'taken at once and one a second after that, of all together 200 and 20 a second; beyond it none is compared, not even a ' +
  'right one: `THROTTLED`.';
const NO_EVENTS = 'No latency events are recorded, so there are none to show.';
const NO_DISK = 'Refused: data lives in memory only.';
const NOTHING = 'Does nothing: ';

/** By full name (`object|freq`); what stands at a container holds for all of its subcommands. */
export const DIFFERENCES: ReadonlyMap<string, string> = new Map([
  ['set', FARTHEST],
  ['getex', FARTHEST],
  ['expireat', FARTHEST],
  ['pexpireat', FARTHEST],
  ['append', LONGEST],
  ['setrange', LONGEST],
  ['setbit', LONGEST],
  ['getbit', LONGEST],
  ['bitop', 'Refused if it would have to look at more than 64 MB of source strings.'],
  ['bitfield', `${LONGEST} ${FIELDS}`],
  ['bitfield_ro', `${LONGEST} ${FIELDS}`],
  [
    'incrbyfloat',
    'Adds decimals of up to 20 digits before and 17 behind the point exactly, where Redis has 64 bits of mantissa; others with 53 bits, and nothing is above 1.8e308.',
  ],
  [
    'lcs',
    'Refused if the product of the lengths is above 16 M. Made in slices of 4 ms, so that other clients are served meanwhile.',
  ],
  ['mget', EACH_BY_ITSELF],
  ['exists', EACH_BY_ITSELF],
  ['touch', EACH_BY_ITSELF],
  ['mset', 'At most 16,384 keys and 32 MB at once.'],
  ['msetnx', 'At most 16,384 keys and 32 MB at once.'],
  ['del', 'At most 16,384 keys at once.'],
  ['unlink', 'The same as DEL: nothing here blocks.'],
  ['type', 'There are strings only.'],
  ['copy', 'There is one database: DB 0.'],
  ['keys', `${SHARD_BY_SHARD} Refused if the names come to more than 64 MB. ${PATTERNS}`],
  ['scan', `A call ends early at 4 MB of names. ${PATTERNS}`],
  ['randomkey', 'Fast, not perfectly even.'],
  ['object|encoding', 'Derived from the value alone: `int`, `embstr` or `raw` as Redis would store it on a new SET.'],
  ['object|refcount', 'Always 1.'],
  ['object|freq', "Always Redis's error for a policy without frequencies."],
  [
    'object|idletime',
    'May be more than true after the node that answered the reads has died, and inside of MULTI, where reads from outside ' +
      'of a MULTI do not count.',
  ],
  ['memory|usage', 'An estimate for one copy; SAMPLES changes nothing.'],
  [
    'exec',
    'Atomic over all shards. Commands on all keys (FLUSHALL, DBSIZE, KEYS, SCAN, RANDOMKEY, WAIT) cut it into parts, each ' +
      'atomic. At most 16,384 keys and 32 MB.',
  ],
  ['multi', 'Short of memory, it refuses to queue commands that need some, where Redis refuses all.'],
  ['watch', 'A key that is absent again is as absent as before, whatever it was meanwhile.'],
  ['psubscribe', COSTLY_PATTERNS],
  ['pubsub|channels', PATTERNS],
  ['publish', 'Never refused for what others subscribed to: subscribers of the channel come first, see PSUBSCRIBE.'],
  ['auth', GUESSES],
  ['select', 'There is one database: 0.'],
  ['readonly', `${NOTHING}reads are linearizable wherever they are served.`],
  ['readwrite', `${NOTHING}the counterpart of READONLY.`],
  ['asking', `${NOTHING}no slot ever moves to another server.`],
  ['client|setname', 'At most 1,024 bytes.'],
  ['client|setinfo', 'As in Redis 7.2.'],
  ['client|no-touch', 'As in Redis 7.2.'],
  ['client|list', 'Each client once. With `lib-name` and `lib-ver` of Redis 7.2. Buffers are those of this server.'],
  ['client|info', 'See CLIENT LIST.'],
  ['client|getredir', 'Always -1: there is no tracking.'],
  ['client|pause', 'Pauses RESP clients, not HTTP and gRPC.'],
  ['client|unblock', 'For WAIT and QUINTET WATCH. A client that waits for the end of a CLIENT PAUSE keeps waiting.'],
  [
    'config',
    'Knows the settings that clients and tools ask for. Can change: maxclients, maxmemory, maxmemory-policy, timeout, ' +
      'notify-keyspace-events, slowlog-log-slower-than, slowlog-max-len, and latency-monitor-threshold, without effect.',
  ],
  [
    'config|get',
    '`requirepass` is never shown: `********` where there is a password. `tls-port` is the port, where TLS is spoken. Thresholds ' +
      "of types that are not offered are Redis's defaults.",
  ],
  [
    'config|set',
    '`maxmemory` is what all nodes together may hold, copies included, as `used_memory` counts: each gets an equal part (so it ' +
      'is nodes × `--max-memory`). Policies are noeviction and allkeys-lru. OK means that every node works by it. A restarted ' +
      'server has what it is started with.',
  ],
  ['config|rewrite', 'Refused: kvctl serve --config reads a file and never writes it.'],
  ['dbsize', `Counts entries past their deadline until they are removed. ${SHARD_BY_SHARD}`],
  ['flushall', SHARD_BY_SHARD],
  ['flushdb', SHARD_BY_SHARD],
  [
    'info',
    'The fields that tools look for, and a section `quintet`. `used_memory` is what the nodes hold. ' +
      '`rdb_changes_since_last_save` counts since the start; an emptied shard counts as one change. `keyspace_hits` and ' +
      '`keyspace_misses` count the reads of all clients, HTTP, gRPC and the library included; RENAME, COPY, MSETNX, BITFIELD, ' +
      'MEMORY USAGE and WATCH count the keys they look at.',
  ],
  ['function', 'There are no functions; FLUSH is there because test suites begin with it.'],
  ['slowlog', 'Times include waiting for nodes: that is what a client feels.'],
  [
    'latency|histogram',
    'Times are from the beginning of a command to its reply, and coarse: one clock reading per turn.',
  ],
  ['latency|latest', NO_EVENTS],
  ['latency|history', NO_EVENTS],
  ['latency|reset', NO_EVENTS],
  ['latency|doctor', NO_EVENTS],
  ['latency|graph', NO_EVENTS],
  ['debug|sleep', 'Only this connection sleeps.'],
  ['debug|log', `${NOTHING}there is no log file.`],
  ['role', 'Always a master without replicas: the copies inside are no servers a client could talk to.'],
  [
    'wait',
    'Acknowledged writes are on every in-sync copy already. Waits until every shard has so many replicas in sync, and answers ' +
      'the fewest of any shard.',
  ],
  ['shutdown', 'Asks the process to close the server and the cluster in order; SAVE and NOSAVE are the same.'],
  ['save', NO_DISK],
  ['bgsave', NO_DISK],
  ['bgrewriteaof', NO_DISK],
  ['lastsave', 'When the server began.'],
  [
    'cluster',
    'One node, this port, has all 16,384 slots, at the address the client came in by; the engine behind it routes by itself, ' +
      'so there are no redirections and no CROSSSLOT.',
  ],
  ['command|docs', 'Without complexity, history and what replaces a command.'],
  ['command|info', 'Of flags and categories those that mean something here.'],
]);
