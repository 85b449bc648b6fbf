import {
  defaultKey,
  type HistoryEntry,
  type InstrumentKey,
  type InstrumentRecord,
  isOver,
  type KeyStatus,
  type KeyUsage,
  keyOf,
  type PkiEvent,
  standingOf,
  statusAt,
} from '../../formats/pki-status.js'
import { isProblem } from '../../formats/problem.js'
import { type KeyCurve, type PublicKey, parsePublicKey } from '../../formats/public-key.js'
import { possessionStatement } from '../../formats/record-statements.js'
import { checkText } from '../../formats/signed-record.js'
import type { TimeMs } from '../../types/index.js'
import type { MethodContext } from '../contract.js'
import { KEYS_MAX } from './arguments.js'
import { instrumentKey, keyKey } from './records.js'

/** What several methods do with the record of an instrument. Each lists the refusals that it may give. */

/**
 * Events that a record can hold. An entry has at most about 400 characters and a key 400, so that the record stays below the
 * bound of a value of the state.
 */
export const HISTORY_MAX = 128
/** Of these, kept free for revocations. */
export const REVOCATIONS_RESERVE_MAX = 32

type Context<R extends string> = Pick<MethodContext<R>, 'state' | 'refuse' | 'height' | 'timeMs' | 'caller' | 'crypto'>

export function loadInstrument(ctx: Context<'pki/unknown-instrument'>, instrument: string): InstrumentRecord {
  const record = ctx.state.get<InstrumentRecord>(instrumentKey(instrument))
  return record ?? ctx.refuse('pki/unknown-instrument', `no key was ever proposed for ${instrument}`)
}

/** @param number the default key when absent */
export function loadKey(
  ctx: Context<'pki/unknown-key'>,
  record: InstrumentRecord,
  number: number = defaultKey(record),
): InstrumentKey {
  const key = keyOf(record, number)
  return key ?? ctx.refuse('pki/unknown-key', `${record.instrument} has ${record.keys.length} keys`)
}

/** An event of now, by the caller. */
export function entryOf(
  ctx: Context<never>,
  event: PkiEvent,
  key: number | null,
  { sinceMs = ctx.timeMs, reason = '' }: { readonly sinceMs?: TimeMs | undefined; readonly reason?: string } = {},
): HistoryEntry {
  return { event, key, by: ctx.caller.organization, height: ctx.height, timeMs: ctx.timeMs, sinceMs, reason }
}

/** Writes the record with further events. */
export function store(
  ctx: Context<'pki/history-full'>,
  record: InstrumentRecord,
  ...entries: readonly HistoryEntry[]
): InstrumentRecord {
  const history = [...record.history, ...entries]
  const revokes = entries.some(({ event }) => event === 'revoked')
  const room = revokes ? HISTORY_MAX : HISTORY_MAX - REVOCATIONS_RESERVE_MAX
  if (history.length > room) {
    return ctx.refuse('pki/history-full', `the record of ${record.instrument} has ${record.history.length} events`)
  }
  const after = { ...record, history }
  ctx.state.set(instrumentKey(record.instrument), after)
  return after
}

/** Nothing can be declared for a time that is still to come. */
export function pastTime(ctx: Context<'pki/invalid-since-in-future'>, sinceMs: TimeMs | undefined): TimeMs {
  if (sinceMs === undefined || sinceMs <= ctx.timeMs) return sinceMs ?? ctx.timeMs
  return ctx.refuse('pki/invalid-since-in-future', `the time of the block is ${ctx.timeMs}`)
}

/** Why a key of a status may not sign. */
const CODE_OF_STATUS = {
  unknown: 'pki/not-endorsed',
  proposed: 'pki/not-endorsed',
  suspended: 'pki/suspended',
  'seal-broken': 'pki/seal-broken',
  expired: 'pki/expired',
  retired: 'pki/retired',
  revoked: 'pki/revoked',
} as const satisfies Record<Exclude<KeyStatus, 'active'>, string>

export const NOT_ACTIVE = [
  'pki/not-endorsed',
  'pki/suspended',
  'pki/seal-broken',
  'pki/expired',
  'pki/retired',
  'pki/revoked',
] as const

/** @param timeMs the time for which the key must have been active, by what is known now */
export function demandActive(
  ctx: Context<(typeof NOT_ACTIVE)[number]>,
  record: InstrumentRecord,
  key: number,
  timeMs: TimeMs,
): void {
  const status = statusAt(record, key, timeMs)
  if (status === 'active') return
  const what = `key ${key} of ${record.instrument}`
  ctx.refuse(CODE_OF_STATUS[status], `at the time ${timeMs} the status of ${what} is ${status}`)
}

export const isParty = ({ organization, operator }: InstrumentRecord, caller: string): boolean =>
  caller === organization || caller === operator

export interface NewKey {
  readonly pem?: string | undefined
  readonly publicKey?: string | undefined
  readonly curve?: KeyCurve | undefined
  readonly possession: string
  readonly validUntilMs?: TimeMs | undefined
}

export const NEW_KEY_REFUSALS = ['pki/bad-key', 'pki/bad-possession', 'pki/bad-validity', 'pki/key-in-use'] as const

/** Reads and checks a key that comes in, and takes its place in the index of keys. */
export function admitKey(
  ctx: Context<(typeof NEW_KEY_REFUSALS)[number]>,
  instrument: string,
  { pem, publicKey, curve, possession, validUntilMs }: NewKey,
): PublicKey {
  const text = pem ?? publicKey
  if (text === undefined || (pem !== undefined && publicKey !== undefined)) {
    return ctx.refuse('pki/bad-key', 'either pem or publicKey is expected')
  }
  const parsed = parsePublicKey(text, curve)
  if (isProblem(parsed)) return ctx.refuse('pki/bad-key', parsed.problem)
  if (validUntilMs !== undefined && validUntilMs <= ctx.timeMs) {
    return ctx.refuse('pki/bad-validity', `the time of the block is ${ctx.timeMs}`)
  }
  const place = keyKey(parsed.curve, parsed.compressed)
  if (ctx.state.get(place) !== undefined) return ctx.refuse('pki/key-in-use', 'no key is used twice')
  const statement = possessionStatement(ctx.caller.organization, instrument, parsed.key)
  const verdict = checkText(ctx.crypto, parsed, statement, possession)
  if (verdict !== 'good') {
    return ctx.refuse('pki/bad-possession', `the signature over the possession text by the key is ${verdict}`)
  }
  ctx.state.set(place, instrument)
  return parsed
}

interface KeyTerms {
  readonly usages: readonly KeyUsage[]
  readonly validUntilMs: TimeMs | null
  readonly replaces: number | null
}

export const keyRecord = (number: number, { algorithm, curve, key }: PublicKey, terms: KeyTerms): InstrumentKey => ({
  number,
  algorithm,
  curve,
  key,
  ...terms,
})

/** The record with one more key. */
export function withKey(
  ctx: Context<'pki/too-many-keys'>,
  record: InstrumentRecord,
  added: PublicKey,
  terms: KeyTerms,
): { readonly record: InstrumentRecord; readonly key: InstrumentKey } {
  const number = record.keys.length + 1
  if (number > KEYS_MAX) return ctx.refuse('pki/too-many-keys', `${record.instrument} has ${record.keys.length} keys`)
  const key = keyRecord(number, added, terms)
  return { record: { ...record, keys: [...record.keys, key] }, key }
}

/** A usage belongs to one key at a time. @param except number of a key that is about to be over */
export function demandFreeUsages(
  ctx: Context<'pki/usage-taken'>,
  record: InstrumentRecord,
  usages: readonly KeyUsage[],
  except?: number,
): void {
  for (const { number, usages: taken } of record.keys) {
    const isAlive =
      number !== except && !isOver(standingOf(record, number)) && statusAt(record, number, ctx.timeMs) !== 'expired'
    const usage = isAlive ? usages.find((it) => taken.includes(it)) : undefined
    if (usage !== undefined) ctx.refuse('pki/usage-taken', `key ${number} of ${record.instrument} is for ${usage}`)
  }
}

/** Usages without repetition, in their usual order. */
export const distinct = (usages: readonly KeyUsage[], order: readonly KeyUsage[]): readonly KeyUsage[] =>
  order.filter((usage) => usages.includes(usage))
