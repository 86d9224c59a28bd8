/**
 * Handler: what a command does, and the rows of the table that have one.
 */
import type { CommandInfo, FamilyInfo } from './command.ts';
import type { CommandSession } from './command-session.ts';

/**
 * Runs a command. `args[0]` is its name as the client wrote it; their number is right. It opens exactly one reply
 * (session.reply, submit, open, gather), or throws a CommandError before that.
 */
export type Handler = (session: CommandSession, args: readonly string[]) => void;

export interface PlainSpec extends CommandInfo {
  readonly handler: Handler;
}

/** A command that is nothing but a family of subcommands, or has a meaning of its own besides (COMMAND). */
export interface ContainerSpec extends FamilyInfo {
  readonly subcommands: readonly PlainSpec[];
  readonly handler?: Handler;
}

export type CommandSpec = PlainSpec | ContainerSpec;
