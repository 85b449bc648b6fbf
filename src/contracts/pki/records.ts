import type { KeyCurve } from '../../formats/public-key.js'
import type { Height, TimeMs } from '../../types/index.js'

/** Where pki keeps what. The record of an instrument is that of formats/pki-status.ts, which clients read as well. */

export type Moment = { readonly height: Height; readonly timeMs: TimeMs }

export type LastRecord = Moment & {
  readonly counter: number
  /** Time that the record itself states, signed; `null` when it states none. */
  readonly recordTimeMs: TimeMs | null
}

/** Last anchored record of a key in each of its counters. */
export type CountersRecord = {
  readonly record?: LastRecord
  readonly 'ocmf-T'?: LastRecord
  readonly 'ocmf-F'?: LastRecord
}

export type ApprovalRecord = {
  readonly approval: string
  readonly type: string
  /** Organization whose instruments it covers. */
  readonly manufacturer: string
  /** Who gave it. */
  readonly organization: string
  /** SHA-256 of the certificate. */
  readonly documentHash: string
  readonly validUntilMs: TimeMs | null
  readonly granted: Moment
  readonly withdrawn: (Moment & { readonly by: string; readonly reason: string }) | null
}

export const INSTRUMENTS = 'instruments/'
export const instrumentKey = (instrument: string): string => `${INSTRUMENTS}${instrument}`
/** Ids of instruments hold no slash. */
export const countersKey = (instrument: string, key: number): string => `counters/${instrument}/${key}`
/** @param compressed compressed point, or Ed25519 key, hexadecimal; the value is the instrument's id */
export const keyKey = (curve: KeyCurve, compressed: string): string => `keys/${curve}/${compressed}`
export const approvalKey = (approval: string): string => `approvals/${approval}`
