import type { Height, TimeMs } from '../../types/index.js'

/** Where pki keeps what, and the shape of it. */

export type Moment = { readonly height: Height; readonly timeMs: TimeMs }

export type Endorsement = Moment & { readonly organization: string }

/** `invalidSinceMs` says from when on the key is not to be trusted; `height` and `timeMs` say when the network learnt it. */
export type Revocation = Moment & {
  readonly organization: string
  readonly reason: string
  readonly invalidSinceMs: TimeMs
}

export type InstrumentRecord = {
  readonly instrument: string
  readonly type: string
  /** Who proposed the key. */
  readonly organization: string
  /** Who runs the instrument and may anchor records whose counter is not signed. */
  readonly operator: string
  readonly algorithm: 'ecdsa-p256-sha256'
  /** Uncompressed point, hexadecimal. */
  readonly key: string
  readonly proposed: Moment
  readonly endorsements: readonly Endorsement[]
  readonly activated: Moment | null
  /** Each later one reaches further back. */
  readonly revocations: readonly Revocation[]
}

/** Last anchored record of a key. */
export type CounterRecord = Moment & { readonly counter: number }

export const REVOCATIONS_MAX = 8

export const instrumentKey = (instrument: string): string => `instruments/${instrument}`
export const counterKey = (instrument: string): string => `counters/${instrument}`
/** @param compressed compressed point, hexadecimal; the value is the instrument's id */
export const keyKey = (compressed: string): string => `keys/${compressed}`
