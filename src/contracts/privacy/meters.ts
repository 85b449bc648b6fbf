import { contributionStatement } from '../../codec/privacy-statements.js'
import { defaultKey, type InstrumentRecord, statusAt } from '../../formats/pki-status.js'
import { checkText } from '../../formats/signed-record.js'
import type { MethodContext } from '../contract.js'
import { Instrument, Signature } from '../pki/arguments.js'
import { instrumentKey } from '../pki/records.js'

/** A meter is an instrument of pki. */
export const Meter = Instrument
export const MeterSignature = Signature

/** Refuses what is not signed by a key of the meter that is entitled to sign measurements now. The only place that knows the records of pki. */
export function demandSigned(
  ctx: MethodContext<'privacy/unknown-meter' | 'privacy/meter-not-entitled' | 'privacy/bad-signature'>,
  cohort: string,
  meter: string,
  ciphertext: string,
  signature: string,
): void {
  const record = ctx.other('pki').get<InstrumentRecord>(instrumentKey(meter))
  if (record === undefined) ctx.refuse('privacy/unknown-meter', `no key was ever proposed for ${meter}`)
  const entitled = record.keys.filter(
    ({ number, usages }) => usages.includes('measure') && statusAt(record, number, ctx.timeMs) === 'active',
  )
  if (entitled.length === 0) {
    const status = statusAt(record, defaultKey(record), ctx.timeMs)
    ctx.refuse(
      'privacy/meter-not-entitled',
      `no key of ${meter} may sign measurements; the status of the last is ${status}`,
    )
  }
  const text = contributionStatement(cohort, meter, ciphertext)
  if (!entitled.some((key) => checkText(ctx.crypto, key, text, signature) === 'good')) {
    ctx.refuse('privacy/bad-signature', `not a signature by a key of ${meter} over this contribution`)
  }
}
