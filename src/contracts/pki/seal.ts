import { Type } from 'typebox'
import { isSealBroken } from '../../formats/pki-status.js'
import type { Role } from '../../types/index.js'
import { defineMethod } from '../contract.js'
import { Time } from '../limits.js'
import { Instrument, Reason, Seals } from './arguments.js'
import { entryOf, isParty, loadInstrument, pastTime, store } from './instrument.js'

/** Organizations with one of these may report the seal of any instrument. */
const AUTHORITIES: readonly Role[] = ['nmi', 'notified-body', 'surveillance']

export const breakSeal = defineMethod({
  summary:
    'Records that the seal is broken, for repair or by a finding: the instrument may not measure until it is renewed.',
  args: Type.Object(
    { instrument: Instrument, reason: Reason, sinceMs: Type.Optional(Time) },
    { additionalProperties: false },
  ),
  roles: 'any',
  signed: true,
  events: ['pki/seal-broken'],
  refusals: [
    'pki/unknown-instrument',
    'pki/not-concerned',
    'pki/seal-already-broken',
    'pki/invalid-since-in-future',
    'pki/history-full',
  ],
  handler(ctx, { instrument, reason, sinceMs }) {
    const record = loadInstrument(ctx, instrument)
    const { organization, roles, member: by } = ctx.caller
    if (!isParty(record, organization) && !roles.some((role) => AUTHORITIES.includes(role))) {
      return ctx.refuse('pki/not-concerned', `${record.operator} operates ${instrument}`)
    }
    if (isSealBroken(record.history))
      return ctx.refuse('pki/seal-already-broken', `the seal of ${instrument} is broken`)
    const since = pastTime(ctx, sinceMs)
    store(ctx, record, entryOf(ctx, 'seal-broken', null, { sinceMs: since, reason }))
    ctx.emit('pki/seal-broken', { instrument, organization, reason, sinceMs: since, seals: record.seals, by })
    return { instrument, seals: record.seals, sinceMs: since }
  },
})

export const renewSeal = defineMethod({
  summary: 'Records the seals that a re-verification put on, from the block on; they replace all that were there.',
  args: Type.Object(
    { instrument: Instrument, seals: Seals, reason: Type.Optional(Reason) },
    { additionalProperties: false },
  ),
  roles: ['nmi', 'notified-body'],
  signed: true,
  events: ['pki/seal-renewed'],
  refusals: ['pki/unknown-instrument', 'pki/own-proposal', 'pki/history-full'],
  handler(ctx, { instrument, seals, reason = '' }) {
    const record = loadInstrument(ctx, instrument)
    const { organization, member: by } = ctx.caller
    if (record.organization === organization) {
      return ctx.refuse('pki/own-proposal', `${organization} registered ${instrument}`)
    }
    store(ctx, { ...record, seals }, entryOf(ctx, 'seal-renewed', null, { reason }))
    ctx.emit('pki/seal-renewed', { instrument, organization, reason, seals, replaced: record.seals, by })
    return { instrument, seals, replaced: record.seals }
  },
})
