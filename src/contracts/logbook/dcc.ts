import { Type } from 'typebox'
import { defineMethod } from '../contract.js'
import { Hash } from '../limits.js'
import { type DccRecord, dccHashKey, dccKey } from './records.js'

export const DCC_ITEMS_MAX = 32
export const DCC_IDENTIFICATIONS_MAX = 8
export const DCC_IDENTIFIER_LENGTH_MAX = 96

const closed = { additionalProperties: false } as const
/** Any text but white space at its ends. */
export const DccIdentifier = Type.String({
  minLength: 1,
  maxLength: DCC_IDENTIFIER_LENGTH_MAX,
  pattern: '^\\S(.*\\S)?$',
})
const ShortText = Type.String({ minLength: 1, maxLength: 128 })
const DateText = Type.String({ minLength: 10, maxLength: 10, pattern: '^\\d{4}-\\d{2}-\\d{2}$' })

const Item = Type.Object(
  {
    name: ShortText,
    identifications: Type.Array(
      Type.Object({ issuer: Type.String({ minLength: 1, maxLength: 32 }), value: ShortText }, closed),
      { maxItems: DCC_IDENTIFICATIONS_MAX },
    ),
  },
  closed,
)

export const registerDcc = defineMethod({
  summary: 'Registers a digital calibration certificate by the hash of its file; it may supersede an earlier one.',
  args: Type.Object(
    {
      identifier: DccIdentifier,
      hash: Hash,
      schemaVersion: Type.String({ minLength: 1, maxLength: 32, pattern: '^\\d+\\.\\d+\\.\\d+[0-9A-Za-z.-]*$' }),
      laboratory: ShortText,
      items: Type.Array(Item, { minItems: 1, maxItems: DCC_ITEMS_MAX }),
      performed: Type.Object({ begin: DateText, end: DateText }, closed),
      supersedes: Type.Optional(DccIdentifier),
    },
    closed,
  ),
  roles: ['laboratory', 'nmi', 'notified-body'],
  signed: true,
  events: ['logbook/dcc-registered', 'logbook/dcc-superseded'],
  refusals: [
    'logbook/dcc-exists',
    'logbook/dcc-same-file',
    'logbook/dcc-unknown',
    'logbook/dcc-bad-dates',
    'logbook/dcc-not-issuer',
    'logbook/dcc-superseded',
  ],
  handler(ctx, { identifier, hash, schemaVersion, laboratory, items, performed, supersedes }) {
    const { organization, member } = ctx.caller
    const existing = ctx.state.get<DccRecord>(dccKey(identifier))
    if (existing !== undefined) {
      return ctx.refuse(
        'logbook/dcc-exists',
        `${existing.organization} registered ${identifier}, hash ${existing.hash}`,
      )
    }
    const other = ctx.state.get<string>(dccHashKey(hash))
    if (other !== undefined) return ctx.refuse('logbook/dcc-same-file', `it is registered as ${other}`)
    if (!isDate(performed.begin) || !isDate(performed.end) || performed.end < performed.begin) {
      return ctx.refuse('logbook/dcc-bad-dates', `from ${performed.begin} to ${performed.end}`)
    }
    const now = { height: ctx.height, timeMs: ctx.timeMs }
    if (supersedes !== undefined) {
      const old = ctx.state.get<DccRecord>(dccKey(supersedes))
      if (old === undefined) return ctx.refuse('logbook/dcc-unknown', `there is no certificate ${supersedes}`)
      if (old.organization !== organization) {
        return ctx.refuse('logbook/dcc-not-issuer', `${old.organization} registered ${supersedes}`)
      }
      if (old.supersededBy !== null) {
        return ctx.refuse('logbook/dcc-superseded', `${old.supersededBy.identifier} supersedes ${supersedes}`)
      }
      ctx.state.set(dccKey(supersedes), { ...old, supersededBy: { identifier, ...now } })
      ctx.emit('logbook/dcc-superseded', { identifier: supersedes, by: identifier, organization })
    }
    const record: DccRecord = {
      identifier,
      hash,
      schemaVersion,
      organization,
      laboratory,
      items,
      performed,
      supersedes: supersedes ?? null,
      registered: now,
      supersededBy: null,
      revoked: null,
    }
    ctx.state.set(dccKey(identifier), record)
    ctx.state.set(dccHashKey(hash), identifier)
    ctx.emit('logbook/dcc-registered', { identifier, hash, organization, member, supersedes: supersedes ?? null })
    return { identifier, hash, status: 'valid' }
  },
})

export const revokeDcc = defineMethod({
  summary: 'Revokes a digital calibration certificate, with the reason.',
  args: Type.Object({ identifier: DccIdentifier, reason: Type.String({ minLength: 1, maxLength: 256 }) }, closed),
  roles: ['laboratory', 'nmi', 'notified-body'],
  signed: true,
  events: ['logbook/dcc-revoked'],
  refusals: ['logbook/dcc-unknown', 'logbook/dcc-not-issuer', 'logbook/dcc-revoked'],
  handler(ctx, { identifier, reason }) {
    const { organization, roles, member } = ctx.caller
    const record = ctx.state.get<DccRecord>(dccKey(identifier))
    if (record === undefined) return ctx.refuse('logbook/dcc-unknown', `there is no certificate ${identifier}`)
    if (record.organization !== organization && !roles.includes('nmi')) {
      return ctx.refuse('logbook/dcc-not-issuer', `${record.organization} registered ${identifier}`)
    }
    if (record.revoked !== null) return ctx.refuse('logbook/dcc-revoked', record.revoked.reason)
    const revoked = { organization, reason, height: ctx.height, timeMs: ctx.timeMs }
    ctx.state.set(dccKey(identifier), { ...record, revoked })
    ctx.emit('logbook/dcc-revoked', { identifier, organization, member, reason })
    return { identifier, status: 'revoked' }
  },
})

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

/** A day of the Gregorian calendar. */
function isDate(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number)
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = month === 2 && !leap ? 28 : (DAYS[month - 1] ?? 0)
  return day >= 1 && day <= days
}
