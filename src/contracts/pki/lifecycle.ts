import { Type } from 'typebox'
import { invalidSinceMs, isOver, isSuspended, standingOf } from '../../formats/pki-status.js'
import { defineMethod } from '../contract.js'
import { Time } from '../limits.js'
import { Instrument, KeyNumber, Reason } from './arguments.js'
import { entryOf, isParty, loadInstrument, loadKey, pastTime, store } from './instrument.js'

/** Revocations of one key: each later one reaches further back. */
export const REVOCATIONS_MAX = 8

/** Without `key` the instrument as a whole is meant. */
const SCOPE = { instrument: Instrument, key: Type.Optional(KeyNumber) } as const

const named = (instrument: string, key: number | null) => (key === null ? instrument : `key ${key} of ${instrument}`)

export const suspend = defineMethod({
  summary:
    'Suspends a key, or an instrument with all its keys, since the block or a time before it, until it is resumed.',
  args: Type.Object({ ...SCOPE, reason: Reason, sinceMs: Type.Optional(Time) }, { additionalProperties: false }),
  roles: ['nmi', 'notified-body', 'surveillance'],
  signed: true,
  events: ['pki/suspended'],
  refusals: [
    'pki/unknown-instrument',
    'pki/unknown-key',
    'pki/wrong-state',
    'pki/already-suspended',
    'pki/invalid-since-in-future',
    'pki/history-full',
  ],
  handler(ctx, { instrument, key = null, reason, sinceMs }) {
    const record = loadInstrument(ctx, instrument)
    const keys = key === null ? record.keys : [loadKey(ctx, record, key)]
    const standings = keys.map(({ number }) => standingOf(record, number))
    if (!standings.some((standing) => standing !== 'proposed' && !isOver(standing))) {
      return ctx.refuse('pki/wrong-state', `the status of ${named(instrument, key)} is ${standings.join(', ')}`)
    }
    if (isSuspended(record.history, key)) {
      return ctx.refuse('pki/already-suspended', `${named(instrument, key)} is suspended`)
    }
    const since = pastTime(ctx, sinceMs)
    store(ctx, record, entryOf(ctx, 'suspended', key, { sinceMs: since, reason }))
    const { organization, member: by } = ctx.caller
    ctx.emit('pki/suspended', { instrument, number: key, organization, reason, sinceMs: since, by })
    return { instrument, key, sinceMs: since }
  },
})

export const resume = defineMethod({
  summary: 'Ends the suspension of a key, or of an instrument, from the block on.',
  args: Type.Object({ ...SCOPE, reason: Type.Optional(Reason) }, { additionalProperties: false }),
  roles: ['nmi', 'notified-body'],
  signed: true,
  events: ['pki/resumed'],
  refusals: ['pki/unknown-instrument', 'pki/unknown-key', 'pki/not-suspended', 'pki/history-full'],
  handler(ctx, { instrument, key = null, reason = '' }) {
    const record = loadInstrument(ctx, instrument)
    if (key !== null) loadKey(ctx, record, key)
    if (!isSuspended(record.history, key)) {
      return ctx.refuse('pki/not-suspended', `${named(instrument, key)} is not suspended`)
    }
    store(ctx, record, entryOf(ctx, 'resumed', key, { reason }))
    const { organization, member: by } = ctx.caller
    ctx.emit('pki/resumed', { instrument, number: key, organization, reason, by })
    return { instrument, key, sinceMs: ctx.timeMs }
  },
})

export const revoke = defineMethod({
  summary: 'Revokes a key since a time at or before the block. A later revocation may only reach further back.',
  args: Type.Object({ ...SCOPE, reason: Reason, invalidSinceMs: Time }, { additionalProperties: false }),
  roles: ['nmi', 'manufacturer'],
  signed: true,
  events: ['pki/revoked'],
  refusals: [
    'pki/unknown-instrument',
    'pki/unknown-key',
    'pki/not-proposer',
    'pki/invalid-since-in-future',
    'pki/already-revoked',
    'pki/history-full',
  ],
  handler(ctx, { instrument, key: wanted, reason, invalidSinceMs: since }) {
    const { organization, roles, member: by } = ctx.caller
    const record = loadInstrument(ctx, instrument)
    const { number } = loadKey(ctx, record, wanted)
    if (record.organization !== organization && !roles.includes('nmi')) {
      return ctx.refuse('pki/not-proposer', `${record.organization} registered ${instrument}`)
    }
    pastTime(ctx, since)
    const known = invalidSinceMs(record, number)
    const count = record.history.filter(({ event, key }) => event === 'revoked' && key === number).length
    if (known !== undefined && (since >= known || count >= REVOCATIONS_MAX)) {
      return ctx.refuse('pki/already-revoked', `${named(instrument, number)} is invalid since ${known}`)
    }
    store(ctx, record, entryOf(ctx, 'revoked', number, { sinceMs: since, reason }))
    ctx.emit('pki/revoked', { instrument, number, organization, reason, invalidSinceMs: since, by })
    return { instrument, key: number, status: 'revoked', invalidSinceMs: since }
  },
})

export const retire = defineMethod({
  summary:
    'Ends the use of a key, from the block on: the instrument is out of service. Nothing is wrong with what it signed.',
  args: Type.Object({ ...SCOPE, reason: Type.Optional(Reason) }, { additionalProperties: false }),
  roles: 'any',
  signed: true,
  events: ['pki/retired'],
  refusals: ['pki/unknown-instrument', 'pki/unknown-key', 'pki/not-operator', 'pki/wrong-state', 'pki/history-full'],
  handler(ctx, { instrument, key: wanted, reason = '' }) {
    const record = loadInstrument(ctx, instrument)
    const { number } = loadKey(ctx, record, wanted)
    const { organization, member: by } = ctx.caller
    if (!isParty(record, organization))
      return ctx.refuse('pki/not-operator', `${record.operator} operates ${instrument}`)
    const standing = standingOf(record, number)
    if (isOver(standing))
      return ctx.refuse('pki/wrong-state', `the status of ${named(instrument, number)} is ${standing}`)
    const after = store(ctx, record, entryOf(ctx, 'retired', number, { reason }))
    ctx.emit('pki/retired', { instrument, number, organization, reason, by })
    return { instrument, key: number, status: standingOf(after, number) }
  },
})
