/**
 * The table of all commands. Dispatch, arity errors and COMMAND read it; a command exists by standing here.
 */

import { Command, wrongArity } from '../command/command.ts';
import type { CommandSpec, Handler, PlainSpec } from '../command/handler.ts';
import { array, simple } from '../resp/encoder.ts';
import { bitFieldCommands } from './bits/bitfield.ts';
import { bitOperationCommands } from './bits/bitop.ts';
import { bitCommands } from './bits/bits.ts';
import { clientCommands } from './connection/client.ts';
import { connectionCommands } from './connection/connection.ts';
import { pubsubCommands } from './connection/pubsub.ts';
import { transactionCommands } from './connection/transactions.ts';
import { expiryCommands } from './keys/expiry.ts';
import { keyCommands } from './keys/keys.ts';
import { objectCommands } from './keys/object.ts';
import { renameCommands } from './keys/rename.ts';
import { scanCommands } from './keys/scan.ts';
import { operationCommands } from './operation.ts';
import { quintetCommands } from './quintet.ts';
import { clusterCommands } from './server/cluster.ts';
import { introspectionCommands } from './server/introspection.ts';
import { latencyCommands } from './server/latency.ts';
import { serverCommands } from './server/server.ts';
import { numberCommands } from './strings/string-numbers.ts';
import { rangeCommands } from './strings/string-ranges.ts';
import { stringCommands } from './strings/strings.ts';

const SPECS: readonly CommandSpec[] = [
  ...stringCommands,
  ...numberCommands,
  ...rangeCommands,
  ...bitCommands,
  ...bitOperationCommands,
  ...bitFieldCommands,
  ...renameCommands,
  ...keyCommands,
  ...expiryCommands,
  ...objectCommands,
  ...scanCommands,
  ...transactionCommands,
  ...pubsubCommands,
  ...connectionCommands,
  ...clientCommands,
  ...serverCommands,
  ...operationCommands,
  ...latencyCommands(() => COMMANDS),
  ...clusterCommands,
  ...introspectionCommands(() => COMMANDS, findCommand),
  ...quintetCommands,
];

/** By Command.index. */
const HANDLERS: Handler[] = [];

/** All commands by lower-case name. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  SPECS.map(withHelp).map((spec) => [spec.name, withHandlers(spec, new Command(spec))]),
);

/** What a command does. */
export function handlerOf(command: Command): Handler {
  return HANDLERS[command.index]!;
}

function withHandlers(spec: CommandSpec, command: Command): Command {
  HANDLERS[command.index] = spec.handler ?? (() => refuseArity(command));
  if (!('subcommands' in spec)) return command;
  for (const { name, handler } of spec.subcommands) HANDLERS[command.subcommands.get(name)!.index] = handler;
  return command;
}

function refuseArity(command: Command): never {
  throw wrongArity(command);
}

/** The two spellings clients use are found without changing case. */
const SPELLINGS: ReadonlyMap<string, Command> = new Map(
  [...COMMANDS].flatMap(([name, command]) => [
    [name, command],
    [name.toUpperCase(), command],
  ]),
);

/** The command (or subcommand) a request asks for, or null. */
export function findCommand(args: readonly string[]): Command | null {
  const command = SPELLINGS.get(args[0]!) ?? COMMANDS.get(args[0]!.toLowerCase());
  if (command === undefined) return null;
  if (command.subcommands.size === 0 || args.length === 1) return command;
  return command.subcommands.get(args[1]!.toLowerCase()) ?? null;
}

/** Redis's words for a command it does not know: up to 128 bytes of it, and as many of its arguments, each to its first NUL. */
export function unknownCommandText(args: readonly string[]): string {
  const name = shown(args[0]!, 128);
  if (COMMANDS.has(args[0]!.toLowerCase())) {
    return `ERR unknown subcommand '${shown(args[1]!, 128)}'. Try ${name.toUpperCase()} HELP.`;
  }
  let listed = '';
  for (let at = 1; at < args.length && listed.length < 128; at++) {
    listed += `'${shown(args[at]!, 128 - listed.length)}' `;
  }
  return `ERR unknown command '${name}', with args beginning with: ${listed}`;
}

function shown(argument: string, most: number): string {
  const end = argument.indexOf('\0');
  return argument.slice(0, end < 0 ? most : Math.min(end, most));
}

/** Gives a container its HELP, made from its other subcommands. */
function withHelp(spec: CommandSpec): CommandSpec {
  if (!('subcommands' in spec)) return spec;
  const upper = spec.name.toUpperCase();
  const help: PlainSpec = {
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    since: '5.0.0',
    group: spec.group,
    summary: 'Show helpful text about the different subcommands',
    handler: (session) => session.reply(array(lines)),
  };
  const lines = [
    `${upper} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...[...spec.subcommands, help].flatMap((sub) => [sub.name.toUpperCase(), `    ${sub.summary}.`]),
  ].map(simple);
  return { ...spec, subcommands: [...spec.subcommands, help] };
}
