/**
 * Command: what is known of a command, from one row of the table: name, arity, flags, keys. What it does is its handler
 * (handler.ts), which sessions and statistics need not know.
 */
import { CommandError } from '../engine/errors.ts';

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

export interface CommandInfo {
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

/** Of a family of subcommands. */
export interface FamilyInfo extends CommandInfo {
  readonly subcommands: readonly CommandInfo[];
}

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
  readonly spec: CommandInfo;
  /** `client|setname` for a subcommand. */
  readonly fullName: string;
  readonly beforeAuth: boolean;
  readonly blocking: boolean;
  readonly adminOnly: boolean;
  readonly subcommands: ReadonlyMap<string, Command>;
  private readonly fewest: number;
  private readonly most: number;

  constructor(spec: CommandInfo | FamilyInfo, container?: string) {
    this.spec = spec;
    this.fullName = container === undefined ? spec.name : `${container}|${spec.name}`;
    this.beforeAuth = spec.flags.includes('no_auth');
    this.blocking = spec.flags.includes('blocking');
    this.adminOnly = spec.adminOnly === true || spec.flags.includes('admin');
    this.fewest = Math.abs(spec.arity);
    this.most = spec.arity < 0 ? Number.POSITIVE_INFINITY : spec.arity;
    const children = 'subcommands' in spec ? spec.subcommands : [];
    this.subcommands = new Map(children.map((child) => [child.name, new Command(child, spec.name)]));
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
