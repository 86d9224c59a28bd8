/**
 * MULTI, EXEC, DISCARD, WATCH, UNWATCH: what a client says; how it is done is in transaction/.
 *
 * WATCH remembers the version of each key (absent = 0) and EXEC makes them conditions of its transaction, so a change is
 * noticed whoever made it, on whichever shard. A key that came and went again while watched is as absent as before: no
 * conflict.
 */
import type { Result } from '@quintet/engine/internal';
import { ALL_KEYS } from '../../command/command.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec } from '../../command/handler.ts';
import { CommandError } from '../../engine/errors.ts';
import { execute } from '../../exec/execution.ts';
import { ownCopy } from '../../resp/decoder.ts';
import { EMPTY_ARRAY, OK } from '../../resp/encoder.ts';
import { gatherKeys } from '../../session/gather.ts';

function multi(session: CommandSession): void {
  const modes = session.enterModes();
  if (modes.multi !== null) throw new CommandError('ERR MULTI calls can not be nested', false);
  modes.multi = { queue: [], bytes: 0, spoiled: false };
  session.reply(OK);
}

function exec(session: CommandSession): void {
  const { modes } = session;
  if (modes?.multi == null) throw new CommandError('ERR EXEC without MULTI');
  const { queue, spoiled } = modes.multi;
  if (spoiled) {
    modes.leaveMulti();
    throw new CommandError('EXECABORT Transaction discarded because of previous errors.');
  }
  if (queue.length > 0 || modes.watched.size > 0) return execute(session, modes, queue);
  modes.leaveMulti();
  session.reply(EMPTY_ARRAY);
}

function discard(session: CommandSession): void {
  const { modes } = session;
  if (modes?.multi == null) throw new CommandError('ERR DISCARD without MULTI');
  modes.leaveMulti();
  session.reply(OK);
}

function watch(session: CommandSession, args: readonly string[]): void {
  const modes = session.enterModes();
  if (modes.multi !== null) throw new CommandError('ERR WATCH inside MULTI is not allowed', false);
  const keys = [...new Set(args.slice(1))].filter((key) => !modes.watched.has(key));
  if (modes.watched.size + keys.length > session.context.limits.namesPerClient) {
    throw new CommandError('ERR too many watched keys');
  }
  session.hold();
  const remember = (results: readonly Result[]): string => {
    for (const [index, { version }] of results.entries()) modes.watch(ownCopy(keys[index]!), version);
    return OK;
  };
  gatherKeys(session, keys, (key) => ({ verb: 'stat', key }), remember);
  session.whenIdle(() => session.release());
}

function unwatch(session: CommandSession): void {
  session.modes?.unwatch();
  session.reply(OK);
}

type Row = readonly [name: string, arity: number, since: string, summary: string, handler: CommandSpec['handler']];

const ROWS: readonly Row[] = [
  ['multi', 1, '1.2.0', 'Mark the start of a transaction block', multi],
  ['exec', 1, '1.2.0', 'Execute all commands issued after MULTI', exec],
  ['discard', 1, '2.0.0', 'Discard all commands issued after MULTI', discard],
  ['unwatch', 1, '2.2.0', 'Forget about all watched keys', unwatch],
];

export const transactionCommands: readonly CommandSpec[] = [
  ...ROWS.map(
    ([name, arity, since, summary, handler]): CommandSpec => ({
      name,
      arity,
      flags: ['noscript', 'loading', 'stale', 'fast'],
      since,
      group: 'transactions',
      summary,
      handler: handler!,
    }),
  ),
  {
    name: 'watch',
    arity: -2,
    flags: ['noscript', 'loading', 'stale', 'fast'],
    keys: ALL_KEYS,
    since: '2.2.0',
    group: 'transactions',
    summary: 'Watch the given keys to determine execution of the MULTI/EXEC block',
    handler: watch,
  },
];
