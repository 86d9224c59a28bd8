/** kvctl serve: its options, from the table of settings. */
import { InvalidArgumentError, Option } from 'commander';
import type { Flags } from '../serve/resolve.ts';
import { defaultText, SETTINGS, type Setting, type SettingKey, variableOf } from '../serve/settings.ts';
import { BadQuantity } from '../text/quantities.ts';
import { type Definer, examples } from './define.ts';

/** Options of all of kvctl, which serve means in its own way. */
const GLOBAL: ReadonlySet<SettingKey> = new Set<SettingKey>(['host', 'port', 'tlsCa', 'tlsCert', 'tlsKey']);

const SOURCES = `
A setting comes from its flag, else from its variable (QUINTET_MAX_MEMORY for --max-memory), else from the file of
--config (or QUINTET_CONFIG), else it has its default. The file is a JSON object of the flags' names:

  { "port": 7000, "replicas": 2, "max-memory": "512mb", "eviction": "allkeys-lru", "log-level": "warn" }

The password is QUINTET_PASSWORD (or KVCTL_PASSWORD), or stands in the file of --password-file; there is no flag for it,
because everybody can read a command line. Without one it listens on this machine only. A second one, QUINTET_USER_PASSWORD
or the file of --user-password-file, is for programs that read and write: commands of administration are refused to it.

With --tls-cert and --tls-key it also speaks TLS, on the same port; with --tls-only nothing else; with --tls-ca nothing else, and
each client must show a certificate that this authority has signed. Their variables are QUINTET_TLS_CERT, QUINTET_TLS_KEY and QUINTET_TLS_CA.

stdout gets one line when it is ready, stderr the log: an event a line. SIGTERM and SIGINT (Ctrl-C) stop it in order: no new
connections, what was asked is answered, clients have --close-timeout to read it. A second one stops it at once.`;

export function defineServe(definer: Definer): void {
  const serve = definer.command(
    'serve',
    'Start a cluster and serve it on --host and --port (127.0.0.1:1338), until Ctrl-C.',
    async () => {
      const { serve: run } = await import('../commands/serve.ts');
      return (context, args: [], flags: Record<string, unknown>) => {
        const { host, port, tlsCa, tlsCert, tlsKey } = definer.parent.opts<Flags>();
        return run(context, args, { ...flags, host, port, tlsCa, tlsCert, tlsKey });
      };
    },
  );
  serve.option('-c, --config <file>', 'JSON file with settings (env: QUINTET_CONFIG)');
  for (const [key, setting] of Object.entries(SETTINGS)) {
    if (!GLOBAL.has(key as SettingKey)) serve.addOption(optionOf(setting));
  }
  examples(serve, [
    'kvctl serve --chaos',
    'kvctl serve --port 7000 --nodes 7 --replicas 2 --max-memory 512mb --eviction allkeys-lru',
    'kvctl serve --config /etc/quintet.json --log-format json',
    'QUINTET_PASSWORD=secret kvctl serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem',
  ]);
  serve.addHelpText('after', SOURCES);
}

function optionOf(setting: Setting<unknown>): Option {
  const { name, short, argument, help } = setting;
  const dashes = short === undefined ? `--${name}` : `-${short}, --${name}`;
  const flags = argument === undefined ? dashes : `${dashes} ${argument}`;
  const default_ = argument === undefined ? '' : `default: ${defaultText(setting)}, `;
  const option = new Option(flags, `${help} (${default_}env: ${variableOf(setting)})`);
  return argument === undefined ? option : option.argParser((text: string) => checked(setting, text));
}

function checked({ parse }: Setting<unknown>, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof BadQuantity) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
