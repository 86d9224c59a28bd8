/**
 * Histories written as tables, for tests to read like the picture one would draw:
 *
 *   client | from..to | operation | result
 *
 * Operations: get · put VALUE [ifAbsent] [ifPresent] [ifVersion=N] [expires=FROM..TO] · delete [ifVersion=N] · incr N ·
 * append TEXT · getAndPut VALUE [expires=FROM..TO] · getAndDelete · expire expires=FROM..TO.
 * Results: words of: VALUE or absent · applied · refused · n=N · len=N · vN · v- (no version); `?` unknown; `-` not applied.
 */

import { assertRecord, type Operation, type OperationRecord, type Outcome, type Result } from '../../src/operation.ts';

/** The records of a table; all on key "k" unless a line begins with `KEY:`. */
export function table(text: string): OperationRecord[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(parseLine);
}

function parseLine(line: string): OperationRecord {
  const [who = '', when = '', what = '', answer = ''] = line.split('|').map((cell) => cell.trim());
  const [client, key] = who.split(':').reverse();
  const [from, to] = range(when);
  const outcome = parseOutcome(answer);
  const record: OperationRecord = {
    client: Number(client),
    key: key ?? 'k',
    operation: parseOperation(what),
    invokedAt: from,
    returnedAt: outcome.kind === 'unknown' ? Number.POSITIVE_INFINITY : to,
    outcome,
  };
  assertRecord(record);
  return record;
}

function range(text: string): [number, number] {
  const [from, to] = text.split('..');
  return [Number(from), to === undefined || to === '' ? Number.POSITIVE_INFINITY : Number(to)];
}

function parseOperation(text: string): Operation {
  const [kind, ...words] = text.split(' ');
  const options: Record<string, unknown> = {};
  const plain: string[] = [];
  for (const word of words) {
    const [name = '', value] = word.split('=');
    if (name === 'expires') {
      const [notBefore, notAfter] = range(value ?? '');
      options.expiry = { notBefore, notAfter };
    } else if (name === 'ifVersion') options.ifVersion = Number(value);
    else if (name === 'ifAbsent' || name === 'ifPresent') options[name] = true;
    else plain.push(word);
  }
  const argument = plain[0] ?? '';
  if (kind === 'incr') return { kind: 'increment', by: Number(argument) };
  if (kind === 'append') return { kind, suffix: argument };
  if (kind === 'put' || kind === 'getAndPut') return { kind, value: argument, ...options };
  return { kind, ...options } as Operation;
}

function parseOutcome(text: string): Outcome {
  if (text === '?') return { kind: 'unknown' };
  if (text === '-') return { kind: 'not-applied' };
  const result: Record<string, unknown> = {};
  for (const word of text.split(' ')) {
    if (word === 'applied' || word === 'refused') result.applied = word === 'applied';
    else if (word.startsWith('n=')) result.number = Number(word.slice(2));
    else if (word.startsWith('len=')) result.length = Number(word.slice(4));
    else if (/^v[\d-]/.test(word)) result.version = word === 'v-' ? null : Number(word.slice(1));
    else result.value = word === 'absent' ? null : word;
  }
  return { kind: 'ok', result: result as Result };
}
