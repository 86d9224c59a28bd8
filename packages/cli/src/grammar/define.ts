/**
 * How commands are defined: a table-like builder over commander, so that each definition is a few lines, looks like its
 * neighbours and names the handler it loads when called.
 */
import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.ts';
import type { ExitCode } from '../failure.ts';
import {
  BadQuantity,
  parseDuration,
  parsePositiveDuration,
  parseSize,
  parseVersion,
  parseWhole,
} from '../text/quantities.ts';

/** What a command does. Commander knows names and shapes of arguments only at run time: the handler says what it expects. */
export type Handler<A, O> = (context: Context, args: A, options: O) => Promise<ExitCode>;

export class Definer {
  readonly parent: Command;
  readonly #contextOf: (command: Command) => Context;
  readonly #exit: (code: ExitCode) => void;

  constructor(parent: Command, contextOf: (command: Command) => Context, exit: (code: ExitCode) => void) {
    this.parent = parent;
    this.#contextOf = contextOf;
    this.#exit = exit;
  }

  /** A command `name ARGUMENTS` that runs what `load` gives. Options are added to what it returns. */
  command<A, O>(usage: string, description: string, load: () => Promise<Handler<A, O>>): Command {
    const command = withHint(this.parent.command(usage).description(description));
    command.action(async () => {
      const handler = await load();
      this.#exit(await handler(this.#contextOf(command), command.processedArgs as A, command.opts() as O));
    });
    return command;
  }

  /** A command that only holds others, such as `chaos`. */
  group(name: string, description: string): Definer {
    return new Definer(withHint(this.parent.command(name).description(description)), this.#contextOf, this.#exit);
  }
}

/** After a mistake: whose help tells how it is written. */
function withHint(command: Command): Command {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return command.showHelpAfterError(`hint: ${names.join(' ')} --help lists its arguments and options`);
}

export function examples(command: Command, lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

/** Lets commander name the option that has the bad value. */
function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof BadQuantity) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

export const duration = checked(parseDuration);
export const positiveDuration = checked(parsePositiveDuration);
export const size = checked(parseSize);
export const version = checked(parseVersion);
export const whole = (least: number, most?: number): ((text: string) => number) =>
  checked((text) => parseWhole(text, least, most));
/** One ASCII character; `\t` or `tab` for a tab. */
export const delimiter = (text: string): string => {
  const char = text === '\\t' || text === 'tab' ? '\t' : text;
  if (!/^[\t !#-~]$/.test(char)) throw new InvalidArgumentError('write one character, such as ; or tab');
  return char;
};
