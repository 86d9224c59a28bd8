/**
 * Quantities as people write them: durations (`30s`, `1m30s`, `500ms`), sizes (`512mb`), counts and versions.
 * Every parser throws BadQuantity with a text that names what it would have taken.
 */

export class BadQuantity extends Error {
  override readonly name = 'BadQuantity';
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds. A number without a unit is seconds, as in Redis. */
export function parseDuration(text: string): number {
  const bad = new BadQuantity(`"${text}" is no duration: write 500ms, 30s, 1m30s, 2h or 7d`);
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1_000);
  if (!/^(\d+(\.\d+)?(ms|[smhdw]))+$/i.test(text)) throw bad;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/gi)) {
    total += Number(amount) * (UNIT_MS[unit!.toLowerCase()] ?? Number.NaN);
  }
  if (!Number.isSafeInteger(Math.round(total))) throw bad;
  return Math.round(total);
}

/** A duration that may not be zero: a deadline in the past deletes, which nobody means by `--ttl 0`. */
export function parsePositiveDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === 0) throw new BadQuantity('must be longer than 0');
  return ms;
}

/** Short and readable: `850ms`, `29.4s`, `12m 5s`, `3h 20m`, `2d 4h`. parseDuration reads it back without its space. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))}s`;
  const steps: [string, number][] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ];
  const first = steps.findIndex(([, size]) => ms >= size);
  const [bigUnit, bigSize] = steps[first]!;
  const [smallUnit, smallSize] = steps[first + 1] ?? ['s', 1_000];
  const small = Math.floor((ms % bigSize) / smallSize);
  return `${Math.floor(ms / bigSize)}${bigUnit}${small > 0 ? ` ${small}${smallUnit}` : ''}`;
}

const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes: `512mb`, `2gb`, `64kb`, `1048576`. As in Redis, units count by 1024. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  const bytes = match === null ? Number.NaN : Math.round(Number(match[1]) * UNIT_BYTES[match[2]!.toLowerCase()]!);
  if (!Number.isSafeInteger(bytes)) throw new BadQuantity(`"${text}" is no size: write 64kb, 512mb or 2gb`);
  return bytes;
}

export function formatSize(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let scaled = bytes;
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${unit === 0 || scaled >= 100 ? Math.round(scaled) : Number(scaled.toFixed(1))} ${units[unit]}`;
}

/** A whole number from `least` to `most`. */
export function parseWhole(text: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
    throw new BadQuantity(`"${text}" is no whole number ${range}`);
  }
  return value;
}

/** An entry's version, as `get --entry` shows it; 0 stands for "absent". */
export function parseVersion(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new BadQuantity(`"${text}" is no version: a version is a whole number such as 17 (0 = absent)`);
  }
  return Number(text);
}

/** 171075 → `171,075`, whatever the locale: output must not depend on where it is made. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}
