import type { CryptoSuite } from '../../crypto/suite.js'
import type { StateView } from '../contract.js'
import { type InstrumentRecord, instrumentKey } from '../pki/records.js'
import { checkSignature } from '../pki/signatures.js'
import { currentStatus } from '../pki/status.js'

/** Point of the key with which a pulser may sign now; `undefined` when pki has no active one. */
export function pulserKey(pki: StateView, instrument: string): string | undefined {
  const record = pki.get<InstrumentRecord>(instrumentKey(instrument))
  return record !== undefined && currentStatus(record) === 'active' ? record.key : undefined
}

export function signedByPulser(crypto: CryptoSuite, key: string, text: string, signature: string): boolean {
  return checkSignature(crypto, key, text, signature) === 'good'
}
