/**
 * kvctl watch: a line for every change of a key, of the keys with a prefix, or of all keys, until Ctrl-C or --count of them.
 * What it does besides (waiting for a server that is gone, going on, what may be missing) it says on stderr; with --json a
 * gap also stands among the changes, for the programs that read them.
 */
import { parsePosition } from '@quintet/engine/codec';
import { type Context, printJson } from '../context.ts';
import { EXIT, type ExitCode, Failure, usageFailure } from '../failure.ts';
import { write } from '../io.ts';
import type { Change, WatchTarget } from '../server/changes.ts';
import { formatCount, formatDuration } from '../text/quantities.ts';
import { jsonLine, visible } from '../text/visible.ts';
import { Follower, type Piece } from '../watch/follow.ts';
import { describeGap } from '../watch/gap.ts';
import { renderChanges } from '../watch/render.ts';

export interface WatchOptions {
  prefix?: string;
  from?: string;
  count?: number;
  prev?: boolean;
}

export async function watch(context: Context, [key]: [string | undefined], options: WatchOptions): Promise<ExitCode> {
  if (key !== undefined && options.prefix !== undefined) throw usageFailure('KEY and --prefix exclude each other');
  checkFrom(key, options.from);
  const target: WatchTarget = { key, prefix: options.prefix, previous: options.prev === true };
  const printer = new Printer(context, target, options.count ?? Number.POSITIVE_INFINITY);
  try {
    for await (const piece of new Follower(context, target, options.from).pieces()) {
      await printer.print(piece);
      if (printer.isDone || context.io.stdout.destroyed) break;
    }
  } catch (error) {
    if (error instanceof Failure && error.exitCode === EXIT.interrupted) printer.sayWhere();
    throw error;
  }
  printer.sayWhere();
  return EXIT.ok;
}

function checkFrom(key: string | undefined, from: string | undefined): void {
  if (from === undefined || (key !== undefined && /^\d+$/.test(from))) return;
  try {
    parsePosition(from);
  } catch {
    throw usageFailure(
      `"${from}" is no place to go on from`,
      'write a version of KEY (kvctl get KEY --entry), or the position that kvctl watch told when it ended',
    );
  }
}

class Printer {
  readonly #context: Context;
  readonly #target: WatchTarget;
  #left: number;
  #printed = 0;
  /** After all that was printed. */
  #position: string | undefined;

  constructor(context: Context, target: WatchTarget, count: number) {
    this.#context = context;
    this.#target = target;
    this.#left = count;
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  async print(piece: Piece): Promise<void> {
    switch (piece.type) {
      case 'changes':
        return this.#printChanges(piece.changes, piece.before, piece.after);
      case 'watching':
        this.#position = piece.position;
        return this.#say('watching', { position: piece.position }, this.#whatIsWatched());
      case 'position':
        this.#position = piece.position;
        return;
      case 'lost':
        return this.#say('lost', { message: piece.message }, `${piece.message}; trying again`);
      case 'reconnected': {
        const afterMs = Math.round(piece.afterMs);
        return this.#say('reconnected', { afterMs }, `connected again after ${formatDuration(afterMs)}; going on`);
      }
      case 'gap':
        this.#position = piece.position;
        if (this.#context.output === 'json') printJson(this.#context, { type: 'gap', ...piece.gap });
        return this.#say('gap', { ...piece.gap }, describeGap(piece.gap));
    }
  }

  async #printChanges(changes: readonly Change[], before: string, after: string): Promise<void> {
    const shown = changes.slice(0, this.#left);
    this.#left -= shown.length;
    this.#printed += shown.length;
    // Cut in two, it is told from its beginning again: rather twice than not at all.
    this.#position = shown.length === changes.length ? after : before;
    await write(this.#context.io.stdout, await renderChanges(this.#context, shown));
  }

  #whatIsWatched(): string {
    const { key, prefix = '' } = this.#target;
    if (key !== undefined) return `watching ${key}`;
    return prefix === '' ? 'watching all keys' : `watching keys that begin with ${prefix}`;
  }

  /** Where another watch can go on from. */
  sayWhere(): void {
    if (this.#position === undefined) return;
    const changes = `${formatCount(this.#printed)} change${this.#printed === 1 ? '' : 's'}`;
    const detail = { changes: this.#printed, position: this.#position };
    this.#say('stopped', detail, `stopped after ${changes}; to go on: --from ${this.#position}`);
  }

  /** On stderr: for people in words, with --json as an object. */
  #say(event: string, detail: object, words: string): void {
    const { output, colors, io } = this.#context;
    const at = Date.now();
    if (output === 'json') io.stderr.write(`${jsonLine({ at, event, ...detail })}\n`);
    else io.stderr.write(`${colors.dim(new Date(at).toISOString().slice(11, 23))} ${visible(words)}\n`);
  }
}
