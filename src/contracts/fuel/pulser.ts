import type { CryptoSuite } from '../../crypto/suite.js'
import type { TimeMs } from '../../types/index.js'
import type { StateView } from '../contract.js'
import { type MeasuringKey, measuringKey, signedByKey } from '../pki/measuring-key.js'

/** All that fuel knows of pki: the key of a pulser, and what it signed. */

export { Instrument, Signature } from '../pki/arguments.js'

export type PulserKey = MeasuringKey

/** The key with which a pulser may sign at the time of the block; `undefined` when pki has no active one. */
export function pulserKey(pki: StateView, instrument: string, timeMs: TimeMs): PulserKey | undefined {
  const key = measuringKey(pki, instrument, timeMs)
  return key?.status === 'active' ? key : undefined
}

export function signedByPulser(crypto: CryptoSuite, key: PulserKey, text: string, signature: string): boolean {
  return signedByKey(crypto, key, text, signature) === 'good'
}
