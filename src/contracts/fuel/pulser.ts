import type { CryptoSuite } from '../../crypto/suite.js'
import type { TimeMs } from '../../types/index.js'
import type { StateView } from '../contract.js'
import { type InstrumentRecord, instrumentKey } from '../pki/records.js'
import { checkSignature } from '../pki/signatures.js'
import { statusAt } from '../pki/status.js'

/** All that fuel knows of pki: the key of a pulser, and what it signed. */

export { Instrument, Signature } from '../pki/methods.js'

export type PulserKey = Pick<InstrumentRecord, 'key'>

/** The key with which a pulser may sign at the time of the block; `undefined` when pki has no active one. */
export function pulserKey(pki: StateView, instrument: string, timeMs: TimeMs): PulserKey | undefined {
  const record = pki.get<InstrumentRecord>(instrumentKey(instrument))
  if (record === undefined || statusAt(record, timeMs, Number.MAX_SAFE_INTEGER) !== 'active') return undefined
  return record
}

export function signedByPulser(crypto: CryptoSuite, { key }: PulserKey, text: string, signature: string): boolean {
  return checkSignature(crypto, key, text, signature) === 'good'
}
