import { Type } from 'typebox'
import { defineMethod } from '../contract.js'
import { organizationKey } from '../identity/records.js'
import { Name, Time } from '../limits.js'
import { hashText } from '../text.js'
import { PEM_LENGTH_MAX, parsePem } from './pem.js'
import {
  type CounterRecord,
  counterKey,
  type InstrumentRecord,
  instrumentKey,
  keyKey,
  REVOCATIONS_MAX,
  type Revocation,
} from './records.js'
import { checkSignature, possessionStatement, SIGNATURE_LENGTH_MAX, signedText } from './signatures.js'
import { currentStatus, invalidSinceMs } from './status.js'

export const MESSAGE_LENGTH_MAX = 4096

export const Instrument = Type.String({ minLength: 1, maxLength: 96, pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]*$' })
export const Signature = Type.String({ minLength: 1, maxLength: SIGNATURE_LENGTH_MAX })
export const Message = Type.String({ maxLength: MESSAGE_LENGTH_MAX })
export const Counter = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const Format = Type.Union([Type.Literal('etalon-1'), Type.Literal('fabpki')])

const unknownInstrument = (instrument: string) => `no key was ever proposed for ${instrument}`

export const propose = defineMethod({
  summary: 'Proposes the key of an instrument, with proof that its private half is in hand. Never overwrites.',
  args: Type.Object(
    {
      instrument: Instrument,
      type: Type.String({ minLength: 1, maxLength: 64 }),
      pem: Type.String({ minLength: 1, maxLength: PEM_LENGTH_MAX }),
      possession: Signature,
      operator: Type.Optional(Name),
    },
    { additionalProperties: false },
  ),
  roles: ['manufacturer'],
  events: ['pki/proposed', 'pki/activated'],
  refusals: [
    'pki/already-registered',
    'pki/bad-key',
    'pki/bad-possession',
    'pki/key-in-use',
    'pki/unknown-organization',
  ],
  handler(ctx, { instrument, type, pem, possession, operator = ctx.caller.organization }) {
    const { organization } = ctx.caller
    const existing = ctx.state.get<InstrumentRecord>(instrumentKey(instrument))
    if (existing !== undefined) {
      const { height } = existing.proposed
      return ctx.refuse('pki/already-registered', `${existing.organization} proposed a key at height ${height}`)
    }
    const parsed = parsePem(pem)
    if ('problem' in parsed) return ctx.refuse('pki/bad-key', parsed.problem)
    const { compressed, uncompressed: key } = parsed.point
    if (ctx.state.get(keyKey(compressed)) !== undefined) {
      return ctx.refuse('pki/key-in-use', 'every instrument has a key of its own')
    }
    if (ctx.other('identity').get(organizationKey(operator)) === undefined) {
      return ctx.refuse('pki/unknown-organization', `there is no organization ${operator}`)
    }
    if (checkSignature(ctx.crypto, key, possessionStatement(instrument, key), possession) !== 'good') {
      return ctx.refuse(
        'pki/bad-possession',
        'base64 of the DER signature by the key over its possession text is expected',
      )
    }
    const now = { height: ctx.height, timeMs: ctx.timeMs }
    const active = ctx.parameters.endorsements <= 0
    const record: InstrumentRecord = {
      instrument,
      type,
      organization,
      operator,
      algorithm: 'ecdsa-p256-sha256',
      key,
      proposed: now,
      endorsements: [],
      activated: active ? now : null,
      revocations: [],
    }
    ctx.state.set(instrumentKey(instrument), record)
    ctx.state.set(keyKey(compressed), instrument)
    ctx.emit('pki/proposed', { instrument, type, organization, operator, key })
    if (active) ctx.emit('pki/activated', { instrument })
    return { instrument, status: active ? 'active' : 'proposed', endorsementsNeeded: ctx.parameters.endorsements }
  },
})

export const endorse = defineMethod({
  summary: "Gives the organization's vote for a proposed key; with enough votes the key becomes active.",
  args: Type.Object({ instrument: Instrument }, { additionalProperties: false }),
  roles: ['notified-body', 'nmi'],
  signed: true,
  events: ['pki/endorsed', 'pki/activated'],
  refusals: ['pki/unknown-instrument', 'pki/revoked', 'pki/already-active', 'pki/own-proposal', 'pki/already-endorsed'],
  handler(ctx, { instrument }) {
    const { organization } = ctx.caller
    const record = ctx.state.get<InstrumentRecord>(instrumentKey(instrument))
    if (record === undefined) return ctx.refuse('pki/unknown-instrument', unknownInstrument(instrument))
    const status = currentStatus(record)
    if (status === 'revoked') return ctx.refuse('pki/revoked', `the key of ${instrument} is revoked`)
    if (status === 'active') return ctx.refuse('pki/already-active', `the key of ${instrument} is active`)
    if (record.organization === organization) {
      return ctx.refuse('pki/own-proposal', `${organization} proposed the key of ${instrument}`)
    }
    if (record.endorsements.some((endorsement) => endorsement.organization === organization)) {
      return ctx.refuse('pki/already-endorsed', `${organization} has endorsed the key of ${instrument}`)
    }
    const now = { height: ctx.height, timeMs: ctx.timeMs }
    const endorsements = [...record.endorsements, { organization, ...now }]
    const active = endorsements.length >= ctx.parameters.endorsements
    ctx.state.set(instrumentKey(instrument), { ...record, endorsements, activated: active ? now : null })
    ctx.emit('pki/endorsed', { instrument, organization, by: ctx.caller.member })
    if (active) ctx.emit('pki/activated', { instrument })
    return {
      instrument,
      status: active ? 'active' : 'proposed',
      endorsements: endorsements.length,
      endorsementsNeeded: ctx.parameters.endorsements,
    }
  },
})

export const revoke = defineMethod({
  summary: 'Revokes a key since a time at or before the block. A later revocation may only reach further back.',
  args: Type.Object(
    { instrument: Instrument, reason: Type.String({ minLength: 1, maxLength: 256 }), invalidSinceMs: Time },
    { additionalProperties: false },
  ),
  roles: ['nmi', 'manufacturer'],
  signed: true,
  events: ['pki/revoked'],
  refusals: ['pki/unknown-instrument', 'pki/not-proposer', 'pki/invalid-since-in-future', 'pki/already-revoked'],
  handler(ctx, { instrument, reason, invalidSinceMs: since }) {
    const { organization, roles } = ctx.caller
    const record = ctx.state.get<InstrumentRecord>(instrumentKey(instrument))
    if (record === undefined) return ctx.refuse('pki/unknown-instrument', unknownInstrument(instrument))
    if (record.organization !== organization && !roles.includes('nmi')) {
      return ctx.refuse('pki/not-proposer', `${record.organization} proposed the key of ${instrument}`)
    }
    if (since > ctx.timeMs) return ctx.refuse('pki/invalid-since-in-future', `the time of the block is ${ctx.timeMs}`)
    const known = invalidSinceMs(record.revocations)
    if (known !== undefined && (since >= known || record.revocations.length >= REVOCATIONS_MAX)) {
      return ctx.refuse('pki/already-revoked', `the key of ${instrument} is invalid since ${known}`)
    }
    const revocation: Revocation = {
      organization,
      reason,
      invalidSinceMs: since,
      height: ctx.height,
      timeMs: ctx.timeMs,
    }
    ctx.state.set(instrumentKey(instrument), { ...record, revocations: [...record.revocations, revocation] })
    ctx.emit('pki/revoked', { instrument, organization, reason, invalidSinceMs: since, by: ctx.caller.member })
    return { instrument, status: 'revoked', invalidSinceMs: since }
  },
})

export const anchor = defineMethod({
  summary: 'Anchors one signed record of an instrument. Counters strictly grow; gaps are reported, replays refused.',
  args: Type.Object(
    { instrument: Instrument, format: Format, message: Message, signature: Signature, counter: Counter },
    { additionalProperties: false },
  ),
  roles: 'any',
  events: ['pki/anchored'],
  refusals: [
    'pki/unknown-instrument',
    'pki/revoked',
    'pki/not-endorsed',
    'pki/not-operator',
    'pki/counter-replayed',
    'pki/bad-signature',
  ],
  handler(ctx, { instrument, format, message, signature, counter }) {
    const record = ctx.state.get<InstrumentRecord>(instrumentKey(instrument))
    if (record === undefined) return ctx.refuse('pki/unknown-instrument', unknownInstrument(instrument))
    const status = currentStatus(record)
    if (status === 'revoked') return ctx.refuse('pki/revoked', `the key of ${instrument} is revoked`)
    if (status !== 'active') return ctx.refuse('pki/not-endorsed', `the key of ${instrument} is not active`)
    const { organization } = ctx.caller
    const counterSigned = format === 'etalon-1'
    if (!counterSigned && organization !== record.operator && organization !== record.organization) {
      return ctx.refuse('pki/not-operator', `${record.operator} operates ${instrument}`)
    }
    const last = ctx.state.get<CounterRecord>(counterKey(instrument))
    if (last !== undefined && counter <= last.counter) {
      return ctx.refuse('pki/counter-replayed', `the last counter of ${instrument} is ${last.counter}`)
    }
    const text = signedText(format, instrument, counter, message)
    if (checkSignature(ctx.crypto, record.key, text, signature) !== 'good') {
      return ctx.refuse('pki/bad-signature', `not a signature by the key of ${instrument} in the format ${format}`)
    }
    const gap = last === undefined ? 0 : counter - last.counter - 1
    const messageHash = hashText(ctx.crypto, message)
    ctx.state.set(counterKey(instrument), { counter, height: ctx.height, timeMs: ctx.timeMs })
    ctx.emit('pki/anchored', { counter, counterSigned, gap, instrument, messageHash, organization })
    return { entry: ctx.transaction, counter, counterSigned, gap, previous: last?.counter ?? null }
  },
})
