import { Type } from 'typebox'
import { defineQuery } from '../contract.js'
import { HeightArgument, Limit, Time } from '../limits.js'
import { Counter, Format, Instrument, Message, Signature } from './methods.js'
import { type CounterRecord, counterKey, type InstrumentRecord, instrumentKey } from './records.js'
import { checkSignature, signedText } from './signatures.js'
import { currentStatus, invalidSinceMs, type Status, statusAt as statusOf } from './status.js'

const unknownInstrument = (id: string) => `no key was ever proposed for ${id}`

export const instrument = defineQuery({
  summary: 'The key of an instrument with its whole history, its status now and its last counter.',
  args: Type.Object({ instrument: Instrument }, { additionalProperties: false }),
  refusals: ['pki/unknown-instrument'],
  handler(ctx, { instrument: id }) {
    const record = ctx.state.get<InstrumentRecord>(instrumentKey(id))
    if (record === undefined) return ctx.refuse('pki/unknown-instrument', unknownInstrument(id))
    const last = ctx.state.get<CounterRecord>(counterKey(id))
    return { ...record, status: currentStatus(record), lastCounter: last?.counter ?? null }
  },
})

export const instruments = defineQuery({
  summary: 'Instruments in ascending order of their ids, with their status; `after` is the last id of the page before.',
  args: Type.Object({ limit: Type.Optional(Limit), after: Type.Optional(Instrument) }, { additionalProperties: false }),
  refusals: [],
  async handler(ctx, { limit = 100, after }) {
    const from = after === undefined ? undefined : instrumentKey(after)
    const entries = await ctx.list<InstrumentRecord>(instrumentKey(''), limit, from)
    return entries.map(({ value }) => ({
      instrument: value.instrument,
      type: value.type,
      organization: value.organization,
      operator: value.operator,
      status: currentStatus(value),
    }))
  },
})

export const statusAt = defineQuery({
  summary: 'Whether the key was entitled to sign at a time, by what is known now or was known at a height.',
  args: Type.Object(
    { instrument: Instrument, timeMs: Time, knownAtHeight: Type.Optional(HeightArgument) },
    { additionalProperties: false },
  ),
  refusals: ['pki/unknown-instrument'],
  handler(ctx, { instrument: id, timeMs, knownAtHeight = Number.MAX_SAFE_INTEGER }) {
    const record = ctx.state.get<InstrumentRecord>(instrumentKey(id))
    if (record === undefined) return ctx.refuse('pki/unknown-instrument', unknownInstrument(id))
    const status = statusOf(record, timeMs, knownAtHeight)
    return { instrument: id, timeMs, status, entitled: status === 'active' }
  },
})

/**
 * Three verdicts that are never merged into one: the signature may be good by a key that was not entitled, or entitled
 * and good but replayed.
 */
export const verify = defineQuery({
  summary: 'Verifies a signed message: cryptographic, legal and quality verdicts, kept apart.',
  args: Type.Object(
    {
      instrument: Instrument,
      message: Message,
      signature: Signature,
      format: Type.Optional(Format),
      counter: Type.Optional(Counter),
      timeMs: Type.Optional(Time),
    },
    { additionalProperties: false },
  ),
  refusals: ['pki/unknown-instrument', 'pki/counter-missing'],
  handler(ctx, { instrument: id, message, signature, format = 'fabpki', counter, timeMs }) {
    const record = ctx.state.get<InstrumentRecord>(instrumentKey(id))
    if (record === undefined) return ctx.refuse('pki/unknown-instrument', unknownInstrument(id))
    if (format === 'etalon-1' && counter === undefined) {
      return ctx.refuse('pki/counter-missing', 'the format etalon-1 signs the counter')
    }
    const text = signedText(format, id, counter ?? 0, message)
    const status = timeMs === undefined ? currentStatus(record) : statusOf(record, timeMs, Number.MAX_SAFE_INTEGER)
    const last = ctx.state.get<CounterRecord>(counterKey(id))?.counter
    return {
      instrument: id,
      cryptographic: { verdict: checkSignature(ctx.crypto, record.key, text, signature) },
      legal: legalVerdict(status, timeMs, invalidSinceMs(record.revocations)),
      quality: {
        time: timeMs === undefined ? 'not-stated' : 'stated-not-signed',
        counter: counterQuality(counter, last),
        counterSigned: format === 'etalon-1',
        lastCounter: last ?? null,
      },
    }
  },
})

function legalVerdict(status: Status, timeMs: number | undefined, invalidSince: number | undefined) {
  return {
    verdict: status === 'active' ? 'entitled' : 'not-entitled',
    status,
    /** `null`: judged by the status now. */
    timeMs: timeMs ?? null,
    invalidSinceMs: invalidSince ?? null,
  }
}

function counterQuality(counter: number | undefined, last: number | undefined): string {
  if (counter === undefined) return 'not-stated'
  if (last === undefined || counter === last + 1) return 'next'
  return counter > last ? 'gap' : 'not-new'
}
