import { Type } from 'typebox'
import { type InstrumentKey, type InstrumentRecord, statusAt } from '../../formats/pki-status.js'
import { isProblem } from '../../formats/problem.js'
import { findingsOf } from '../../formats/record-quality.js'
import { batchStatement } from '../../formats/record-statements.js'
import {
  type CounterStream,
  checkRecord,
  checkText,
  readRecord,
  type SignedRecord,
} from '../../formats/signed-record.js'
import { defineMethod, type MethodContext } from '../contract.js'
import { Hash, Time } from '../limits.js'
import { hashText } from '../text.js'
import { Clock, Counter, Format, Instrument, KeyNumber, Message, Signature } from './arguments.js'
import { demandActive, isParty, loadInstrument, loadKey, NOT_ACTIVE } from './instrument.js'
import { type CountersRecord, countersKey } from './records.js'
import { qualityOf, quantityOf, readingsOf } from './verdicts.js'

/** Records of one batch. */
export const BATCH_RECORDS_MAX = 1_048_576

export const anchor = defineMethod({
  summary: 'Anchors one signed record of an instrument. Counters strictly grow; gaps are reported, replays refused.',
  args: Type.Object(
    {
      instrument: Instrument,
      key: Type.Optional(KeyNumber),
      format: Format,
      message: Message,
      signature: Type.Optional(Signature),
      counter: Type.Optional(Counter),
      timeMs: Type.Optional(Time),
      clock: Type.Optional(Clock),
    },
    { additionalProperties: false },
  ),
  roles: 'any',
  events: ['pki/anchored'],
  refusals: [
    'pki/unknown-instrument',
    'pki/unknown-key',
    'pki/bad-record',
    'pki/counter-missing',
    'pki/wrong-usage',
    ...NOT_ACTIVE,
    'pki/not-operator',
    'pki/counter-replayed',
    'pki/bad-signature',
  ],
  handler(ctx, { key: wanted, ...input }) {
    const { instrument, format } = input
    const record = loadInstrument(ctx, instrument)
    const key = loadKey(ctx, record, wanted)
    const signed = readRecord(key.curve, input)
    if (isProblem(signed)) return ctx.refuse('pki/bad-record', signed.problem)
    const { counter, counterSigned, stream } = signed
    if (counter === undefined) return ctx.refuse('pki/counter-missing', `the record of the format ${format} has none`)
    const judgedMs = judgedTime(signed) ?? ctx.timeMs
    demandEntitled(ctx, record, key, judgedMs, counterSigned)
    const counters = ctx.state.get<CountersRecord>(countersKey(instrument, key.number)) ?? {}
    const last = counters[stream]
    if (last !== undefined && counter <= last.counter) {
      return ctx.refuse('pki/counter-replayed', `the last counter of key ${key.number} is ${last.counter}`)
    }
    const cryptographic = checkRecord(ctx.crypto, key, signed)
    if (cryptographic !== 'good') {
      return ctx.refuse(
        'pki/bad-signature',
        `by key ${key.number} of ${instrument} in the format ${format} it is ${cryptographic}`,
      )
    }
    const latestMs = ctx.timeMs + ctx.parameters.clockDriftMsMax
    const findings = findingsOf(signed, { curve: key.curve, serial: record.serial, last, latestMs })
    const gap = last === undefined ? 0 : counter - last.counter - 1
    const messageHash = hashText(ctx.crypto, input.message)
    const { organization } = ctx.caller
    const now = { counter, recordTimeMs: signed.timeMs ?? null, height: ctx.height, timeMs: ctx.timeMs }
    ctx.state.set(countersKey(instrument, key.number), { ...counters, [stream]: now })
    const facts = { counter, counterSigned, gap, key: key.number }
    ctx.emit('pki/anchored', { ...facts, format, instrument, messageHash, organization, findings })
    return {
      entry: ctx.transaction,
      ...facts,
      previous: last?.counter ?? null,
      cryptographic: { verdict: cryptographic },
      legal: { verdict: 'entitled', status: 'active', timeMs: judgedMs, knownAtHeight: ctx.height },
      quality: qualityOf(signed, findings),
      quantity: quantityOf(signed),
      readings: readingsOf(signed),
    }
  },
})

/** The time for which the key must have been entitled: that of the record, where it is signed and the clock says something. */
export function judgedTime({ timeMs, clock }: SignedRecord): number | undefined {
  return clock === 'unknown' ? undefined : timeMs
}

type Entitled = MethodContext<'pki/wrong-usage' | 'pki/not-operator' | (typeof NOT_ACTIVE)[number]>

/**
 * The key must have been active at the time judged; and not be revoked since, whatever time the record states: who has a stolen key can
 * state any.
 */
function demandEntitled(
  ctx: Entitled,
  record: InstrumentRecord,
  key: InstrumentKey,
  judgedMs: number,
  counterSigned: boolean,
): void {
  const { instrument } = record
  if (!key.usages.includes('measure')) {
    ctx.refuse('pki/wrong-usage', `key ${key.number} of ${instrument} is for ${key.usages.join(', ')}`)
  }
  if (statusAt(record, key.number, ctx.timeMs) === 'revoked') demandActive(ctx, record, key.number, ctx.timeMs)
  demandActive(ctx, record, key.number, judgedMs)
  if (!counterSigned && !isParty(record, ctx.caller.organization)) {
    ctx.refuse('pki/not-operator', `${record.operator} operates ${instrument}, and the counter is not signed`)
  }
}

/** The counters that records of etalon's own formats count in. */
const OWN_STREAM: CounterStream = 'record'

const Stream = Type.Union([Type.Literal('record'), Type.Literal('ocmf-T'), Type.Literal('ocmf-F')])

export const anchorBatch = defineMethod({
  summary:
    'Anchors many signed records of one key by the root of their RFC 6962 tree, with the first and the last counter.',
  args: Type.Object(
    {
      instrument: Instrument,
      key: Type.Optional(KeyNumber),
      root: Hash,
      count: Type.Integer({ minimum: 1, maximum: BATCH_RECORDS_MAX }),
      firstCounter: Counter,
      lastCounter: Counter,
      stream: Type.Optional(Stream),
      signature: Type.Optional(Signature),
    },
    { additionalProperties: false },
  ),
  roles: 'any',
  events: ['pki/batch-anchored'],
  refusals: [
    'pki/unknown-instrument',
    'pki/unknown-key',
    'pki/bad-batch',
    'pki/wrong-usage',
    ...NOT_ACTIVE,
    'pki/not-operator',
    'pki/counter-replayed',
    'pki/bad-signature',
  ],
  handler(ctx, { key: wanted, signature, stream = OWN_STREAM, ...batch }) {
    const { instrument, count, firstCounter, lastCounter } = batch
    const record = loadInstrument(ctx, instrument)
    const key = loadKey(ctx, record, wanted)
    const room = lastCounter - firstCounter + 1
    if (room < count)
      return ctx.refuse('pki/bad-batch', `${count} records do not fit into ${firstCounter} to ${lastCounter}`)
    if (signature !== undefined && stream !== OWN_STREAM) {
      return ctx.refuse('pki/bad-batch', `a batch of the counter ${stream} is not signed`)
    }
    const counterSigned = signature !== undefined
    demandEntitled(ctx, record, key, ctx.timeMs, counterSigned)
    const counters = ctx.state.get<CountersRecord>(countersKey(instrument, key.number)) ?? {}
    const last = counters[stream]
    if (last !== undefined && firstCounter <= last.counter) {
      return ctx.refuse('pki/counter-replayed', `the last counter of key ${key.number} is ${last.counter}`)
    }
    if (signature !== undefined) {
      const verdict = checkText(ctx.crypto, key, batchStatement(batch), signature)
      if (verdict !== 'good')
        return ctx.refuse('pki/bad-signature', `over the batch text by key ${key.number} it is ${verdict}`)
    }
    const gap = last === undefined ? 0 : firstCounter - last.counter - 1
    const now = { counter: lastCounter, recordTimeMs: null, height: ctx.height, timeMs: ctx.timeMs }
    ctx.state.set(countersKey(instrument, key.number), { ...counters, [stream]: now })
    const facts = { ...batch, key: key.number, stream, counterSigned, gap, missing: room - count }
    ctx.emit('pki/batch-anchored', { ...facts, organization: ctx.caller.organization })
    return { entry: ctx.transaction, ...facts, previous: last?.counter ?? null }
  },
})
