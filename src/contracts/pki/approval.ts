import { Type } from 'typebox'
import { defineMethod } from '../contract.js'
import { organizationKey } from '../identity/records.js'
import { Hash, Name, Time } from '../limits.js'
import { Approval, InstrumentType, Reason } from './arguments.js'
import { type ApprovalRecord, approvalKey } from './records.js'

export const approveType = defineMethod({
  summary: 'Records the type approval of instruments of a manufacturer.',
  args: Type.Object(
    {
      approval: Approval,
      type: InstrumentType,
      manufacturer: Name,
      documentHash: Hash,
      validUntilMs: Type.Optional(Time),
    },
    { additionalProperties: false },
  ),
  roles: ['nmi', 'notified-body'],
  signed: true,
  events: ['pki/type-approved'],
  refusals: ['pki/approval-exists', 'pki/unknown-organization', 'pki/bad-validity'],
  handler(ctx, { approval, type, manufacturer, documentHash, validUntilMs = null }) {
    const { organization } = ctx.caller
    if (ctx.state.get(approvalKey(approval)) !== undefined) {
      return ctx.refuse('pki/approval-exists', `${approval} is never overwritten`)
    }
    if (ctx.other('identity').get(organizationKey(manufacturer)) === undefined) {
      return ctx.refuse('pki/unknown-organization', `there is no organization ${manufacturer}`)
    }
    if (validUntilMs !== null && validUntilMs <= ctx.timeMs) {
      return ctx.refuse('pki/bad-validity', `the time of the block is ${ctx.timeMs}`)
    }
    const granted = { height: ctx.height, timeMs: ctx.timeMs }
    const record: ApprovalRecord = {
      approval,
      type,
      manufacturer,
      organization,
      documentHash,
      validUntilMs,
      granted,
      withdrawn: null,
    }
    ctx.state.set(approvalKey(approval), record)
    ctx.emit('pki/type-approved', { approval, type, manufacturer, organization, documentHash, by: ctx.caller.member })
    return { approval, type }
  },
})

export const withdrawType = defineMethod({
  summary:
    'Withdraws a type approval: nothing can be registered under it any more. Registered instruments stay as they are.',
  args: Type.Object({ approval: Approval, reason: Reason }, { additionalProperties: false }),
  roles: ['nmi', 'notified-body'],
  signed: true,
  events: ['pki/type-withdrawn'],
  refusals: ['pki/unknown-approval', 'pki/approval-not-valid', 'pki/not-proposer'],
  handler(ctx, { approval, reason }) {
    const { organization, roles } = ctx.caller
    const record = ctx.state.get<ApprovalRecord>(approvalKey(approval))
    if (record === undefined) return ctx.refuse('pki/unknown-approval', `there is no type approval ${approval}`)
    if (record.organization !== organization && !roles.includes('nmi')) {
      return ctx.refuse('pki/not-proposer', `${record.organization} gave the type approval ${approval}`)
    }
    if (record.withdrawn !== null) {
      return ctx.refuse('pki/approval-not-valid', `it was withdrawn at height ${record.withdrawn.height}`)
    }
    const withdrawn = { height: ctx.height, timeMs: ctx.timeMs, by: organization, reason }
    ctx.state.set(approvalKey(approval), { ...record, withdrawn })
    ctx.emit('pki/type-withdrawn', { approval, organization, reason, by: ctx.caller.member })
    return { approval }
  },
})
