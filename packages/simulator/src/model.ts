/**
 * Model: what a plain map would do and answer, written from the documentation and sharing no code with core/data/.
 *
 * Owns      the sequential meaning of every operation on one key.
 * Does not  know logs, memory limits, or the whole shard (clear apart).
 */
import {
  type Effect,
  type Entry,
  NO_EFFECT,
  type Operation,
  type Result,
  Status,
  ValueKind,
} from '@quintet/engine/internal';

export interface Expectation {
  readonly effect: Effect;
  readonly result: Result;
}

export interface EvalContext {
  readonly time: number;
  readonly seq: number;
  readonly maxValueBytes: number;
}

function result(status: Status, version: number, of?: { value: string; kind: ValueKind; expiresAt: number }): Result {
  const { value = null, kind = ValueKind.text, expiresAt = 0 } = of ?? {};
  return { status, version, value, kind, expiresAt, page: null, items: null };
}

function nothing(status: Status, entry: Entry | undefined): Expectation {
  return { effect: NO_EFFECT, result: result(status, entry?.version ?? 0) };
}

/** What `operation` does to a key that holds `stored` (an entry past its deadline counts as none). */
export function expected(operation: Operation, stored: Entry | undefined, moment: EvalContext): Expectation {
  const entry = stored !== undefined && isPast(stored.expiresAt, moment.time) ? undefined : stored;
  switch (operation.verb) {
    case 'get':
      return { effect: NO_EFFECT, result: entry ? result(Status.ok, entry.version, entry) : result(Status.absent, 0) };
    case 'get-range': {
      if (entry === undefined) return nothing(Status.absent, undefined);
      if (entry.kind === ValueKind.structured) return nothing(Status.wrongKind, entry);
      return {
        effect: NO_EFFECT,
        result: result(Status.ok, entry.version, { ...entry, value: range(operation, entry.value) }),
      };
    }
    case 'stat': {
      if (entry === undefined) return nothing(Status.absent, undefined);
      const value = operation.tells === 'value' ? entry.value : String(entry.value.length);
      return { effect: NO_EFFECT, result: result(Status.ok, entry.version, { ...entry, value }) };
    }
    case 'put':
      return put(operation, entry, moment);
    case 'delete':
      if (entry === undefined) return nothing(Status.absent, undefined);
      if (!holds(operation.ifVersion, entry)) return nothing(Status.conditionFailed, entry);
      return {
        effect: { type: 'remove', key: operation.key, cause: 'delete' },
        result: result(Status.ok, 0, operation.previous ? entry : undefined),
      };
    case 'increment':
    case 'increment-float':
      return increment(operation, entry, moment);
    case 'append':
      return append(operation, entry, moment);
    case 'set-range':
      return setRange(operation, entry, moment);
    case 'set-bit':
      return setBit(operation, entry, moment);
    case 'delete-if-value':
      if (entry === undefined) return nothing(Status.absent, undefined);
      if (entry.value !== operation.value || entry.kind !== operation.kind)
        return nothing(Status.conditionFailed, entry);
      return { effect: { type: 'remove', key: operation.key, cause: 'delete' }, result: result(Status.ok, 0) };
    case 'expire':
      return expire(operation, entry, moment, false);
    case 'get-and-expire':
      return expire({ ...operation, when: 'always' }, entry, moment, true);
    case 'clear':
      return { effect: { type: 'clear' }, result: result(Status.ok, 0) };
    default:
      throw new Error(`no record is ever made for ${operation.verb}`);
  }
}

export function isPast(expiresAt: number, time: number): boolean {
  return expiresAt > 0 && time >= expiresAt;
}

function holds(ifVersion: number, entry: Entry | undefined): boolean {
  if (ifVersion === -1) return true;
  if (ifVersion === -2) return entry !== undefined;
  return (entry?.version ?? 0) === ifVersion;
}

function put(
  { key, value, kind, ifVersion, ttl, deadline, previous }: Operation & { verb: 'put' },
  entry: Entry | undefined,
  { time, seq }: EvalContext,
): Expectation {
  const shown = previous ? entry : undefined;
  if (!holds(ifVersion, entry)) {
    return { effect: NO_EFFECT, result: result(Status.conditionFailed, entry?.version ?? 0, shown) };
  }
  let expiresAt = deadline;
  if (ttl > 0) expiresAt = Math.ceil(time + ttl);
  if (ttl === -1) expiresAt = entry?.expiresAt ?? 0;
  return { effect: { type: 'put', key, value, kind, expiresAt }, result: result(Status.ok, seq, shown) };
}

function increment(
  operation: Operation & { verb: 'increment' | 'increment-float' },
  entry: Entry | undefined,
  { time, seq }: EvalContext,
): Expectation {
  const before = entry?.value ?? '0';
  const isFloat = operation.verb === 'increment-float';
  const number = isFloat ? /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i : /^(0|-?[1-9]\d{0,15})$/;
  if (entry?.kind === ValueKind.structured || !number.test(before)) return nothing(Status.notANumber, entry);
  const { kind = ValueKind.number } = entry ?? {};
  let { expiresAt = 0 } = entry ?? {};
  if (operation.verb === 'increment' && operation.ttl && !(operation.ttlOnlyIfNew && entry)) {
    expiresAt = Math.ceil(time + operation.ttl);
  }
  const by = String(operation.by);
  const value =
    isFloat && isDecimal(before) && isDecimal(by) ? addDecimals(before, by) : String(Number(before) + Number(by));
  const effect = { type: 'put', key: operation.key, value, kind, expiresAt } as const;
  return { effect, result: result(Status.ok, seq, { value, kind, expiresAt }) };
}

function isDecimal(text: string): boolean {
  const [whole = '', fraction = '', ...rest] = text.replace(/^[+-]/, '').split('.');
  const digits = (part: string, most: number) => part.length <= most && /^\d*$/.test(part);
  return rest.length === 0 && digits(whole, 20) && digits(fraction, 17);
}

/** As on paper: both with as many places as the longer has. */
function addDecimals(one: string, other: string): string {
  const places = Math.max(...[one, other].map((text) => text.split('.')[1]?.length ?? 0));
  const units = [one, other].map((text) => {
    const [whole = '', fraction = ''] = text.split('.');
    return BigInt(whole + fraction + '0'.repeat(places - fraction.length));
  });
  const sum = units[0]! + units[1]!;
  const sign = sum < 0n ? '-' : '';
  const digits = sum
    .toString()
    .replace('-', '')
    .padStart(places + 1, '0');
  const text = `${digits.slice(0, digits.length - places)}.${digits.slice(digits.length - places)}`;
  return sign + text.replace(/\.?0*$/, '');
}

function append(
  { key, value: suffix, kind: kindIfNew }: Operation & { verb: 'append' },
  entry: Entry | undefined,
  { seq, maxValueBytes }: EvalContext,
): Expectation {
  const { kind: present, expiresAt, value: before } = entry ?? { kind: kindIfNew, expiresAt: 0, value: '' };
  if (present === ValueKind.structured) return nothing(Status.wrongKind, entry);
  const kind = present === ValueKind.number ? ValueKind.text : present;
  const value = before + suffix;
  if (value.length > maxValueBytes) return nothing(Status.valueTooLarge, entry);
  const length = { value: String(value.length), kind, expiresAt };
  return { effect: { type: 'put', key, value, kind, expiresAt }, result: result(Status.ok, seq, length) };
}

/** Bytes from one place to another, one by one; a negative place counts from the end. */
function range({ start, end }: Operation & { verb: 'get-range' }, value: string): string {
  const place = (at: number): number => (at < 0 ? value.length + at : at);
  if (start < 0 && end < 0 && start > end) return '';
  return [...value].filter((_, at) => at >= place(start) && at <= Math.max(0, place(end))).join('');
}

function setRange(
  { key, offset, value }: Operation & { verb: 'set-range' },
  entry: Entry | undefined,
  moment: EvalContext,
): Expectation {
  if (entry?.kind === ValueKind.structured) return nothing(Status.wrongKind, entry);
  const bytes = [...(entry?.value ?? '')];
  if (value === '') {
    const { version = 0, expiresAt = 0 } = entry ?? {};
    const length = { value: String(bytes.length), kind: ValueKind.text, expiresAt };
    return { effect: NO_EFFECT, result: result(Status.ok, version, length) };
  }
  while (bytes.length < offset) bytes.push('\0');
  bytes.splice(offset, value.length, ...value);
  if (bytes.length > moment.maxValueBytes) return nothing(Status.valueTooLarge, entry);
  return rewritten(key, bytes, entry, moment, String(bytes.length));
}

function setBit(
  { key, offset, bit }: Operation & { verb: 'set-bit' },
  entry: Entry | undefined,
  moment: EvalContext,
): Expectation {
  if (entry?.kind === ValueKind.structured) return nothing(Status.wrongKind, entry);
  const bytes = [...(entry?.value ?? '')];
  const at = (offset - (offset % 8)) / 8;
  if (at + 1 > moment.maxValueBytes) return nothing(Status.valueTooLarge, entry);
  while (bytes.length <= at) bytes.push('\0');
  const bits = bytes[at]!.charCodeAt(0).toString(2).padStart(8, '0');
  const place = offset % 8;
  if (entry !== undefined && entry.value.length > at && bits[place] === String(bit)) {
    const { kind, version, expiresAt } = entry;
    return { effect: { type: 'none' }, result: result(Status.ok, version, { value: bits[place]!, kind, expiresAt }) };
  }
  bytes[at] = String.fromCharCode(Number.parseInt(`${bits.slice(0, place)}${bit}${bits.slice(place + 1)}`, 2));
  return rewritten(key, bytes, entry, moment, bits[place]!);
}

/** Other bytes for a value: text, or bytes if it was, and the deadline stays. */
function rewritten(
  key: string,
  bytes: readonly string[],
  entry: Entry | undefined,
  { seq }: EvalContext,
  answer: string,
): Expectation {
  const kind = entry?.kind === ValueKind.bytes ? ValueKind.bytes : ValueKind.text;
  const expiresAt = entry?.expiresAt ?? 0;
  const effect = { type: 'put', key, value: bytes.join(''), kind, expiresAt } as const;
  return { effect, result: result(Status.ok, seq, { value: answer, kind, expiresAt }) };
}

function expire(
  { key, ttl, deadline, when }: Pick<Operation & { verb: 'expire' }, 'key' | 'ttl' | 'deadline' | 'when'>,
  entry: Entry | undefined,
  { time, seq }: EvalContext,
  previous: boolean,
): Expectation {
  if (entry === undefined) return nothing(Status.absent, undefined);
  const wanted = ttl > 0 ? Math.ceil(time + ttl) : deadline;
  const present = entry.expiresAt === 0 ? Number.POSITIVE_INFINITY : entry.expiresAt;
  const finite = present !== Number.POSITIVE_INFINITY;
  const allowed = {
    always: true,
    none: !finite,
    some: finite,
    later: finite && wanted > present,
    sooner: wanted < present,
    'some-later': finite && wanted > present,
    'some-sooner': finite && wanted < present,
  };
  const shown = previous ? entry : undefined;
  if (wanted === 0 ? !finite : !allowed[when]) {
    return { effect: NO_EFFECT, result: result(Status.conditionFailed, entry.version, shown) };
  }
  if (isPast(wanted, time)) {
    return { effect: { type: 'remove', key, cause: 'delete' }, result: result(Status.ok, 0, shown) };
  }
  return {
    effect: { type: 'deadline', key, expiresAt: wanted },
    result: { ...result(Status.ok, seq, shown), expiresAt: wanted },
  };
}
