/**
 * Settings of Redis that clients, tools and monitors ask for and that can be nothing else here: what is so, by its name in
 * Redis. CONFIG SET of the same value is no error.
 */
export const FIXED_SETTINGS: Readonly<Record<string, string>> = {
  // There is no disk tier, no file and no second process.
  appendonly: 'no',
  appendfsync: 'everysec',
  appendfilename: '',
  daemonize: 'no',
  dbfilename: '',
  logfile: '',
  pidfile: '',
  save: '',
  'stop-writes-on-bgsave-error': 'no',
  supervised: 'no',
  unixsocket: '',
  // One server to its clients, whatever copies there are inside.
  'cluster-enabled': 'no',
  databases: '1',
  masterauth: '',
  masteruser: '',
  'min-replicas-to-write': '0',
  'min-slaves-to-write': '0',
  'replica-read-only': 'yes',
  'slave-read-only': 'yes',
  replicaof: '',
  slaveof: '',
  // One thread serves the clients. Beyond this machine it does not listen without a password.
  'io-threads': '1',
  'protected-mode': 'yes',
  'tcp-backlog': '511',
  'tcp-keepalive': '300',
  // Evicting samples so many; memory is given back as it is freed.
  'maxmemory-samples': '5',
  activedefrag: 'no',
  'lazyfree-lazy-eviction': 'no',
  'lazyfree-lazy-expire': 'no',
  'lazyfree-lazy-user-del': 'yes',
  'lazyfree-lazy-user-flush': 'yes',
  // Of types that are not offered: Redis's defaults, which change nothing.
  'hash-max-listpack-entries': '512',
  'hash-max-listpack-value': '64',
  'hash-max-ziplist-entries': '512',
  'hash-max-ziplist-value': '64',
  'list-compress-depth': '0',
  'list-max-listpack-size': '-2',
  'list-max-ziplist-size': '-2',
  'set-max-intset-entries': '512',
  'stream-node-max-bytes': '4096',
  'stream-node-max-entries': '100',
  'zset-max-listpack-entries': '128',
  'zset-max-listpack-value': '64',
  'zset-max-ziplist-entries': '128',
  'zset-max-ziplist-value': '64',
};
