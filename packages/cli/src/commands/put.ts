/** kvctl put and kvctl cas: store one value, with conditions. */
import { type Context, printJson, printLine, withServer } from '../context.ts';
import { EXIT, type ExitCode, Failure, usageFailure } from '../failure.ts';
import { readAll } from '../io.ts';
import { type PutConditions, type PutReply, put as putEntry, type TypedValue } from '../server/commands.ts';
import { parseVersion } from '../text/quantities.ts';
import { guessKind, printValue } from '../values/show.ts';

export interface PutOptions {
  ttl?: number;
  keepTtl?: boolean;
  ifAbsent?: boolean;
  ifPresent?: boolean;
  ifVersion?: number;
  prev?: boolean;
  jsonValue?: boolean;
}

export async function put(
  context: Context,
  [key, text]: [string, string | undefined],
  options: PutOptions,
): Promise<ExitCode> {
  checkTogether(options);
  const value = await readValue(context, text, options.jsonValue === true);
  const { ttl: ttlMs, keepTtl, ifAbsent, ifPresent, ifVersion, prev: previous } = options;
  return store(context, key, value, { ttlMs, keepTtl, ifAbsent, ifPresent, ifVersion, previous });
}

export async function cas(
  context: Context,
  [key, version, text]: [string, string, string | undefined],
  options: Pick<PutOptions, 'ttl' | 'keepTtl' | 'jsonValue'>,
): Promise<ExitCode> {
  return put(context, [key, text], { ...options, ifVersion: parseVersion(version) });
}

/** Commander's own conflicts() would do, but its text does not say why. */
function checkTogether(options: PutOptions): void {
  const conditions = [
    options.ifAbsent === true && '--if-absent',
    options.ifPresent === true && '--if-present',
    options.ifVersion !== undefined && '--if-version',
  ].filter((flag) => flag !== false);
  if (conditions.length > 1) throw usageFailure(`${conditions.join(' and ')} exclude each other`);
  if (options.ttl !== undefined && options.keepTtl === true) {
    throw usageFailure('--ttl and --keep-ttl exclude each other', 'a put without either removes the deadline');
  }
}

async function readValue(context: Context, text: string | undefined, asJson: boolean): Promise<TypedValue> {
  const fromStdin = text === undefined || text === '-';
  if (fromStdin && context.io.stdin.isTTY === true) context.io.stderr.write('value (end with Ctrl-D):\n');
  const value = fromStdin ? guessKind(await readAll(context.io.stdin)) : guessKind(Buffer.from(text));
  if (!asJson) return value;
  const { valueFromJson } = await import('../values/json-face.ts');
  try {
    return valueFromJson(JSON.parse(value.bytes.toString()), undefined);
  } catch (error) {
    throw usageFailure(
      `the value is no JSON: ${(error as Error).message}`,
      'leave --json-value away to store it as text',
    );
  }
}

async function store(context: Context, key: string, value: TypedValue, how: PutConditions): Promise<ExitCode> {
  const reply = await withServer(context, (connection) => putEntry(connection, key, value, how)).catch(
    (error: unknown) => {
      throw explainLoss(error, value.bytes.length);
    },
  );
  await report(context, key, reply, how);
  return EXIT.ok;
}

async function report(context: Context, key: string, reply: PutReply, how: PutConditions): Promise<void> {
  if (context.output === 'json') {
    const previous = how.previous === true ? { previous: await previousFace(reply.previous) } : {};
    printJson(context, { key, applied: reply.applied, version: reply.version, ...previous });
  } else if (how.previous === true && reply.previous !== undefined) await printValue(context, reply.previous);
  else if (reply.applied) printLine(context, context.colors.green('OK'));
  if (!reply.applied) throw notApplied(key, reply.version, how);
}

async function previousFace(previous: TypedValue | undefined): Promise<unknown> {
  if (previous === undefined) return null;
  const { valueToJson } = await import('../values/json-face.ts');
  return valueToJson(previous);
}

function notApplied(key: string, version: number, how: PutConditions): Failure {
  if (version === 0) return new Failure(EXIT.negative, `not stored: there is no ${key}`, { code: 'CONDITION_FAILED' });
  const wanted = how.ifVersion === undefined ? '' : `, not ${how.ifVersion}`;
  return new Failure(EXIT.negative, `not stored: ${key} is there, at version ${version}${wanted}`, {
    code: 'CONDITION_FAILED',
    hint: `read it again with: kvctl get ${key} --entry`,
  });
}

/** A server that refuses a value for its length may hang up before it has read it all, and then its reason is lost. */
function explainLoss(error: unknown, bytes: number): unknown {
  if (
    !(error instanceof Failure) ||
    error.exitCode !== EXIT.unreachable ||
    bytes < 2 ** 20 ||
    error.code !== undefined
  ) {
    return error;
  }
  const hint = `the value has ${bytes} bytes: is that more than the server’s --max-value (16 MB by default)?`;
  return new Failure(error.exitCode, error.message, { hint, outcome: error.outcome, cause: error });
}
