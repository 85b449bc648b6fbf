import { type Static, Type } from 'typebox'
import {
  type HistoryEntry,
  type InstrumentKey,
  type InstrumentRecord,
  KEY_USAGES,
  type KeyUsage,
  standingOf,
  statusAt,
} from '../../formats/pki-status.js'
import { defineMethod, type MethodContext } from '../contract.js'
import { organizationKey } from '../identity/records.js'
import { Name } from '../limits.js'
import { Approval, Instrument, InstrumentType, KeyNumber, NEW_KEY, Seals, Serial, Usages } from './arguments.js'
import {
  admitKey,
  demandFreeUsages,
  distinct,
  entryOf,
  keyRecord,
  loadInstrument,
  loadKey,
  NEW_KEY_REFUSALS,
  store,
  withKey,
} from './instrument.js'
import { type ApprovalRecord, approvalKey, instrumentKey } from './records.js'

/** Parameters that organizations can set by votes. */
export const PKI_PARAMETERS = {
  schema: Type.Object({ approvalRequired: Type.Boolean() }, { additionalProperties: false }),
  defaults: { approvalRequired: false },
}
type PkiParameters = Static<typeof PKI_PARAMETERS.schema>

const MEASURE: readonly KeyUsage[] = ['measure']

export const propose = defineMethod({
  summary: 'Registers an instrument with its key, with proof that the private half is in hand. Never overwrites.',
  args: Type.Object(
    {
      instrument: Instrument,
      type: InstrumentType,
      ...NEW_KEY,
      operator: Type.Optional(Name),
      approval: Type.Optional(Approval),
      serial: Type.Optional(Serial),
      seals: Type.Optional(Seals),
      usages: Type.Optional(Usages),
    },
    { additionalProperties: false },
  ),
  roles: ['manufacturer'],
  events: ['pki/proposed', 'pki/activated'],
  refusals: [
    'pki/already-registered',
    ...NEW_KEY_REFUSALS,
    'pki/unknown-organization',
    'pki/unknown-approval',
    'pki/approval-not-valid',
    'pki/approval-required',
  ],
  handler(ctx, { instrument, type, operator = ctx.caller.organization, approval, serial, seals = [], ...given }) {
    const { organization } = ctx.caller
    const existing = ctx.state.get<InstrumentRecord>(instrumentKey(instrument))
    if (existing !== undefined) {
      return ctx.refuse('pki/already-registered', `${existing.organization} registered ${instrument}`)
    }
    if (ctx.other('identity').get(organizationKey(operator)) === undefined) {
      return ctx.refuse('pki/unknown-organization', `there is no organization ${operator}`)
    }
    checkApproval(ctx, approval, type)
    const parsed = admitKey(ctx, instrument, given)
    const usages = distinct(given.usages ?? MEASURE, KEY_USAGES)
    const { validUntilMs = null } = given
    const key = keyRecord(1, parsed, { usages, validUntilMs, replaces: null })
    const history = birthOf(ctx, 1)
    const base = { instrument, type, approval: approval ?? null, serial: serial ?? null, organization, operator, seals }
    const record: InstrumentRecord = { ...base, keys: [key], history }
    ctx.state.set(instrumentKey(instrument), record)
    return announce(ctx, record, key)
  },
})

type Announcing = MethodContext<string, 'pki/proposed' | 'pki/activated'>

/** The first events of a key. In a network that asks for no endorsements it is active at once. */
function birthOf(ctx: Announcing, number: number): readonly HistoryEntry[] {
  const proposed = entryOf(ctx, 'proposed', number)
  return ctx.parameters.endorsements <= 0 ? [proposed, entryOf(ctx, 'activated', number)] : [proposed]
}

function announce(ctx: Announcing, record: InstrumentRecord, { number, key, curve }: InstrumentKey) {
  const { instrument, type, organization, operator } = record
  const { endorsements } = ctx.parameters
  ctx.emit('pki/proposed', { instrument, type, organization, operator, key, curve, number })
  if (endorsements <= 0) ctx.emit('pki/activated', { instrument, number })
  return {
    instrument,
    key: number,
    status: endorsements <= 0 ? 'active' : 'proposed',
    endorsementsNeeded: endorsements,
  }
}

/** A type approval (OIML D 19; Directive 2014/32/EU, module B) is looked at when an instrument is registered, not later. */
function checkApproval(
  ctx: MethodContext<'pki/unknown-approval' | 'pki/approval-not-valid' | 'pki/approval-required'>,
  approval: string | undefined,
  type: string,
): void {
  if (approval === undefined) {
    if (ctx.settings<PkiParameters>().approvalRequired) ctx.refuse('pki/approval-required', 'approval is expected')
    return
  }
  const record = ctx.state.get<ApprovalRecord>(approvalKey(approval))
  if (record === undefined) ctx.refuse('pki/unknown-approval', `there is no type approval ${approval}`)
  const problem = record && approvalProblem(record, ctx.caller.organization, type, ctx.timeMs)
  if (problem !== undefined) ctx.refuse('pki/approval-not-valid', `the type approval ${approval} ${problem}`)
}

function approvalProblem(
  record: ApprovalRecord,
  manufacturer: string,
  type: string,
  timeMs: number,
): string | undefined {
  const { withdrawn, validUntilMs } = record
  if (withdrawn !== null) return `was withdrawn at height ${withdrawn.height}`
  if (validUntilMs !== null && timeMs >= validUntilMs) return `ended at ${validUntilMs}`
  if (record.manufacturer !== manufacturer) return `covers instruments of ${record.manufacturer}`
  return record.type === type ? undefined : `covers the type ${record.type}`
}

export const addKey = defineMethod({
  summary: 'Proposes a further key of a registered instrument: for another usage, or after the last one is over.',
  args: Type.Object(
    { instrument: Instrument, ...NEW_KEY, usages: Type.Optional(Usages) },
    { additionalProperties: false },
  ),
  roles: ['manufacturer'],
  events: ['pki/proposed', 'pki/activated'],
  refusals: [
    'pki/unknown-instrument',
    'pki/not-proposer',
    'pki/usage-taken',
    ...NEW_KEY_REFUSALS,
    'pki/too-many-keys',
    'pki/history-full',
  ],
  handler(ctx, { instrument, ...given }) {
    const before = loadInstrument(ctx, instrument)
    if (before.organization !== ctx.caller.organization) {
      return ctx.refuse('pki/not-proposer', `${before.organization} registered ${instrument}`)
    }
    const usages = distinct(given.usages ?? MEASURE, KEY_USAGES)
    demandFreeUsages(ctx, before, usages)
    const parsed = admitKey(ctx, instrument, given)
    const { validUntilMs = null } = given
    const { record, key } = withKey(ctx, before, parsed, { usages, validUntilMs, replaces: null })
    return announce(ctx, store(ctx, record, ...birthOf(ctx, key.number)), key)
  },
})

export const endorse = defineMethod({
  summary: "Gives the organization's vote for a proposed key; with enough votes the key becomes active.",
  args: Type.Object({ instrument: Instrument, key: Type.Optional(KeyNumber) }, { additionalProperties: false }),
  roles: ['notified-body', 'nmi'],
  signed: true,
  events: ['pki/endorsed', 'pki/activated'],
  refusals: [
    'pki/unknown-instrument',
    'pki/unknown-key',
    'pki/revoked',
    'pki/retired',
    'pki/expired',
    'pki/already-active',
    'pki/own-proposal',
    'pki/already-endorsed',
    'pki/history-full',
  ],
  handler(ctx, { instrument, key: wanted }) {
    const { organization } = ctx.caller
    const record = loadInstrument(ctx, instrument)
    const open = record.keys.find(({ number }) => standingOf(record, number) === 'proposed')?.number
    const { number, validUntilMs } = loadKey(ctx, record, wanted ?? open)
    const standing = standingOf(record, number)
    const what = `key ${number} of ${instrument}`
    if (standing === 'revoked') return ctx.refuse('pki/revoked', `${what} is revoked`)
    if (standing === 'retired') return ctx.refuse('pki/retired', `${what} is retired`)
    if (standing !== 'proposed') return ctx.refuse('pki/already-active', `${what} has its endorsements: ${standing}`)
    if (validUntilMs !== null && ctx.timeMs >= validUntilMs)
      return ctx.refuse('pki/expired', `${what} ended at ${validUntilMs}`)
    if (record.organization === organization) return ctx.refuse('pki/own-proposal', `${organization} proposed ${what}`)
    const given = record.history.filter(({ event, key }) => event === 'endorsed' && key === number)
    if (given.some(({ by }) => by === organization)) {
      return ctx.refuse('pki/already-endorsed', `${organization} has endorsed ${what}`)
    }
    const endorsements = given.length + 1
    const active = endorsements >= ctx.parameters.endorsements
    const activated = active ? [entryOf(ctx, 'activated', number)] : []
    const after = store(ctx, record, entryOf(ctx, 'endorsed', number), ...activated)
    ctx.emit('pki/endorsed', { instrument, number, organization, by: ctx.caller.member })
    if (active) ctx.emit('pki/activated', { instrument, number })
    const status = statusAt(after, number, ctx.timeMs)
    return { instrument, key: number, status, endorsements, endorsementsNeeded: ctx.parameters.endorsements }
  },
})
