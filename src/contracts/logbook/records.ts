import type { Height, TimeMs } from '../../types/index.js'

/** Where logbook keeps what, and the shape of it. */

export type Moment = { readonly height: Height; readonly timeMs: TimeMs }

/**
 * End of the chain of entries of a subject, or of a category. The entries themselves are facts of receipts and cost no state; each names
 * the transaction of the one before, so that a chain is read backwards from here and nothing is left out.
 */
export type ChainRecord = Moment & { readonly counter: number; readonly last: string }

export type DccItem = {
  readonly name: string
  /** Such as the serial number that the manufacturer gave. */
  readonly identifications: readonly { readonly issuer: string; readonly value: string }[]
}

/** A digital calibration certificate. */
export type DccRecord = {
  readonly identifier: string
  /** SHA-256 of the file. */
  readonly hash: string
  /** Of the DCC schema, such as 3.3.0. */
  readonly schemaVersion: string
  /** The organization that registered it. */
  readonly organization: string
  /** The calibration laboratory, as the certificate names it. */
  readonly laboratory: string
  readonly items: readonly DccItem[]
  /** Dates of the calibration, `YYYY-MM-DD`. */
  readonly performed: { readonly begin: string; readonly end: string }
  readonly supersedes: string | null
  readonly registered: Moment
  readonly supersededBy: (Moment & { readonly identifier: string }) | null
  readonly revoked: (Moment & { readonly organization: string; readonly reason: string }) | null
}

export type DccStatus = 'valid' | 'superseded' | 'revoked' | 'altered' | 'unknown'

/**
 * What a certificate is worth.
 * @param hash SHA-256 of the file at hand; without it the record alone is judged
 */
export function dccStatus(record: DccRecord | undefined, hash: string | undefined): DccStatus {
  if (record === undefined) return 'unknown'
  if (hash !== undefined && hash !== record.hash) return 'altered'
  if (record.revoked !== null) return 'revoked'
  return record.supersededBy === null ? 'valid' : 'superseded'
}

export const SUBJECTS_PREFIX = 'subjects/'
export const CATEGORIES_PREFIX = 'categories/'
export const DCC_PREFIX = 'dcc/'
export const subjectKey = (subject: string): string => `${SUBJECTS_PREFIX}${subject}`
export const categoryKey = (category: string): string => `${CATEGORIES_PREFIX}${category}`
export const dccKey = (identifier: string): string => `${DCC_PREFIX}${identifier}`
/** The value is the identifier of the certificate. */
export const dccHashKey = (hash: string): string => `dcc-hashes/${hash}`

/** Full state keys for clients that read with proof. */
export const logbookKeys = {
  dcc: (identifier: string): string => `logbook/${dccKey(identifier)}`,
}
