/**
 * COMMAND: the table told to clients, which route, complete and explain by it.
 */
import { StepBudget } from '@quintet/engine/codec';
import { globOf, isWord, syntaxError } from '../../command/arguments.ts';
import { type Command, type CommandInfo, keysAt } from '../../command/command.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec, Handler, PlainSpec } from '../../command/handler.ts';
import { CommandError } from '../../engine/errors.ts';
import { array, bulk, type Encoder, integer, simple } from '../../resp/encoder.ts';
import { SYNTAX, TIPS } from '../syntax.ts';
import { encodeArguments, readSyntax } from './argument-docs.ts';

/** The table holds this file's commands, so it is asked for late. */
type Table = () => ReadonlyMap<string, Command>;

/** One entry of COMMAND INFO: ten fields, the last its subcommands. */
function describe(command: Command, encoder: Encoder): string {
  const { spec } = command;
  const keys = spec.keys ?? { first: 0, last: 0, step: 0 };
  return array([
    bulk(command.fullName),
    integer(spec.arity),
    encoder.set(spec.flags.map(simple)),
    integer(keys.first),
    integer(keys.last),
    integer(keys.step),
    encoder.set(aclCategories(spec).map(simple)),
    encoder.set((TIPS[command.fullName] ?? []).map(bulk)),
    encoder.set(keySpecifications(spec, encoder)),
    array([...command.subcommands.values()].map((sub) => describe(sub, encoder))),
  ]);
}

const CATEGORY_OF_GROUP: Readonly<Record<CommandInfo['group'], string>> = {
  string: '@string',
  bitmap: '@bitmap',
  transactions: '@transaction',
  pubsub: '@pubsub',
  generic: '@keyspace',
  connection: '@connection',
  server: '@admin',
  cluster: '@connection',
  scripting: '@scripting',
  quintet: '@admin',
};

function aclCategories(spec: CommandInfo): string[] {
  const categories: string[] = [];
  if (spec.flags.includes('write')) categories.push('@write');
  if (spec.flags.includes('readonly')) categories.push('@read');
  categories.push(CATEGORY_OF_GROUP[spec.group]);
  if (spec.flags.includes('admin')) categories.push('@dangerous');
  categories.push(spec.flags.includes('fast') ? '@fast' : '@slow');
  return categories;
}

/** Where the keys are, in the newer form: a start by index, and a range from there. */
function keySpecifications(spec: CommandInfo, encoder: Encoder): string[] {
  if (spec.keys === undefined) return [];
  const { first, last, step } = spec.keys;
  const flags = spec.flags.includes('write') ? ['RW', 'update'] : ['RO', 'access'];
  const lastKey = last < 0 ? last : last - first;
  const part = (type: string, fields: readonly string[]): string =>
    encoder.map([bulk('type'), bulk(type), bulk('spec'), encoder.map(fields)]);
  return [
    encoder.map([
      bulk('flags'),
      encoder.set(flags.map(simple)),
      bulk('begin_search'),
      part('index', [bulk('index'), integer(first)]),
      bulk('find_keys'),
      part('range', [bulk('lastkey'), integer(lastKey), bulk('keystep'), integer(step), bulk('limit'), integer(0)]),
    ]),
  ];
}

const ARGUMENTS = new Map(Object.entries(SYNTAX).map(([name, notation]) => [name, readSyntax(notation)]));

function documentation(command: Command, encoder: Encoder): string {
  const { spec } = command;
  const fields = [
    bulk('summary'),
    bulk(spec.summary),
    bulk('since'),
    bulk(spec.since),
    bulk('group'),
    bulk(spec.group),
  ];
  if (spec.complexity !== undefined) fields.push(bulk('complexity'), bulk(spec.complexity));
  const taken = ARGUMENTS.get(command.fullName);
  if (taken !== undefined) fields.push(bulk('arguments'), encodeArguments(taken, encoder));
  if (command.subcommands.size > 0) {
    fields.push(bulk('subcommands'), documentAll([...command.subcommands.values()], encoder));
  }
  return encoder.map(fields);
}

function documentAll(commands: readonly Command[], encoder: Encoder): string {
  return encoder.map(commands.flatMap((command) => [bulk(command.fullName), documentation(command, encoder)]));
}

/** A command by `name` or `container|subcommand`. */
function byName(table: Table, name: string): Command | undefined {
  const [container, sub, ...rest] = name.toLowerCase().split('|');
  if (rest.length > 0) return undefined;
  const command = table().get(container!);
  return sub === undefined ? command : command?.subcommands.get(sub);
}

function withSubcommands(table: ReadonlyMap<string, Command>): Command[] {
  return [...table.values()].flatMap((command) => [command, ...command.subcommands.values()]);
}

function listNames(table: Table): Handler {
  return (session, args) =>
    session.reply(
      array(
        withSubcommands(table())
          .filter(nameFilter(session, args))
          .map((c) => bulk(c.fullName)),
      ),
    );
}

function nameFilter(session: CommandSession, args: readonly string[]): (command: Command) => boolean {
  if (args.length === 2) return () => true;
  const [filter, value] = [args[3], args[4]];
  if (args.length !== 5 || !isWord(args[2]!, 'FILTERBY') || filter === undefined || value === undefined) {
    throw syntaxError();
  }
  if (isWord(filter, 'MODULE')) return () => false;
  if (isWord(filter, 'ACLCAT')) return ({ spec }) => aclCategories(spec).includes(`@${value.toLowerCase()}`);
  if (!isWord(filter, 'PATTERN')) throw syntaxError();
  const glob = globOf(session, value.toLowerCase());
  const budget = new StepBudget();
  return ({ fullName }) => glob.matches(fullName, budget);
}

function getKeys(
  session: CommandSession,
  args: readonly string[],
  find: (args: readonly string[]) => Command | null,
): void {
  const asked = args.slice(2);
  const command = find(asked);
  if (command === null) throw new CommandError('ERR Invalid command specified');
  const { keys } = command.spec;
  if (keys === undefined) throw new CommandError('ERR The command has no key arguments');
  if (!command.accepts(asked.length)) throw new CommandError('ERR Invalid number of arguments specified for command');
  session.reply(array(keysAt(keys, asked).map(bulk)));
}

/** A few bytes of a name make a description of many. */
const NAMES_MAX = 1024;

/** COMMAND INFO and COMMAND DOCS over the commands named, or all. */
function named(table: Table, names: readonly string[]): (Command | undefined)[] {
  if (names.length > NAMES_MAX) throw new CommandError(`ERR at most ${NAMES_MAX} names`);
  return names.length === 0 ? [...table().values()] : names.map((name) => byName(table, name));
}

const FLAGS: PlainSpec['flags'] = ['loading', 'stale'];

/** COMMAND and its subcommands, over the table that they are part of. */
export function introspectionCommands(
  table: Table,
  find: (args: readonly string[]) => Command | null,
): readonly CommandSpec[] {
  const info: Handler = (session, args) => {
    const { encoder } = session;
    const entries = named(table, args.slice(2)).map((command) =>
      command === undefined ? encoder.nil : describe(command, encoder),
    );
    session.reply(array(entries));
  };
  const docs: Handler = (session, args) => {
    const commands = named(table, args.slice(2)).filter((command) => command !== undefined);
    session.reply(documentAll(commands, session.encoder));
  };
  const rows: readonly (readonly [name: string, arity: number, since: string, summary: string, handler: Handler])[] = [
    ['count', 2, '2.8.13', 'Get total number of commands', (session) => session.reply(integer(table().size))],
    ['docs', -2, '7.0.0', 'Get array of specific command documentation', docs],
    ['getkeys', -4, '2.8.13', 'Extract keys given a full command', (session, args) => getKeys(session, args, find)],
    ['info', -2, '2.8.13', 'Get array of specific command details, or all when no argument is given', info],
    ['list', -2, '7.0.0', 'Get an array of command names', listNames(table)],
  ];
  const subcommands = rows.map(
    ([name, arity, since, summary, handler]): PlainSpec => ({
      name,
      arity,
      flags: FLAGS,
      since,
      group: 'server',
      summary,
      handler,
    }),
  );
  return [
    {
      name: 'command',
      arity: -1,
      flags: FLAGS,
      since: '2.8.13',
      group: 'server',
      summary: 'Get array of command details',
      subcommands,
      handler: info,
    },
  ];
}
