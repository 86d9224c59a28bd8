/**
 * Commands of Redis 7.0 that are not offered: who asks for one made no typing error, and is told where to read on. Also the
 * list for docs/commands.md. (test/introspection.test.ts: with the table these are all of Redis's names.)
 */

interface Missing {
  /** What they are about. */
  readonly about: string;
  /** What there is instead, for the page. */
  readonly instead: string;
  /** Names, apart by spaces. */
  readonly names: string;
}

export const NOT_OFFERED: readonly Missing[] = [
  {
    about: 'Hashes',
    instead: 'a key for each field, `user:1:name`; or a structured value, over HTTP and in the library',
    names:
      'hdel hexists hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hrandfield hscan hset hsetnx hstrlen hvals',
  },
  {
    about: 'Lists',
    instead: 'a key for each member under a prefix; `APPEND` for a log of bytes',
    names:
      'blmove blmpop blpop brpop brpoplpush lindex linsert llen lmove lmpop lpop lpos lpush lpushx lrange lrem lset ltrim ' +
      'rpop rpoplpush rpush rpushx',
  },
  {
    about: 'Sets',
    instead: 'a key for each member under a prefix',
    names:
      'sadd scard sdiff sdiffstore sinter sintercard sinterstore sismember smembers smismember smove spop srandmember srem ' +
      'sscan sunion sunionstore',
  },
  {
    about: 'Sorted sets and places',
    instead: '',
    names:
      'bzmpop bzpopmax bzpopmin zadd zcard zcount zdiff zdiffstore zincrby zinter zintercard zinterstore zlexcount zmpop ' +
      'zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex ' +
      'zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion zunionstore ' +
      'geoadd geodist geohash geopos georadius georadius_ro georadiusbymember georadiusbymember_ro geosearch geosearchstore',
  },
  {
    about: 'Streams',
    instead: '`QUINTET WATCH`: every change of a prefix once, resumable within the history kept',
    names: 'xack xadd xautoclaim xclaim xdel xgroup xinfo xlen xpending xrange xread xreadgroup xrevrange xsetid xtrim',
  },
  { about: 'HyperLogLog', instead: '', names: 'pfadd pfcount pfdebug pfmerge pfselftest' },
  {
    about: 'Scripts, functions and modules',
    instead: '`MULTI` with `WATCH`, of keys in any slots',
    names:
      'eval eval_ro evalsha evalsha_ro fcall fcall_ro script module function|delete function|dump function|kill function|list ' +
      'function|load function|restore function|stats',
  },
  {
    about: 'Sharded publish and subscribe, tracking',
    instead: '`PUBLISH` and `SUBSCRIBE`; keyspace events',
    names:
      'spublish ssubscribe sunsubscribe pubsub|shardchannels pubsub|shardnumsub client|caching client|tracking client|trackinginfo',
  },
  {
    about: 'Databases, dumps and sorting',
    instead: 'a prefix; `kvctl export` and `import`',
    names: 'move swapdb dump restore restore-asking migrate sort sort_ro',
  },
  { about: 'Access lists', instead: 'a password for everything and one without administration: `AUTH`', names: 'acl' },
  {
    about: 'Replication, and changing a cluster of servers',
    instead: 'replication inside needs no commands: `QUINTET STATUS`',
    names:
      'failover psync replconf replicaof slaveof sync cluster|addslots cluster|addslotsrange cluster|bumpepoch ' +
      'cluster|count-failure-reports cluster|delslots cluster|delslotsrange cluster|failover cluster|flushslots cluster|forget ' +
      'cluster|links cluster|meet cluster|replicas cluster|replicate cluster|reset cluster|saveconfig ' +
      'cluster|set-config-epoch cluster|setslot cluster|slaves',
  },
  {
    about: 'Looking inside',
    instead: '`INFO`, `MEMORY USAGE`, `QUINTET STATUS`',
    names: 'monitor lolwut memory|doctor memory|malloc-stats memory|stats command|getkeysandflags',
  },
];

const NAMES: ReadonlySet<string> = new Set(NOT_OFFERED.flatMap(({ names }) => names.split(' ')));

/** What is replied to a request for a command of Redis that is not offered; null for one that is none of Redis's. */
export function notOfferedText(args: readonly string[]): string | null {
  const container = args[0]!.toLowerCase();
  const name = NAMES.has(container) ? container : `${container}|${args[1]?.toLowerCase()}`;
  return NAMES.has(name) ? `ERR '${name}' is not offered by Quintet: see docs/commands.md` : null;
}
