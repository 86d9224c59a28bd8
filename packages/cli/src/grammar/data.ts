/** Keys and values: put, get, del, incr, cas, ttl, expire, persist, scan, watch. */
import { type Definer, examples, positiveDuration, version, whole } from './define.ts';

export function defineDataCommands(definer: Definer): void {
  defineReads(definer);
  defineWatch(definer);
  defineWrites(definer);
  defineExpiry(definer);
}

function defineReads(definer: Definer): void {
  const get = definer
    .command(
      'get <key>',
      'Print a value: quoted on a terminal, as it is in a pipe.',
      async () => (await import('../commands/get.ts')).get,
    )
    .option('--entry', 'also its kind, version and expiry');
  examples(get, [
    'kvctl get name',
    'kvctl get logo > logo.png',
    'kvctl get name --raw | wc -c',
    'kvctl get name --entry --json',
  ]);
  const scan = definer
    .command(
      'scan [prefix]',
      'List keys and values, in no order.',
      async () => (await import('../commands/scan.ts')).scan,
    )
    .aliases(['ls', 'list'])
    .option('--prefix <text>', 'only keys that begin with it')
    .option('--match <glob>', 'only keys that match, byte by byte: * ? [a-z] [^a] \\')
    .option('--limit <n>', 'stop after so many', whole(0))
    .option('--keys-only', 'no values')
    .option('--count', 'only how many there are')
    .option('--page <n>', 'keys fetched at a time', whole(1, 100_000), 256);
  examples(scan, [
    'kvctl ls city:CO: --limit 10',
    "kvctl scan --match 'user:[0-9]*' --keys-only",
    'kvctl scan --count --prefix city:',
  ]);
}

function defineWatch(definer: Definer): void {
  const watch = definer
    .command(
      'watch [key]',
      'Print every change of a key, of the keys with a prefix, or of all keys, until Ctrl-C.',
      async () => (await import('../commands/watch.ts')).watch,
    )
    .option('--prefix <text>', 'all keys that begin with it')
    .option('--from <position>', 'go on after a version of KEY, or after the position a watch told when it ended')
    .option('--count <n>', 'end after so many changes', whole(1))
    .option('--prev', 'also the value that was there before');
  examples(watch, [
    'kvctl watch name',
    'kvctl watch --prefix user: --json | jq -r .key',
    'kvctl watch config --count 1 && ./reload',
    'kvctl watch stock:7 --from 17   # every change after version 17',
  ]);
}

function defineWrites(definer: Definer): void {
  const put = definer
    .command(
      'put <key> [value]',
      'Store a value; from stdin without VALUE or with "-".',
      async () => (await import('../commands/put.ts')).put,
    )
    .alias('set')
    .option('--ttl <duration>', 'remove it after so long: 500ms, 30s, 2h, 7d', positiveDuration)
    .option('--keep-ttl', 'keep the expiry that is there (a put removes it otherwise)')
    .option('--if-absent', 'only if there is no such key')
    .option('--if-present', 'only if there is one')
    .option('--if-version <n>', 'only if it has this version (0: absent)', version)
    .option('--prev', 'print the value that was there')
    .option('--json-value', 'VALUE is JSON: store it structured');
  examples(put, [
    'kvctl put name luis',
    'kvctl put logo < logo.png',
    'kvctl put lock me --if-absent --ttl 30s || echo taken',
    'kvctl put city \'{"lat": 4.7}\' --json-value',
    'kvctl put flags -- --force  # after "--" a value may begin with dashes',
  ]);
  const cas = definer
    .command(
      'cas <key> <version> [value]',
      'Store a value only if the key still has this version (0: absent); from stdin without VALUE or with "-".',
      async () => (await import('../commands/put.ts')).cas,
    )
    .option('--ttl <duration>', 'remove it after so long', positiveDuration)
    .option('--keep-ttl', 'keep the expiry that is there')
    .option('--json-value', 'VALUE is JSON: store it structured');
  examples(cas, ['kvctl get name --entry', 'kvctl cas name 17 ana']);
  const incr = definer.command(
    'incr <key> [by]',
    'Add to a number (1 by default) and print it.',
    async () => (await import('../commands/keys.ts')).incr,
  );
  examples(incr, ['kvctl incr visits', 'kvctl incr stock -5', 'kvctl incr price 0.25']);
  const del = definer
    .command(
      'del <key...>',
      'Delete keys; prints how many there were.',
      async () => (await import('../commands/keys.ts')).del,
    )
    .aliases(['rm', 'delete'])
    .option('--if-version <n>', 'only if it has this version (one key)', version);
  examples(del, ['kvctl del name', 'kvctl ls tmp: --keys-only | xargs kvctl del']);
}

function defineExpiry(definer: Definer): void {
  const load = (): Promise<typeof import('../commands/keys.ts')> => import('../commands/keys.ts');
  examples(
    definer.command('ttl <key>', 'Time a key has left.', async () => (await load()).ttl),
    ['kvctl ttl session:17', 'kvctl ttl session:17 --json'],
  );
  examples(
    definer.command('expire <key> <duration>', 'Remove a key after so long.', async () => (await load()).expire),
    ['kvctl expire session:17 30m'],
  );
  examples(
    definer.command('persist <key>', 'Remove a key’s expiry.', async () => (await load()).persist),
    ['kvctl persist session:17'],
  );
}
