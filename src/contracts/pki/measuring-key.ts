import type { CryptoSuite } from '../../crypto/suite.js'
import {
  defaultKey,
  type InstrumentKey,
  type InstrumentRecord,
  type KeyStatus,
  keyOf,
  statusAt,
} from '../../formats/pki-status.js'
import { type CryptographicVerdict, checkText } from '../../formats/signed-record.js'
import type { TimeMs } from '../../types/index.js'
import type { StateView } from '../contract.js'
import { instrumentKey } from './records.js'

/** What other contracts ask of pki: the measuring key of an instrument, and what it signed. */

export interface MeasuringKey {
  readonly key: InstrumentKey
  readonly status: KeyStatus
}

/**
 * The present measuring key of an instrument, with its status at a time by all that is known; only `active` entitles it to sign.
 * @param pki `ctx.other('pki')`
 * @returns `undefined` when the instrument is not registered, or never had a measuring key
 */
export function measuringKey(pki: StateView, instrument: string, timeMs: TimeMs): MeasuringKey | undefined {
  const record = pki.get<InstrumentRecord>(instrumentKey(instrument))
  if (record === undefined) return undefined
  const number = defaultKey(record)
  const key = keyOf(record, number)
  return key?.usages.includes('measure') === true ? { key, status: statusAt(record, number, timeMs) } : undefined
}

/** A signature over a text in etalon's own scheme for the key: base64, of ECDSA in DER. */
export function signedByKey(
  crypto: CryptoSuite,
  { key }: MeasuringKey,
  text: string,
  signature: string,
): CryptographicVerdict {
  return checkText(crypto, key, text, signature)
}
