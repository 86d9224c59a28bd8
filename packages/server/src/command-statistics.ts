/**
 * CommandStatistics: how often each command was called and refused, for INFO commandstats. Flat arrays by the commands'
 * index, because one of them is counted up for every request.
 */
import { Command } from './commands/command.ts';

export interface CommandCounts {
  readonly fullName: string;
  readonly calls: number;
  readonly rejected: number;
  /** Milliseconds from the beginning of a command to its reply, all together; commands answered at once count none. */
  readonly totalMs: number;
}

export class CommandStatistics {
  private readonly calls = new Float64Array(Command.all.length);
  private readonly totalMs = new Float64Array(Command.all.length);
  private readonly rejections = new Float64Array(Command.all.length);

  called(command: Command): void {
    this.calls[command.index]!++;
  }

  took(command: Command, milliseconds: number): void {
    this.totalMs[command.index]! += milliseconds;
  }

  /** It was not run: a wrong number of arguments, or no password given. */
  rejected(command: Command): void {
    this.rejections[command.index]!++;
  }

  /** The commands that were asked for at all. */
  list(): readonly CommandCounts[] {
    return Command.all
      .map(({ index, fullName }) => ({
        fullName,
        calls: this.calls[index]!,
        rejected: this.rejections[index]!,
        totalMs: this.totalMs[index]!,
      }))
      .filter(({ calls, rejected }) => calls + rejected > 0);
  }

  reset(): void {
    this.calls.fill(0);
    this.rejections.fill(0);
    this.totalMs.fill(0);
  }
}
