/**
 * OBJECT and MEMORY: how a value is kept. Redis's words where they mean something here; where they do not, an error.
 */
import { Status } from '@quintet/engine/internal';
import { isWord, safeInteger, syntaxError } from '../../command/arguments.ts';
import type { KeyPositions } from '../../command/command.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec, Handler, PlainSpec } from '../../command/handler.ts';
import { bulk, error, integer, simple } from '../../resp/encoder.ts';
import { readInteger } from '../../resp/numbers.ts';
import type { Answer } from '../../session/reply-queue.ts';

const SECOND: KeyPositions = { first: 2, last: 2, step: 1 };

/** Redis keeps strings up to so many bytes together with their head. */
const EMBEDDED_MAX = 44;

/** The words Redis would use for such a value: clients look for `int`. */
function encodingOf(value: string): string {
  if (value.length <= 20 && readInteger(value) !== null) return 'int';
  return value.length <= EMBEDDED_MAX ? 'embstr' : 'raw';
}

const encoding: Answer = (result, encoder) => (result.value === null ? encoder.nil : bulk(encodingOf(result.value)));

/** Bytes of an entry's head in the slab, and of its place in the index. */
const ENTRY_OVERHEAD = 40;

function memoryUsage(session: CommandSession, args: readonly string[]): void {
  if (args.length !== 3 && args.length !== 5) throw syntaxError();
  if (args.length === 5 && !isWord(args[3]!, 'SAMPLES')) throw syntaxError();
  if (args.length === 5 && safeInteger(args[4]!) < 0) throw syntaxError();
  const key = args[2]!;
  session.submit({ verb: 'stat', key }, (result, encoder) =>
    result.value === null ? encoder.nil : integer(ENTRY_OVERHEAD + key.length + Number(result.value)),
  );
}

/** Answers `text` for a key that is there. */
function ifPresent(text: string): Handler {
  return (session, args) =>
    session.submit({ verb: 'stat', key: args[2]! }, (result, encoder) =>
      result.status === Status.ok ? text : encoder.nil,
    );
}

const NO_FREQUENCY =
  'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between ' +
  'policies at runtime LRU and LFU data will take some time to adjust.';

const idleSeconds: Answer = ({ value }, encoder) =>
  value === null ? encoder.nil : integer(Math.floor(Number(value) / 1000));

function subcommand(name: string, summary: string, handler: Handler): PlainSpec {
  return { name, arity: 3, flags: ['readonly'], keys: SECOND, since: '2.2.3', group: 'generic', summary, handler };
}

export const objectCommands: readonly CommandSpec[] = [
  {
    name: 'object',
    arity: -2,
    flags: [],
    since: '2.2.3',
    group: 'generic',
    summary: 'A container for object introspection commands',
    subcommands: [
      subcommand('encoding', 'Inspect the internal encoding of an object', (session, args) =>
        session.submit({ verb: 'stat', key: args[2]!, tells: 'value' }, encoding),
      ),
      subcommand(
        'freq',
        'Get the logarithmic access frequency counter (never tracked)',
        ifPresent(error(NO_FREQUENCY)),
      ),
      subcommand('idletime', 'Get the seconds since a key was last accessed', (session, args) =>
        session.submit({ verb: 'stat', key: args[2]!, tells: 'idle' }, idleSeconds),
      ),
      subcommand('refcount', 'Get the number of references to the value of the key', ifPresent(integer(1))),
    ],
  },
  {
    name: 'memory',
    arity: -2,
    flags: [],
    since: '4.0.0',
    group: 'server',
    summary: 'A container for memory diagnostics commands',
    subcommands: [
      {
        name: 'usage',
        arity: -3,
        flags: ['readonly'],
        keys: SECOND,
        since: '4.0.0',
        group: 'server',
        summary: 'Estimate the memory usage of a key (of one copy)',
        handler: memoryUsage,
      },
      {
        name: 'purge',
        arity: 2,
        flags: [],
        since: '4.0.0',
        group: 'server',
        summary: 'Give unused memory back to the system now',
        handler: (session) => {
          session.context.cluster.releaseMemory();
          session.reply(simple('OK'));
        },
      },
    ],
  },
];
