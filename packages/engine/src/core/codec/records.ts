/**
 * Results, effects and records as items of a batch, in their general form (grammar.ts). A record of a plain put has a form of its
 * own, which the encoder and decoder write and read in their loops.
 *
 * Invariant  read* gives back what write* wrote, and consumes exactly the same words.
 */
import { type Block, textOf } from '../data/block.ts';
import { ValueKind } from '../data/operation.ts';
import {
  type Effect,
  type ManyEffect,
  NO_EFFECT,
  newRecord,
  type PreviousValue,
  type PutEffect,
  type Record,
  type RemoveEffect,
  Watched,
} from '../data/record.ts';
import { blockResult, type Page, plainResult, type Result, Status, valueResult } from '../data/result.ts';
import { invariant } from '../protocol/invariant.ts';
import {
  EFFECT_DETAIL_SHIFT,
  EFFECT_EXPIRES,
  EFFECT_MASK,
  EffectCode,
  HAS_BLOCK,
  HAS_EXPIRY,
  HAS_ITEMS,
  HAS_PAGE,
  HAS_RESULT,
  HAS_VALUE,
  ITEM_IS_ENTRY,
  KIND_MASK,
  OWN_RECORD,
  PLAIN_RESULT,
  PREVIOUS_GIVEN,
  PREVIOUS_NONE,
  PREVIOUS_SHIFT,
  REMOVAL_CAUSES,
  RESULT_IS_ENTRY,
  RESULT_KIND_SHIFT,
  STATUS_MASK,
  VERSION_GIVEN,
  VERSION_ZERO,
  WATCHED_SHIFT,
} from './grammar.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

const NO_EFFECTS: readonly Effect[] = [];

/** The code of a result whose version the place implies to be `implied`. */
export function resultCode(result: Result, implied: number): number {
  let code = result.status | (result.kind << RESULT_KIND_SHIFT);
  if (result.version !== implied) code |= result.version === 0 ? VERSION_ZERO : VERSION_GIVEN;
  if (result.value !== null) code |= HAS_VALUE;
  if (result.expiresAt !== 0) code |= HAS_EXPIRY;
  if (result.page !== null) code |= HAS_PAGE;
  if (result.items !== null) code |= HAS_ITEMS;
  if (result.block !== undefined) code |= HAS_BLOCK;
  return code;
}

/** What follows a result's code. `implied`: the version its place implies, for its items too. */
export function writeResultFields(out: Writer, code: number, result: Result, implied: number): void {
  writeResultBeside(NO_EFFECTS, out, code, result, implied);
}

function writeResultBeside(
  effects: readonly Effect[],
  out: Writer,
  code: number,
  result: Result,
  implied: number,
): void {
  if ((code & VERSION_GIVEN) !== 0) out.number(result.version);
  if (result.value !== null) out.text(result.value);
  if (result.expiresAt !== 0) out.number(result.expiresAt);
  if (result.page !== null) {
    out.number(result.page.cursor);
    out.mixed(result.page.entries);
  }
  if (result.items !== null) writeItems(out, result.items, implied, effects);
  if (result.block !== undefined) out.value(result.block);
}

/** `effects`: of the record they are in. An increment's item repeats what its effect says: it need not travel twice. */
function writeItems(out: Writer, items: readonly Result[], implied: number, effects: readonly Effect[]): void {
  out.word(items.length);
  for (let at = 0; at < items.length; at++) {
    const item = items[at]!;
    const effect = effects[at];
    if (effect !== undefined && isEntryOf(effect, item, implied)) {
      out.word(ITEM_IS_ENTRY);
      continue;
    }
    const code = resultCode(item, implied);
    out.word(code);
    writeResultFields(out, code, item, implied);
  }
}

function readItems(from: Reader, implied: number, effects: readonly Effect[]): Result[] {
  const items: Result[] = [];
  const length = from.word();
  for (let at = 0; at < length; at++) {
    const code = from.word();
    items.push(code === ITEM_IS_ENTRY ? entryOf(effects[at] as PutEffect, implied) : readResult(code, implied, from));
  }
  return items;
}

export function readResult(code: number, implied: number, from: Reader): Result {
  return readResultOf(code, implied, from, NO_EFFECTS);
}

function readResultOf(code: number, implied: number, from: Reader, effects: readonly Effect[]): Result {
  const status = (code & STATUS_MASK) as Status;
  const version = (code & VERSION_GIVEN) !== 0 ? from.number() : (code & VERSION_ZERO) !== 0 ? 0 : implied;
  const value = (code & HAS_VALUE) !== 0 ? from.text() : null;
  const kind = ((code >> RESULT_KIND_SHIFT) & KIND_MASK) as ValueKind;
  const expiresAt = (code & HAS_EXPIRY) !== 0 ? from.number() : 0;
  const page: Page | null = (code & HAS_PAGE) !== 0 ? { cursor: from.number(), entries: from.mixed() } : null;
  const items = (code & HAS_ITEMS) !== 0 ? readItems(from, implied, effects) : null;
  if ((code & HAS_BLOCK) === 0) return { status, version, value, kind, expiresAt, page, items };
  return blockResult(version, from.value() as Block, kind, expiresAt);
}

/** The general form of a record; its seq and (unless it is the primary's own) its request are implied by its place. */
export function writeRecord(out: Writer, record: Record): void {
  const { effect, result, seq } = record;
  const plain = resultCode(result, seq);
  const asEntry = plain !== PLAIN_RESULT && isEntryOf(effect, result, seq);
  let code = effectCode(effect) | (record.request === 0 ? OWN_RECORD : 0) | (record.watched << WATCHED_SHIFT);
  if (asEntry) code |= RESULT_IS_ENTRY;
  else if (plain !== PLAIN_RESULT) code |= HAS_RESULT;
  out.word(code);
  writeEffectFields(out, effect);
  if ((code & HAS_RESULT) === 0) return;
  out.word(plain);
  writeResultBeside(effectsOf(effect), out, plain, result, seq);
}

/** The effects that items of the same record may repeat. */
function effectsOf(effect: Effect): readonly Effect[] {
  return effect.type === 'many' ? effect.effects : NO_EFFECTS;
}

function isEntryOf(effect: Effect, result: Result, seq: number): boolean {
  return (
    effect.type === 'put' &&
    result.status === Status.ok &&
    result.version === seq &&
    result.value === effect.value &&
    result.kind === effect.kind &&
    result.expiresAt === effect.expiresAt &&
    result.page === null &&
    result.items === null
  );
}

/** An effect by itself: its code, then its fields. */
export function writeEffect(out: Writer, effect: Effect): void {
  out.word(effectCode(effect));
  writeEffectFields(out, effect);
}

function effectCode(effect: Effect): number {
  switch (effect.type) {
    case 'put': {
      const expires = effect.expiresAt !== 0 ? EFFECT_EXPIRES : 0;
      return EffectCode.put | (effect.kind << EFFECT_DETAIL_SHIFT) | expires | previousCode(effect.previous);
    }
    case 'remove': {
      const cause = REMOVAL_CAUSES.indexOf(effect.cause) << EFFECT_DETAIL_SHIFT;
      return EffectCode.remove | cause | previousCode(effect.previous);
    }
    case 'patch':
      return EffectCode.patch | (effect.kind << EFFECT_DETAIL_SHIFT);
    case 'deadline':
      return EffectCode.deadline;
    case 'clear':
      return EffectCode.clear;
    case 'many':
      return EffectCode.many;
    case 'none':
      return EffectCode.none;
  }
}

function previousCode(previous: PreviousValue | null | undefined): number {
  if (previous === undefined) return 0;
  return (previous === null ? PREVIOUS_NONE : PREVIOUS_GIVEN) << PREVIOUS_SHIFT;
}

function writeEffectFields(out: Writer, effect: Effect): void {
  switch (effect.type) {
    case 'put':
      out.text(effect.key);
      out.value(effect.value);
      if (effect.expiresAt !== 0) out.number(effect.expiresAt);
      if (effect.previous) writePrevious(out, effect.previous);
      break;
    case 'remove':
      out.text(effect.key);
      if (effect.previous) writePrevious(out, effect.previous);
      break;
    case 'patch':
      out.text(effect.key);
      out.number(effect.offset);
      out.text(effect.bytes);
      break;
    case 'deadline':
      out.text(effect.key);
      out.number(effect.expiresAt);
      break;
    case 'many':
      out.word(effect.effects.length);
      for (const part of effect.effects) writeEffect(out, part);
      break;
    case 'clear':
    case 'none':
      break;
  }
}

export function writePrevious(out: Writer, { kind, value }: PreviousValue): void {
  out.word(kind);
  out.text(value);
}

export function readPrevious(from: Reader): PreviousValue {
  return { kind: from.word() as ValueKind, value: from.text() };
}

export function readEffect(code: number, from: Reader): Effect {
  const detail = (code >> EFFECT_DETAIL_SHIFT) & KIND_MASK;
  switch (code & EFFECT_MASK) {
    case EffectCode.put: {
      const key = from.text();
      const value = from.value();
      const expiresAt = (code & EFFECT_EXPIRES) !== 0 ? from.number() : 0;
      return withPrevious({ type: 'put', key, value, kind: detail as ValueKind, expiresAt }, code, from);
    }
    case EffectCode.remove:
      return withPrevious({ type: 'remove', key: from.text(), cause: REMOVAL_CAUSES[detail]! }, code, from);
    case EffectCode.patch: {
      const [key, offset, bytes] = [from.text(), from.number(), from.text()];
      return { type: 'patch', key, offset, bytes, kind: detail as ValueKind };
    }
    case EffectCode.deadline:
      return { type: 'deadline', key: from.text(), expiresAt: from.number() };
    case EffectCode.clear:
      return { type: 'clear' };
    case EffectCode.many: {
      const effects: ManyEffect['effects'][number][] = [];
      for (let left = from.word(); left > 0; left--) {
        effects.push(readEffect(from.word(), from) as ManyEffect['effects'][number]);
      }
      return { type: 'many', effects };
    }
    default:
      invariant((code & EFFECT_MASK) === EffectCode.none, 'an effect code is known');
      return NO_EFFECT;
  }
}

function withPrevious<E extends PutEffect | RemoveEffect>(effect: E, code: number, from: Reader): E {
  const told = (code >> PREVIOUS_SHIFT) & 3;
  if (told === 0) return effect;
  if (told === PREVIOUS_NONE) return { ...effect, previous: null };
  return { ...effect, previous: readPrevious(from) };
}

/** `request` is the one the place implies; the record's own if it is not the primary's. */
export function readRecord(code: number, seq: number, request: number, from: Reader): Record {
  const effect = readEffect(code, from);
  return {
    seq,
    request: (code & OWN_RECORD) !== 0 ? 0 : request,
    watched: ((code >> WATCHED_SHIFT) & 3) as Watched,
    effect,
    result: recordResult(code, seq, effect, from),
  };
}

function recordResult(code: number, seq: number, effect: Effect, from: Reader): Result {
  if ((code & HAS_RESULT) !== 0) return readResultOf(from.word(), seq, from, effectsOf(effect));
  if ((code & RESULT_IS_ENTRY) === 0) return plainResult(Status.ok, seq);
  return entryOf(effect as PutEffect, seq);
}

function entryOf({ value, kind, expiresAt }: PutEffect, seq: number): Result {
  return valueResult(Status.ok, seq, textOf(value), kind, expiresAt);
}

/** Whether a record says nothing but key and value: a plain put's. */
export function isPlainRecord(record: Record): boolean {
  const { effect } = record;
  return (
    effect.type === 'put' &&
    effect.kind === ValueKind.text &&
    effect.expiresAt === 0 &&
    effect.previous === undefined &&
    record.request !== 0 &&
    record.watched === Watched.no &&
    isPlainResult(record.result, record.seq)
  );
}

export function isPlainResult(result: Result, implied: number): boolean {
  return (
    result.status === Status.ok &&
    result.version === implied &&
    result.value === null &&
    result.kind === ValueKind.text &&
    result.expiresAt === 0 &&
    result.page === null &&
    result.items === null &&
    result.block === undefined
  );
}

/** The record of a plain put. */
export function plainRecord(seq: number, request: number, effect: PutEffect): Record {
  return newRecord(seq, request, Watched.no, effect, plainResult(Status.ok, seq));
}
