import { Type } from 'typebox'
import {
  defaultKey,
  type InstrumentKey,
  type InstrumentRecord,
  invalidSinceMs,
  NOW_KNOWN,
  standingOf,
  statusAt as statusOf,
} from '../../formats/pki-status.js'
import { isProblem } from '../../formats/problem.js'
import { parsePublicKey } from '../../formats/public-key.js'
import { findingsOf } from '../../formats/record-quality.js'
import { checkRecord, type RecordInput, readRecord, type SignedRecord } from '../../formats/signed-record.js'
import { defineQuery, type QueryContext } from '../contract.js'
import { HeightArgument, Limit, Time } from '../limits.js'
import { judgedTime } from './anchor.js'
import { Approval, Clock, Counter, Curve, Format, Instrument, Key, KeyNumber, Message, Signature } from './arguments.js'
import {
  type ApprovalRecord,
  approvalKey,
  type CountersRecord,
  countersKey,
  INSTRUMENTS,
  instrumentKey,
  keyKey,
} from './records.js'
import { qualityOf, quantityOf, readingsOf } from './verdicts.js'

type Reading<R extends string> = Pick<QueryContext<R>, 'state' | 'refuse'>

function load(ctx: Reading<'pki/unknown-instrument'>, id: string): InstrumentRecord {
  const record = ctx.state.get<InstrumentRecord>(instrumentKey(id))
  return record ?? ctx.refuse('pki/unknown-instrument', `no key was ever proposed for ${id}`)
}

function pick(ctx: Reading<'pki/unknown-key'>, record: InstrumentRecord, number = defaultKey(record)): InstrumentKey {
  const key = record.keys[number - 1]
  return key ?? ctx.refuse('pki/unknown-key', `${record.instrument} has ${record.keys.length} keys`)
}

/** The status of every key as far as it can be told without a clock; `validUntilMs` stands beside it. */
function keysOf(ctx: Pick<QueryContext, 'state'>, record: InstrumentRecord) {
  return record.keys.map((key) => ({
    ...key,
    status: standingOf(record, key.number),
    counters: ctx.state.get<CountersRecord>(countersKey(record.instrument, key.number)) ?? {},
  }))
}

export const instrument = defineQuery({
  summary: 'An instrument with its keys, their status and last counters, and its whole history.',
  args: Type.Object({ instrument: Instrument }, { additionalProperties: false }),
  refusals: ['pki/unknown-instrument'],
  handler(ctx, { instrument: id }) {
    const record = load(ctx, id)
    const keys = keysOf(ctx, record)
    const key = keys[defaultKey(record) - 1]
    const lastCounter = key?.counters.record?.counter ?? null
    return { ...record, keys, status: key?.status ?? 'unknown', key: key?.number ?? null, lastCounter }
  },
})

export const instruments = defineQuery({
  summary: 'Instruments in ascending order of their ids, with their status; `after` is the last id of the page before.',
  args: Type.Object({ limit: Type.Optional(Limit), after: Type.Optional(Instrument) }, { additionalProperties: false }),
  refusals: [],
  async handler(ctx, { limit = 100, after }) {
    const from = after === undefined ? undefined : instrumentKey(after)
    const entries = await ctx.list<InstrumentRecord>(INSTRUMENTS, limit, from)
    return entries.map(({ value }) => ({
      instrument: value.instrument,
      type: value.type,
      organization: value.organization,
      operator: value.operator,
      keys: value.keys.length,
      status: standingOf(value, defaultKey(value)),
    }))
  },
})

export const keyOwner = defineQuery({
  summary: 'The instrument that a public key belongs to, whatever the form that the key is given in.',
  args: Type.Object({ publicKey: Key, curve: Type.Optional(Curve) }, { additionalProperties: false }),
  refusals: ['pki/bad-key', 'pki/unknown-key'],
  handler(ctx, { publicKey, curve }) {
    const key = parsePublicKey(publicKey, curve)
    if (isProblem(key)) return ctx.refuse('pki/bad-key', key.problem)
    const owner = ctx.state.get<string>(keyKey(key.curve, key.compressed))
    const record = owner === undefined ? undefined : ctx.state.get<InstrumentRecord>(instrumentKey(owner))
    const number = record?.keys.find((it) => it.key === key.key)?.number
    if (record === undefined || number === undefined) return ctx.refuse('pki/unknown-key', 'no instrument has this key')
    return { instrument: record.instrument, key: number, curve: key.curve, status: standingOf(record, number) }
  },
})

export const typeApproval = defineQuery({
  summary: 'A type approval.',
  args: Type.Object({ approval: Approval }, { additionalProperties: false }),
  refusals: ['pki/unknown-approval'],
  handler(ctx, { approval }) {
    const record = ctx.state.get<ApprovalRecord>(approvalKey(approval))
    return record ?? ctx.refuse('pki/unknown-approval', `there is no type approval ${approval}`)
  },
})

export const statusAt = defineQuery({
  summary: 'Whether a key was entitled to sign at a time, by what is known now or was known at a height.',
  args: Type.Object(
    {
      instrument: Instrument,
      key: Type.Optional(KeyNumber),
      timeMs: Time,
      knownAtHeight: Type.Optional(HeightArgument),
    },
    { additionalProperties: false },
  ),
  refusals: ['pki/unknown-instrument', 'pki/unknown-key'],
  handler(ctx, { instrument: id, key: wanted, timeMs, knownAtHeight = NOW_KNOWN }) {
    const record = load(ctx, id)
    const { number, usages } = pick(ctx, record, wanted)
    const status = statusOf(record, number, timeMs, knownAtHeight)
    return { instrument: id, key: number, usages, timeMs, status, entitled: status === 'active' }
  },
})

/**
 * Three verdicts that are never merged into one: the signature may be good by a key that was not entitled, or entitled
 * and good but replayed.
 */
export const verify = defineQuery({
  summary: 'Verifies a signed record: cryptographic, legal and quality verdicts, kept apart.',
  args: Type.Object(
    {
      instrument: Instrument,
      key: Type.Optional(KeyNumber),
      message: Message,
      signature: Type.Optional(Signature),
      format: Type.Optional(Format),
      counter: Type.Optional(Counter),
      timeMs: Type.Optional(Time),
      clock: Type.Optional(Clock),
      knownAtHeight: Type.Optional(HeightArgument),
    },
    { additionalProperties: false },
  ),
  refusals: ['pki/unknown-instrument', 'pki/unknown-key', 'pki/counter-missing', 'pki/bad-record'],
  handler(ctx, { key: wanted, knownAtHeight = NOW_KNOWN, format = 'fabpki', timeMs, ...given }) {
    const record = load(ctx, given.instrument)
    if (format.startsWith('etalon') && given.counter === undefined) {
      return ctx.refuse('pki/counter-missing', `the format ${format} signs the counter`)
    }
    // A time that the record does not sign is the one asked about, and no part of the record.
    const input: RecordInput = { ...given, format, ...(format === 'etalon-2' ? { timeMs } : {}) }
    const candidates = wanted === undefined ? [...record.keys].reverse() : [pick(ctx, record, wanted)]
    const tried = candidates.map((key) => tryKey(ctx, key, input))
    const fallback = tried.find(({ key }) => key.number === defaultKey(record)) ?? tried[0]
    const chosen = tried.find(({ verdict }) => verdict === 'good') ?? fallback
    if (chosen === undefined || isProblem(chosen.signed)) {
      return ctx.refuse(
        'pki/bad-record',
        chosen !== undefined && isProblem(chosen.signed) ? chosen.signed.problem : 'no key',
      )
    }
    const { key, signed, verdict } = chosen
    const last = ctx.state.get<CountersRecord>(countersKey(record.instrument, key.number))?.[signed.stream]
    const findings = findingsOf(signed, { curve: key.curve, serial: record.serial, last, latestMs: undefined })
    return {
      instrument: record.instrument,
      key: key.number,
      cryptographic: { verdict },
      legal: legalVerdict(record, key, signed, timeMs, knownAtHeight),
      quality: {
        ...qualityOf(signed, findings),
        time: signed.timeMs !== undefined ? 'signed' : timeMs === undefined ? 'not-stated' : 'stated-not-signed',
        counter: counterQuality(signed.counter, last?.counter),
        counterSigned: signed.counterSigned,
        lastCounter: last?.counter ?? null,
      },
      quantity: quantityOf(signed),
      readings: readingsOf(signed),
    }
  },
})

function tryKey(ctx: Pick<QueryContext, 'crypto'>, key: InstrumentKey, input: RecordInput) {
  const signed = readRecord(key.curve, input)
  return { key, signed, verdict: isProblem(signed) ? ('malformed' as const) : checkRecord(ctx.crypto, key, signed) }
}

function legalVerdict(
  record: InstrumentRecord,
  { number, usages }: InstrumentKey,
  signed: SignedRecord,
  askedMs: number | undefined,
  knownAtHeight: number,
) {
  const timeMs = judgedTime(signed) ?? askedMs
  const status =
    timeMs === undefined ? standingOf(record, number, knownAtHeight) : statusOf(record, number, timeMs, knownAtHeight)
  return {
    verdict: status === 'active' && usages.includes('measure') ? 'entitled' : 'not-entitled',
    status,
    usages,
    /** `null`: judged by the status now. */
    timeMs: timeMs ?? null,
    /** `null`: by everything that is known. */
    knownAtHeight: knownAtHeight === NOW_KNOWN ? null : knownAtHeight,
    invalidSinceMs: invalidSinceMs(record, number, knownAtHeight) ?? null,
  }
}

function counterQuality(counter: number | undefined, last: number | undefined): string {
  if (counter === undefined) return 'not-stated'
  if (last === undefined || counter === last + 1) return 'next'
  return counter > last ? 'gap' : 'not-new'
}
