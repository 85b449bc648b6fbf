import type { Height, TimeMs } from '../types/index.js'
import type { KeyCurve } from './public-key.js'

/**
 * The record of an instrument, and what it says of a key at a time. Contract and clients judge alike: with a state proof of the record
 * anyone can tell offline whether a key was entitled to sign.
 *
 * Two times are kept apart for every event: since when it holds (`sinceMs`), and when the network learnt of it (`height`, `timeMs` of
 * the block). A status is asked for a point on both axes (bitemporal; Snodgrass, "Developing Time-Oriented Database Applications in SQL", 2000, chapter 10).
 */

/** What a key may sign. `measure`: measuring records; the others: software, configuration, certificates for connections. */
export const KEY_USAGES = ['measure', 'software', 'config', 'tls'] as const
export type KeyUsage = (typeof KEY_USAGES)[number]

export const PKI_EVENTS = [
  'proposed',
  'endorsed',
  'activated',
  'suspended',
  'resumed',
  'revoked',
  'retired',
  'seal-broken',
  'seal-renewed',
] as const
export type PkiEvent = (typeof PKI_EVENTS)[number]

export type HistoryEntry = {
  readonly event: PkiEvent
  /** Number of the key; `null`: the instrument with all its keys. */
  readonly key: number | null
  /** Organization. */
  readonly by: string
  readonly height: Height
  readonly timeMs: TimeMs
  /** From when on it holds; at or before `timeMs`. */
  readonly sinceMs: TimeMs
  /** For people; empty where there is nothing to say. */
  readonly reason: string
}

export type InstrumentKey = {
  /** From 1, in the order of their proposals; never used again. */
  readonly number: number
  readonly algorithm: 'ecdsa' | 'ed25519'
  readonly curve: KeyCurve
  /** Uncompressed point, or the 32 bytes of an Ed25519 key; hexadecimal. */
  readonly key: string
  readonly usages: readonly KeyUsage[]
  /** From this time on it is expired; `null`: it does not expire by itself. */
  readonly validUntilMs: TimeMs | null
  /** Number of the key whose office it took over; `null` of a key that was proposed. */
  readonly replaces: number | null
}

export type InstrumentRecord = {
  readonly instrument: string
  readonly type: string
  /** Id of the type approval under which it was proposed; `null` when none was named. */
  readonly approval: string | null
  /** Serial number that its records carry; `null` when none was named. */
  readonly serial: string | null
  /** Who proposed it. */
  readonly organization: string
  /** Who runs it, and may anchor records whose counter is not signed. */
  readonly operator: string
  /** Numbers of the seals that are on it now. */
  readonly seals: readonly string[]
  readonly keys: readonly InstrumentKey[]
  /** In the order of their blocks. */
  readonly history: readonly HistoryEntry[]
}

/**
 * `unknown`: not proposed yet; `proposed`: too few endorsements; `active`: entitled to sign; `suspended` and `seal-broken`: not for
 * the time being; `expired`, `retired`, `revoked`: no longer. Where several hold, the last in the order revoked, retired, proposed, expired,
 * suspended, seal-broken yields to those before it.
 */
export type KeyStatus =
  | 'unknown'
  | 'proposed'
  | 'active'
  | 'suspended'
  | 'seal-broken'
  | 'expired'
  | 'retired'
  | 'revoked'

/** Knowledge of everything that is in the record. */
export const NOW_KNOWN: Height = Number.MAX_SAFE_INTEGER

/**
 * What was known at a height about a key at a time.
 * @param timeMs the time asked about
 * @param knownAtHeight height whose knowledge counts; a record read at height h says nothing of later ones
 */
export function statusAt(
  record: InstrumentRecord,
  keyNumber: number,
  timeMs: TimeMs,
  knownAtHeight: Height = NOW_KNOWN,
): KeyStatus {
  const key = keyOf(record, keyNumber)
  return key === undefined ? 'unknown' : judge(record, key, timeMs, knownAtHeight, key.validUntilMs)
}

/** The status of a key by what was known at a height, whatever the time: what can be said without a clock. Expiry is left aside. */
export function standingOf(record: InstrumentRecord, keyNumber: number, knownAtHeight: Height = NOW_KNOWN): KeyStatus {
  const key = keyOf(record, keyNumber)
  return key === undefined ? 'unknown' : judge(record, key, Number.MAX_SAFE_INTEGER, knownAtHeight, null)
}

function judge(
  { history }: InstrumentRecord,
  { number, usages }: InstrumentKey,
  timeMs: TimeMs,
  knownAtHeight: Height,
  validUntilMs: TimeMs | null,
): KeyStatus {
  const holding = history.filter(({ height, sinceMs }) => height <= knownAtHeight && sinceMs <= timeMs)
  const has = (event: PkiEvent) => holding.some((entry) => entry.event === event && entry.key === number)
  if (!has('proposed')) return 'unknown'
  if (has('revoked')) return 'revoked'
  if (has('retired')) return 'retired'
  if (!has('activated')) return 'proposed'
  if (validUntilMs !== null && timeMs >= validUntilMs) return 'expired'
  if (isSuspended(holding, null) || isSuspended(holding, number)) return 'suspended'
  return usages.includes('measure') && isSealBroken(holding) ? 'seal-broken' : 'active'
}

/** True when the key, or with `null` the instrument as a whole, is suspended by the last that holds. */
export const isSuspended = (history: readonly HistoryEntry[], key: number | null): boolean =>
  lastOf(history, key, 'suspended', 'resumed') === 'suspended'

export const isSealBroken = (history: readonly HistoryEntry[]): boolean =>
  lastOf(history, null, 'seal-broken', 'seal-renewed') === 'seal-broken'

/** What was recorded last of two: an end ends whatever was recorded before it. */
function lastOf(history: readonly HistoryEntry[], key: number | null, ...events: readonly PkiEvent[]) {
  return history.findLast((entry) => entry.key === key && events.includes(entry.event))?.event
}

export function keyOf(record: InstrumentRecord, number: number): InstrumentKey | undefined {
  return record.keys[number - 1]
}

/**
 * The key that is meant where none is named: the newest one with the usage that is not revoked or retired, else the newest with the usage,
 * else the newest.
 */
export function defaultKey(record: InstrumentRecord, usage: KeyUsage = 'measure'): number {
  const candidates = record.keys.filter(({ usages }) => usages.includes(usage))
  const alive = candidates.findLast(({ number }) => !isOver(standingOf(record, number)))
  return (alive ?? candidates.at(-1) ?? record.keys.at(-1))?.number ?? 0
}

/** True of a status that no event can lift. */
export const isOver = (status: KeyStatus): boolean => status === 'revoked' || status === 'retired'

/** Since when a key is not to be trusted, by what was known at a height; revocations reach further back one by one. */
export function invalidSinceMs(
  { history }: InstrumentRecord,
  keyNumber: number,
  knownAtHeight: Height = NOW_KNOWN,
): TimeMs | undefined {
  return history.findLast(
    ({ event, key, height }) => event === 'revoked' && key === keyNumber && height <= knownAtHeight,
  )?.sinceMs
}
