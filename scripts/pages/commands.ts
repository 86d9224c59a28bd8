/**
 * Writes docs/commands.md from the server's table of commands.
 *
 *   node --conditions=source --import tsx scripts/pages/commands.ts [--check]
 *
 * --check  writes nothing; exit code 1 if the page is not what the table says
 */
import type { Command, CommandGroup } from '../../packages/server/src/command/command.ts';
import { DIFFERENCES } from '../../packages/server/src/commands/differences.ts';
import { NOT_OFFERED } from '../../packages/server/src/commands/not-offered.ts';
import { COMMANDS } from '../../packages/server/src/commands/table.ts';
import { table, writeOrCheck } from './page.ts';

const GROUPS: Readonly<Record<CommandGroup, string>> = {
  string: 'Strings',
  bitmap: 'Bits',
  generic: 'Keys',
  transactions: 'Transactions',
  pubsub: 'Publish and subscribe',
  connection: 'Connections',
  server: 'The server',
  cluster: 'Clusters, as cluster clients see us',
  scripting: 'Scripting',
  quintet: 'Our own',
};

const INTRODUCTION = `# Commands

The commands of a Quintet server over the Redis protocol (RESP2 and RESP3), generated from the table that dispatches them
(\`scripts/pages/commands.ts\`). Commands are those of Redis 7.0; where the column "otherwise than Redis" is empty, replies are
the same byte for byte. \`COMMAND\`, \`COMMAND DOCS\` and \`COMMAND LIST\` return the same for programs.

For all commands:

- There are strings, in one database. Commands of Redis that are [not offered](#not-offered) say so:
  \`ERR 'hset' is not offered by Quintet: see docs/commands.md\`.
- A key has at most 64 KB, a value at most \`--max-value\` (16 MB).
- A reply may be an error that Redis does not have: \`BUSY\` (too many operations are waiting), \`CLUSTERDOWN\` (every copy of a shard is
  gone), \`ERR outcome unknown\` (a write may have been applied). [errors.md](errors.md) says which may be retried.
- A reply has at most \`--max-reply\` bytes (64 MB; \`limits.replyBytes\`, at most 384 MB); a longer one (MGET, KEYS, the sum of an EXEC) is
  refused with an error that names the limit. A MULTI reads at most 32 MB of values, whatever is set. A pipeline may request any number of
  replies: while 8 MB of them are unsent, none of its further commands is started. Cut off are only clients that read nothing for
  \`--stall-timeout\` (five minutes), and subscribers that read more slowly than messages arrive.
- Commands of one connection take effect in their order, through failovers too. Keys may be in any slots: there is no CROSSSLOT.
- A structured value (of the library, of HTTP, of \`QUINTET PUT … KIND structured\`) is read as JSON where JSON says exactly what it
  is, else as msgpack ([structured-values.md](structured-values.md)). It is read, replaced and removed as a whole: commands on its
  length, a part or bits of it fail with \`WRONGTYPE\`, and those that add to numbers with the error for a value that is not one. Its \`TYPE\` is string.
- JSON of a structured value is made in one go, and all other clients wait meanwhile: some 50 ms for each MB. Who has long ones reads them as
  they are stored, with \`QUINTET GET\` or over HTTP with \`Accept: application/msgpack\`; that takes no longer than any other value.
- Commands marked \`admin\` are refused (\`NOPERM\`) to clients that gave the [user password](configuration.md#passwords); if none is set, there
  is no difference.
- Passwords (AUTH, HELLO, CONFIG SET) appear in SLOWLOG as \`(redacted)\`.
- The texts of \`HELP\` are our own.
- Keyspace events come from the engine's log: every stored value is \`set\`, whichever command stored it.
`;

/** \`DEBUG SLEEP\`, linked to Redis's own page where there is one. */
function nameOf({ fullName, spec }: Command): string {
  const shown = `\`${fullName.replace('|', ' ').toUpperCase()}\``;
  if (spec.group === 'quintet') return shown;
  return `[${shown}](https://redis.io/docs/latest/commands/${fullName.replace('|', '-')}/)`;
}

function kindOf({ spec, adminOnly }: Command): string {
  const access = spec.flags.includes('write') ? 'write' : spec.flags.includes('readonly') ? 'read' : '';
  return [access, adminOnly ? 'admin' : ''].filter(Boolean).join(', ');
}

function row(command: Command): string[] {
  return [nameOf(command), kindOf(command), command.spec.summary, DIFFERENCES.get(command.fullName) ?? ''];
}

/** A container's rows are its own, where it has something to say, and its subcommands'. */
function rowsOf(command: Command): string[][] {
  const subcommands = [...command.subcommands.values()].filter(({ spec }) => spec.name !== 'help');
  if (subcommands.length === 0) return [row(command)];
  const speaks = DIFFERENCES.has(command.fullName) || command.spec.name === 'command';
  return [...(speaks ? [row(command)] : []), ...subcommands.map(row)];
}

function section(group: CommandGroup): string {
  const commands = [...COMMANDS.values()].filter(({ spec }) => spec.group === group);
  const rows = commands.sort((one, other) => one.fullName.localeCompare(other.fullName, 'en')).flatMap(rowsOf);
  return `\n## ${GROUPS[group]}\n\n${table(['command', '', 'what it does', 'otherwise than Redis'], rows)}`;
}

const MISSING = `
## Not offered

Commands of Redis 7.0 that are refused with an error that says so. One of them in a MULTI aborts it, as an unknown one does.

${table(
  ['what', 'commands', 'instead'],
  NOT_OFFERED.map(({ about, names, instead }) => [
    about,
    names
      .split(' ')
      .map((name) => name.replace('|', ' ').toUpperCase())
      .join(', '),
    instead,
  ]),
)}`;

const OWN = `
Their arguments and replies; numbers are returned as text, times are ms, \`expiresAt\` is ms since 1970 and 0 where there is none. A kind is
\`text\`, \`bytes\`, \`structured\` (msgpack, here always) or \`number\`. A value put as structured that is not readable msgpack
is stored as bytes.

\`\`\`
QUINTET STATUS                       JSON, as /v1/status
QUINTET ENTRY key                    [kind, value, version, expiresAt], or nil
QUINTET PUT key value [KIND kind] [TTL ms | PXAT deadline | KEEPTTL] [NX | XX | IFVERSION version] [GET]
                                     [1 or 0, version, kind, value]: 0 if the condition did not hold; the version there is now;
                                     with GET kind and value of before, else nil
QUINTET DEL key [IFVERSION version]  [1 or 0, version]: 0 if nothing was deleted; the version there is now, 0 = absent
QUINTET SCAN cursor [PREFIX prefix] [COUNT n] [KEYSONLY]
                                     [cursor, [key, kind, value, version, expiresAt, key, …]] or [cursor, [key, …]]; from cursor 0
                                     until it is 0 again
QUINTET WATCH KEY key | PREFIX prefix [FROM position | FROM version] [BLOCK ms] [COUNT n] [PREVIOUS]
                                     [position, [change, …]]. Without FROM: the present position. With it: the changes after a
                                     position, or after a version of the key. Waits up to BLOCK for a change (0: for ever). A change is
                                     [type, key, kind, value, version, expiresAt, shard, transaction], with PREVIOUS
                                     […, kind, value] of before; type is put, delete, expire, evict or clear; transaction is a
                                     number that its changes share, 0 = of none. WATCHLAGGED: the changes after FROM are
                                     no longer remembered
QUINTET CHAOS kill | crash | exit | oom | hang | slow node [ms]
QUINTET RESET shard
QUINTET REVIVE node
\`\`\`
`;

writeOrCheck(
  'commands.md',
  INTRODUCTION + (Object.keys(GROUPS) as CommandGroup[]).map(section).join('') + OWN + MISSING,
);
