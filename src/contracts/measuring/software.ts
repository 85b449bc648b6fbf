import { Type } from 'typebox'
import { defineMethod, type Json, type MutableStateView } from '../contract.js'
import { Hash, HeightArgument, Name } from '../limits.js'
import { parametersHash } from '../settings.js'
import { ALGORITHMS } from './algorithms/index.js'
import { APPROVALS_MAX, makerKey, type SoftwareRecord, softwareKey } from './records.js'
import { Parameters } from './schemas.js'

/** Versions are compared by nobody: their order is that of `supersedes`. */
export const Version = Type.String({ minLength: 5, maxLength: 14, pattern: '^\\d{1,4}\\.\\d{1,4}\\.\\d{1,4}$' })
const Reason = Type.String({ minLength: 1, maxLength: 256 })

/** Once a version is approved, the one that it replaces ends where it begins. */
function supersede(
  state: MutableStateView,
  { software, version, supersedes, allowedFrom }: SoftwareRecord,
  height: number,
): void {
  if (supersedes === null) return
  const old = state.get<SoftwareRecord>(softwareKey(software, supersedes))
  if (old === undefined) return
  const fromHeight = Math.max(allowedFrom, height)
  state.set(softwareKey(software, supersedes), { ...old, supersededBy: { version, fromHeight } })
}

export const propose = defineMethod({
  summary: 'Proposes a version of legally relevant software: a shipped algorithm with its parameters.',
  args: Type.Object(
    {
      software: Name,
      version: Version,
      algorithm: Name,
      codeHash: Hash,
      parameters: Parameters,
      certificate: Type.String({ minLength: 1, maxLength: 128 }),
      certificateHash: Type.Optional(Hash),
      allowedFrom: Type.Optional(HeightArgument),
      supersedes: Type.Optional(Version),
    },
    { additionalProperties: false },
  ),
  roles: ['manufacturer'],
  signed: true,
  events: ['measuring/proposed', 'measuring/approved'],
  refusals: [
    'measuring/unknown-algorithm',
    'measuring/other-code',
    'measuring/bad-parameters',
    'measuring/version-exists',
    'measuring/not-maker',
    'measuring/unknown-version',
    'measuring/already-superseded',
  ],
  handler(ctx, args) {
    const { software, version, algorithm, codeHash, parameters, certificate, supersedes } = args
    const { organization } = ctx.caller
    const shipped = ALGORITHMS.get(algorithm)
    if (shipped === undefined) {
      return ctx.refuse('measuring/unknown-algorithm', `there are ${[...ALGORITHMS.keys()].join(', ')}`)
    }
    if (shipped.codeHash !== codeHash) {
      return ctx.refuse('measuring/other-code', `the code of ${algorithm} has the hash ${shipped.codeHash}`)
    }
    const problem = shipped.parametersProblem(parameters)
    if (problem !== undefined) return ctx.refuse('measuring/bad-parameters', problem)
    const maker = ctx.state.get<string>(makerKey(software))
    if (maker !== undefined && maker !== organization) {
      return ctx.refuse('measuring/not-maker', `${maker} proposed the first version of ${software}`)
    }
    if (ctx.state.get(softwareKey(software, version)) !== undefined) {
      return ctx.refuse('measuring/version-exists', `${software} ${version} was proposed before`)
    }
    if (supersedes !== undefined) {
      const old = ctx.state.get<SoftwareRecord>(softwareKey(software, supersedes))
      if (old === undefined) return ctx.refuse('measuring/unknown-version', `${software} has no version ${supersedes}`)
      if (old.supersededBy !== null) {
        return ctx.refuse('measuring/already-superseded', `${old.supersededBy.version} supersedes ${supersedes}`)
      }
    }
    const now = { height: ctx.height, timeMs: ctx.timeMs }
    const record: SoftwareRecord = {
      software,
      version,
      algorithm,
      codeHash,
      parameters,
      parametersHash: parametersHash(ctx.crypto, parameters as Json),
      certificate,
      certificateHash: args.certificateHash ?? null,
      organization,
      allowedFrom: args.allowedFrom ?? 0,
      supersedes: supersedes ?? null,
      proposed: now,
      approvals: [],
      approved: ctx.parameters.endorsements <= 0 ? now : null,
      supersededBy: null,
      withdrawn: null,
    }
    ctx.state.set(softwareKey(software, version), record)
    if (maker === undefined) ctx.state.set(makerKey(software), organization)
    const { parametersHash: hash } = record
    ctx.emit('measuring/proposed', {
      software,
      version,
      algorithm,
      codeHash,
      parametersHash: hash,
      certificate,
      organization,
    })
    if (record.approved !== null) {
      ctx.emit('measuring/approved', { software, version, codeHash, parametersHash: hash })
      supersede(ctx.state, record, ctx.height)
    }
    return {
      software,
      version,
      parametersHash: hash,
      status: record.approved === null ? 'proposed' : 'approved',
      approvalsNeeded: ctx.parameters.endorsements,
    }
  },
})

export const approve = defineMethod({
  summary: "Gives the organization's approval to a version, naming the hashes that it examined.",
  args: Type.Object(
    { software: Name, version: Version, codeHash: Hash, parametersHash: Hash },
    { additionalProperties: false },
  ),
  roles: ['notified-body', 'nmi'],
  signed: true,
  events: ['measuring/vote', 'measuring/approved'],
  refusals: [
    'measuring/unknown-version',
    'measuring/withdrawn',
    'measuring/already-approved',
    'measuring/own-proposal',
    'measuring/other-code',
    'measuring/other-parameters',
    'measuring/already-superseded',
  ],
  handler(ctx, { software, version, codeHash, parametersHash: hash }) {
    const { organization } = ctx.caller
    const record = ctx.state.get<SoftwareRecord>(softwareKey(software, version))
    if (record === undefined) return ctx.refuse('measuring/unknown-version', `${software} has no version ${version}`)
    if (record.withdrawn !== null) return ctx.refuse('measuring/withdrawn', record.withdrawn.reason)
    const voted = record.approvals.some((approval) => approval.organization === organization)
    if (record.approved !== null || voted || record.approvals.length >= APPROVALS_MAX) {
      return ctx.refuse('measuring/already-approved', `${software} ${version} has ${record.approvals.length} approvals`)
    }
    if (record.organization === organization) {
      return ctx.refuse('measuring/own-proposal', `${organization} proposed ${software} ${version}`)
    }
    if (record.codeHash !== codeHash) {
      return ctx.refuse('measuring/other-code', `the code of ${software} ${version} has the hash ${record.codeHash}`)
    }
    if (record.parametersHash !== hash) {
      return ctx.refuse(
        'measuring/other-parameters',
        `those of ${software} ${version} have the hash ${record.parametersHash}`,
      )
    }
    const old =
      record.supersedes === null ? undefined : ctx.state.get<SoftwareRecord>(softwareKey(software, record.supersedes))
    if (old !== undefined && old.supersededBy !== null) {
      return ctx.refuse('measuring/already-superseded', `${old.supersededBy.version} supersedes ${old.version}`)
    }
    const now = { height: ctx.height, timeMs: ctx.timeMs }
    const approvals = [...record.approvals, { organization, ...now }]
    const approved = approvals.length >= ctx.parameters.endorsements ? now : null
    ctx.state.set(softwareKey(software, version), { ...record, approvals, approved })
    ctx.emit('measuring/vote', { software, version, organization, by: ctx.caller.member })
    if (approved !== null) {
      ctx.emit('measuring/approved', { software, version, codeHash, parametersHash: hash })
      supersede(ctx.state, record, ctx.height)
    }
    return {
      software,
      version,
      status: approved === null ? 'proposed' : 'approved',
      approvals: approvals.length,
      approvalsNeeded: ctx.parameters.endorsements,
    }
  },
})

export const withdraw = defineMethod({
  summary: 'Withdraws a version: it is used for no further measurement, and what it gave stays reproducible.',
  args: Type.Object({ software: Name, version: Version, reason: Reason }, { additionalProperties: false }),
  roles: ['notified-body', 'nmi'],
  signed: true,
  events: ['measuring/withdrawn'],
  refusals: ['measuring/unknown-version', 'measuring/withdrawn'],
  handler(ctx, { software, version, reason }) {
    const { organization } = ctx.caller
    const record = ctx.state.get<SoftwareRecord>(softwareKey(software, version))
    if (record === undefined) return ctx.refuse('measuring/unknown-version', `${software} has no version ${version}`)
    if (record.withdrawn !== null) return ctx.refuse('measuring/withdrawn', record.withdrawn.reason)
    const withdrawn = { organization, reason, height: ctx.height, timeMs: ctx.timeMs }
    ctx.state.set(softwareKey(software, version), { ...record, withdrawn })
    ctx.emit('measuring/withdrawn', { software, version, organization, reason, by: ctx.caller.member })
    return { software, version, status: 'withdrawn' }
  },
})
