import { contributionStatement } from '../../codec/privacy-statements.js'
import type { MethodContext } from '../contract.js'
import { Instrument, Signature } from '../pki/methods.js'
import { type InstrumentRecord, instrumentKey } from '../pki/records.js'
import { checkSignature } from '../pki/signatures.js'
import { currentStatus } from '../pki/status.js'

/** A meter is an instrument of pki. */
export const Meter = Instrument
export const MeterSignature = Signature

/** Refuses what is not signed by the meter's own key, as pki has it now. The only place that knows the records of pki. */
export function demandSigned(
  ctx: MethodContext<'privacy/unknown-meter' | 'privacy/meter-not-entitled' | 'privacy/bad-signature'>,
  cohort: string,
  meter: string,
  ciphertext: string,
  signature: string,
): void {
  const record = ctx.other('pki').get<InstrumentRecord>(instrumentKey(meter))
  if (record === undefined) ctx.refuse('privacy/unknown-meter', `no key was ever proposed for ${meter}`)
  const status = currentStatus(record)
  if (status !== 'active') ctx.refuse('privacy/meter-not-entitled', `the key of ${meter} is ${status}`)
  const text = contributionStatement(cohort, meter, ciphertext)
  if (checkSignature(ctx.crypto, record.key, text, signature) !== 'good') {
    ctx.refuse('privacy/bad-signature', `not a signature by the key of ${meter} over this contribution`)
  }
}
