/**
 * What a command is: one row of the table (CommandSpec), and the form it is run in (Command).
 */
import { CommandError } from '../engine/errors.ts';
import type { CommandSession } from './command-session.ts';

/**
 * Runs a command. `args[0]` is its name as the client wrote it; their number is right. It opens exactly one reply
 * (session.reply, submit, open, gather), or throws a CommandError before that.
 */
export type Handler = (session: CommandSession, args: readonly string[]) => void;

export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'noscript'
  | 'loading'
  | 'stale'
  | 'fast'
  | 'pubsub'
  /** May wait for something to happen: how long it took says nothing. */
  | 'blocking'
  /** Refused inside MULTI. */
  | 'no_multi'
  /** May be run before AUTH. */
  | 'no_auth';

export type CommandGroup =
  | 'string'
  | 'bitmap'
  | 'generic'
  | 'transactions'
  | 'pubsub'
  | 'connection'
  | 'server'
  | 'cluster'
  | 'scripting'
  | 'quintet';

/** Which arguments are keys: from `first` to `last` (-1 = the last argument), every `step`th. */
export interface KeyPositions {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

interface CommonSpec {
  /** Lower case, without the container's name. */
  readonly name: string;
  /** As Redis counts: the name included; negative means at least so many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  readonly keys?: KeyPositions;
  /** The version of Redis (or, for QUINTET commands, of Quintet) that has it. */
  readonly since: string;
  readonly group: CommandGroup;
  readonly summary: string;
  readonly complexity?: string;
  /** Only for who gave the password of administration; so are all with the flag `admin`. */
  readonly adminOnly?: true;
  /** Places of arguments that are passwords, in a request however wrong: SLOWLOG and logs must not show them. */
  readonly secrets?: (args: readonly string[]) => readonly number[];
  /** It takes values by Session.valueAt, large ones as blocks. */
  readonly takesBlocks?: true;
}

export interface PlainSpec extends CommonSpec {
  readonly handler: Handler;
}

/** A command that is nothing but a family of subcommands, or has a meaning of its own besides (COMMAND). */
export interface ContainerSpec extends CommonSpec {
  readonly subcommands: readonly PlainSpec[];
  readonly handler?: Handler;
}

export type CommandSpec = PlainSpec | ContainerSpec;

export const ONE_KEY: KeyPositions = { first: 1, last: 1, step: 1 };
export const ALL_KEYS: KeyPositions = { first: 1, last: -1, step: 1 };
export const KEYS_AND_VALUES: KeyPositions = { first: 1, last: -1, step: 2 };

/** The keys among the arguments. */
export function keysAt({ first, last, step }: KeyPositions, args: readonly string[]): string[] {
  const end = last < 0 ? args.length + last : last;
  const keys: string[] = [];
  for (let at = first; at <= end; at += step) keys.push(args[at]!);
  return keys;
}

/** Redis's word. */
const REDACTED = '(redacted)';

export class Command {
  /** Every command and subcommand there is. */
  static readonly all: Command[] = [];
  /** Its place in `all`. */
  readonly index = Command.all.push(this) - 1;
  readonly spec: CommandSpec;
  /** `client|setname` for a subcommand. */
  readonly fullName: string;
  readonly beforeAuth: boolean;
  readonly blocking: boolean;
  readonly adminOnly: boolean;
  readonly handler: Handler;
  readonly subcommands: ReadonlyMap<string, Command>;
  private readonly fewest: number;
  private readonly most: number;

  constructor(spec: CommandSpec, container?: string) {
    this.spec = spec;
    this.fullName = container === undefined ? spec.name : `${container}|${spec.name}`;
    this.beforeAuth = spec.flags.includes('no_auth');
    this.blocking = spec.flags.includes('blocking');
    this.adminOnly = spec.adminOnly === true || spec.flags.includes('admin');
    this.fewest = Math.abs(spec.arity);
    this.most = spec.arity < 0 ? Number.POSITIVE_INFINITY : spec.arity;
    const children = 'subcommands' in spec ? spec.subcommands : [];
    this.subcommands = new Map(children.map((child) => [child.name, new Command(child, spec.name)]));
    this.handler =
      spec.handler ??
      (() => {
        throw wrongArity(this);
      });
  }

  /** The arguments as they may be shown to others than who sent them. */
  withoutSecrets(args: readonly string[]): readonly string[] {
    if (this.spec.secrets === undefined) return args;
    const places = new Set(this.spec.secrets(args));
    return args.map((argument, at) => (places.has(at) ? REDACTED : argument));
  }

  accepts(argumentCount: number): boolean {
    return argumentCount >= this.fewest && argumentCount <= this.most;
  }
}

export function wrongArity(command: Command): CommandError {
  return new CommandError(`ERR wrong number of arguments for '${command.fullName}' command`);
}
