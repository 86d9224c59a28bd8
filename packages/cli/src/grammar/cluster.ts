/** The cluster itself: status, chaos, reset-shard, revive, ping, info, completion. */
import { type Definer, examples, positiveDuration } from './define.ts';

export function defineClusterCommands(definer: Definer): void {
  defineStatus(definer);
  defineChaos(definer);
  defineRepair(definer);
}

function defineStatus(definer: Definer): void {
  const status = definer
    .command(
      'status',
      'Nodes and shards in a table. Exit code 5 if a shard lacks a copy or a node is full.',
      async () => (await import('../commands/status.ts')).status,
    )
    .aliases(['nodes', 'shards'])
    .option('-w, --watch', 'again and again, until Ctrl-C')
    .option('-i, --interval <duration>', 'how often', positiveDuration, 1_000);
  status.options.find((option) => option.long === '--interval')?.default(1_000, '1s');
  examples(status, [
    'kvctl status',
    'kvctl status --watch -i 200ms',
    'kvctl status --json | jq .shards[0].chain',
    'kvctl status > /dev/null && ./deploy',
  ]);
  const load = (): Promise<typeof import('../commands/server.ts')> => import('../commands/server.ts');
  examples(
    definer.command('ping', 'Ask the server for a sign of life.', async () => (await load()).ping),
    ['kvctl ping', 'kvctl localhost:1338 ping --timeout 1s'],
  );
  examples(
    definer.command('info [section]', 'The server’s INFO, as Redis has it.', async () => (await load()).info),
    ['kvctl info', 'kvctl info memory', 'kvctl info --json'],
  );
  examples(
    definer.command('completion <shell>', 'A completion script for bash, zsh or fish.', async () => {
      const { completion } = await import('../commands/completion.ts');
      return (context, args: [string]) => completion(context, args, definer.parent);
    }),
    ['source <(kvctl completion bash)', 'kvctl completion fish > ~/.config/fish/completions/kvctl.fish'],
  );
}

const FAULTS: readonly (readonly [string, string])[] = [
  ['kill', 'Terminate a node’s thread at once.'],
  ['crash', 'Make a node throw an uncaught error.'],
  ['exit', 'Make a node call process.exit.'],
  ['oom', 'Make a node allocate until its heap is full.'],
];

function defineChaos(definer: Definer): void {
  const chaos = definer.group('chaos', 'Hurt a node on purpose (needs a server started with --chaos).');
  const load = (): Promise<typeof import('../commands/chaos.ts')> => import('../commands/chaos.ts');
  for (const [fault, description] of FAULTS) {
    examples(
      chaos.command(`${fault} <node>`, description, async () => (await load()).chaosWithout(fault)),
      [`kvctl chaos ${fault} n3`],
    );
  }
  examples(
    chaos.command('hang <node> [duration]', 'Block a node’s thread for so long (1s; a bare number is ms).', async () =>
      (await load()).chaosWith('hang', 1_000),
    ),
    ['kvctl chaos hang n2', 'kvctl chaos hang n2 200ms'],
  );
  examples(
    chaos.command(
      'slow <node> [duration]',
      'Delay every turn of a node by so much (5ms; a bare number is ms); 0 ends it.',
      async () => (await load()).chaosWith('slow', 5),
    ),
    ['kvctl chaos slow n2 20ms', 'kvctl chaos slow n2 0'],
  );
  examples(chaos.parent, [
    'kvctl chaos kill n3',
    'kvctl chaos hang n1 500ms',
    'kvctl status --watch   # in another terminal',
  ]);
}

function defineRepair(definer: Definer): void {
  const load = (): Promise<typeof import('../commands/server.ts')> => import('../commands/server.ts');
  const reset = definer.command(
    'reset-shard <shard>',
    'Start a lost shard again, empty: what it held is gone.',
    async () => (await load()).resetShard,
  );
  examples(reset, ['kvctl status        # says which shards are lost', 'kvctl reset-shard 7']);
  const revive = definer.command(
    'revive <node>',
    'Start a node again that was stopped for crash-looping.',
    async () => (await load()).revive,
  );
  examples(revive, ['kvctl revive n3']);
}
