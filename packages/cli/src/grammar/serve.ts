/** kvctl serve: options of the cluster and of the server in front of it. */
import { Option } from 'commander';
import { type Definer, examples, positiveDuration, size, whole } from './define.ts';

export function defineServe(definer: Definer): void {
  const serve = definer
    .command(
      'serve',
      'Start a cluster and serve it on --host and --port (127.0.0.1:1338), until Ctrl-C. Beyond this machine it wants a password: KVCTL_PASSWORD.',
      async () => (await import('../commands/serve.ts')).serve,
    )
    .option('-n, --nodes <n>', 'worker threads that hold data', whole(1, 64), 5)
    .option('-s, --shards <n>', 'parts the keys are spread over', whole(1, 16_384), 10)
    .option('-r, --replicas <n>', 'copies of each shard besides its primary', whole(0, 63), 1)
    .option('-m, --max-memory <size>', 'data a node may hold: 512mb, 2gb (default: unlimited)', size)
    .addOption(
      new Option('--eviction <policy>', 'what a full node does')
        .choices(['noeviction', 'allkeys-lru'])
        .default('noeviction'),
    )
    .option('--max-value <size>', 'longest value (default: 16mb)', size)
    .option('--max-clients <n>', 'connections at a time', whole(1, 1_000_000), 10_000)
    .option('--hang-limit <duration>', 'a node silent for so long is dead (default: 500ms)', positiveDuration)
    .option('--chaos', 'allow kvctl chaos')
    .addOption(
      new Option('--log-level <level>', 'events on stderr')
        .choices(['silent', 'error', 'warn', 'info', 'debug'])
        .default('info'),
    );
  examples(serve, [
    'kvctl serve --chaos',
    'kvctl serve --port 7000 --nodes 7 --replicas 2 --max-memory 512mb --eviction allkeys-lru',
    'KVCTL_PASSWORD=secret kvctl serve --host 0.0.0.0',
  ]);
}
