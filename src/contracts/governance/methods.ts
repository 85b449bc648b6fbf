import { Type } from 'typebox'
import { quorumOf } from '../../types/quorum.js'
import { REPLICA_CLIENT } from '../../types/transaction.js'
import { announce } from '../audit.js'
import type { MethodContext } from '../contract.js'
import { defineMethod } from '../contract.js'
import { keyProblem } from '../identity/keys.js'
import { Hash, Time } from '../limits.js'
import { ChangeArgument, ProposalId } from './change-arguments.js'
import { withNextKeys } from './change-view.js'
import { applyChanges, CHANGE_REFUSALS, changesProblem, readParameters } from './changes.js'
import {
  asJson,
  CANDIDATES,
  type CandidatesRecord,
  type Change,
  nextKeyKey,
  type ProposalRecord,
  proposalKey,
  REGISTER,
  type RegisterRecord,
  usedKeyKey,
  VIEW_EVENT,
  type ViewRecord,
  viewKey,
} from './records.js'

/** Changes of one proposal. */
export const CHANGES_MAX = 8
/** Open proposals of one organization, and of all together that run no replica: they cannot take the room of those who vote. */
export const OPEN_PROPOSALS_PER_ORGANIZATION_MAX = 4
export const OPEN_PROPOSALS_OF_OTHERS_MAX = 16
/** Replicas that the open proposals of one organization would add, and those of all: their list is one value of the state. */
export const CANDIDATES_PER_ORGANIZATION_MAX = 8
export const CANDIDATES_MAX = 96
/** How far ahead a proposal may end, ms. */
export const PROPOSAL_DURATION_MAX_MS = 90 * 24 * 3_600_000

const Closed = { additionalProperties: false } as const

type Context = MethodContext<string, string>

const register = (ctx: Context): RegisterRecord => ctx.state.get<RegisterRecord>(REGISTER) as RegisterRecord
const newestView = (ctx: Context): ViewRecord => ctx.state.get<ViewRecord>(viewKey(register(ctx).view)) as ViewRecord

/** Organizations that vote: those that run a replica of the newest view. */
const electorate = (view: ViewRecord): ReadonlySet<string> =>
  new Set(view.replicas.map(({ organization }) => organization))

export const propose = defineMethod({
  summary: 'Proposes changes of replicas, organizations, parameters and versions of contracts, all together or none.',
  args: Type.Object(
    {
      title: Type.String({ minLength: 1, maxLength: 200 }),
      changes: Type.Array(ChangeArgument, { minItems: 1, maxItems: CHANGES_MAX }),
      expiresMs: Time,
    },
    Closed,
  ),
  roles: 'any',
  kinds: ['admin'],
  signed: true,
  events: ['governance/proposed'],
  refusals: [...CHANGE_REFUSALS, 'governance/bad-expiry', 'governance/too-many-open'],
  handler(ctx, { title, changes: given, expiresMs }) {
    const { organization } = ctx.caller
    if (expiresMs <= ctx.timeMs || expiresMs > ctx.timeMs + PROPOSAL_DURATION_MAX_MS) {
      return ctx.refuse('governance/bad-expiry', `ahead of block time ${ctx.timeMs}, at most 90 days`)
    }
    const known = register(ctx)
    const open = known.open.filter((proposal) => proposal.expiresMs >= ctx.timeMs)
    const full = roomProblem(ctx, open, given.filter(({ kind }) => kind === 'add').length)
    if (full !== undefined) return ctx.refuse('governance/too-many-open', full)
    let { replicas } = known
    const changes: Change[] = given.map((change): Change => {
      if (change.kind === 'parameters') {
        const read = readParameters(change.values)
        return 'code' in read ? ctx.refuse(read.code, read.detail) : { ...change, values: read.values }
      }
      if (change.kind !== 'add') return change
      const { kind, ...replica } = change
      replicas += 1
      return { kind, replica: { id: replicas - 1, ...replica } }
    })
    const problem = changesProblem(ctx, changes, newestView(ctx).replicas)
    if (problem !== undefined) return ctx.refuse(problem.code, problem.detail)
    const id = known.proposals
    const proposed = { height: ctx.height, timeMs: ctx.timeMs }
    const proposal: ProposalRecord = {
      id,
      title,
      organization,
      changes,
      expiresMs,
      proposed,
      approvals: [],
      rejections: [],
      status: 'open',
    }
    ctx.state.set(proposalKey(id), asJson(proposal))
    const next = { ...known, proposals: id + 1, replicas, open: [...open, { id, organization, expiresMs }] }
    ctx.state.set(REGISTER, asJson(next))
    setCandidates(ctx, next, changes, id)
    const added = changes.flatMap((change) => (change.kind === 'add' ? [change.replica.id] : []))
    announce(ctx, 'governance/proposed', { proposal: id, organization, title, changes: asJson(changes), expiresMs })
    return { proposal: id, replicas: added }
  },
})

/** Why there is no room for one more proposal of the caller, for people. @param added replicas that it would add */
function roomProblem(ctx: Context, open: RegisterRecord['open'], added: number): string | undefined {
  const { organization } = ctx.caller
  const voters = electorate(newestView(ctx))
  const own = open.filter((proposal) => proposal.organization === organization)
  if (own.length >= OPEN_PROPOSALS_PER_ORGANIZATION_MAX) return `${own.length} proposals of ${organization} are open`
  const others = open.filter((proposal) => !voters.has(proposal.organization))
  if (!voters.has(organization) && others.length >= OPEN_PROPOSALS_OF_OTHERS_MAX) {
    return `${others.length} proposals of organizations that run no replica are open`
  }
  const candidates = ctx.state.get<CandidatesRecord>(CANDIDATES) ?? []
  const ofOpen = (list: RegisterRecord['open']): number =>
    candidates.filter(({ proposal }) => list.some(({ id }) => id === proposal)).length
  const [ownCandidates, all] = [ofOpen(own), ofOpen(open)]
  if (ownCandidates + added <= CANDIDATES_PER_ORGANIZATION_MAX && all + added <= CANDIDATES_MAX) return undefined
  return `${added} more replicas would be proposed, where ${ownCandidates} of ${organization} and ${all} of all are`
}

/** Replicas of the open proposals; those of a new one come last. */
function setCandidates(ctx: Context, { open }: RegisterRecord, changes: readonly Change[], id?: number): void {
  const ids = new Set(open.map((proposal) => proposal.id))
  const known = ctx.state.get<CandidatesRecord>(CANDIDATES) ?? []
  const added = changes.flatMap((change) =>
    change.kind === 'add' && id !== undefined ? [{ proposal: id, replica: change.replica }] : [],
  )
  const candidates = [...known.filter(({ proposal }) => ids.has(proposal)), ...added]
  if (candidates.length + known.length > 0) ctx.state.set(CANDIDATES, asJson(candidates))
}

/** Ends a proposal, and with it the candidacy of its replicas. */
function close(ctx: Context, proposal: ProposalRecord): void {
  const known = register(ctx)
  const next = { ...known, open: known.open.filter(({ id }) => id !== proposal.id) }
  ctx.state.set(proposalKey(proposal.id), asJson(proposal))
  ctx.state.set(REGISTER, asJson(next))
  setCandidates(ctx, next, [])
}

export const vote = defineMethod({
  summary:
    'Votes on a proposal, once for each organization that runs a replica. A quorum of approvals puts it in force: organizations and parameters at once, views and contracts a window later.',
  args: Type.Object({ proposal: ProposalId, approve: Type.Boolean() }, Closed),
  roles: 'any',
  kinds: ['admin'],
  signed: true,
  events: ['governance/voted', 'governance/closed', VIEW_EVENT],
  refusals: ['governance/unknown-proposal', 'governance/not-open', 'governance/no-vote', 'governance/voted-before'],
  handler(ctx, { proposal: id, approve }) {
    const { organization } = ctx.caller
    const proposal = ctx.state.get<ProposalRecord>(proposalKey(id))
    if (proposal === undefined) return ctx.refuse('governance/unknown-proposal', `there is no proposal ${id}`)
    if (proposal.status !== 'open') return ctx.refuse('governance/not-open', `proposal ${id} is ${proposal.status}`)
    if (proposal.expiresMs < ctx.timeMs) return ctx.refuse('governance/not-open', `it ended at ${proposal.expiresMs}`)
    const view = newestView(ctx)
    const voters = electorate(view)
    if (!voters.has(organization)) {
      return ctx.refuse('governance/no-vote', `${organization} runs no replica of view ${view.id}`)
    }
    if (proposal.approvals.includes(organization) || proposal.rejections.includes(organization)) {
      return ctx.refuse('governance/voted-before', `${organization} voted on proposal ${id} before`)
    }
    const voted = counted(proposal, organization, approve)
    announce(ctx, 'governance/voted', { proposal: id, organization, approve })
    const { n, votes } = quorumOf(voters.size)
    const approvals = voted.approvals.filter((name) => voters.has(name)).length
    const rejections = voted.rejections.filter((name) => voters.has(name)).length
    const status = approvals >= votes ? enact(ctx, voted, view) : rejections > n - votes ? 'rejected' : 'open'
    if (status === 'open') ctx.state.set(proposalKey(id), asJson(voted))
    else {
      close(ctx, { ...voted, status })
      announce(ctx, 'governance/closed', { proposal: id, status })
    }
    return { proposal: id, status, approvals, rejections, needed: votes }
  },
})

function counted(proposal: ProposalRecord, organization: string, approve: boolean): ProposalRecord {
  const add = (names: readonly string[]) => [...names, organization].sort()
  return approve
    ? { ...proposal, approvals: add(proposal.approvals) }
    : { ...proposal, rejections: add(proposal.rejections) }
}

/** Does what was approved. `void` when something has moved on so that it cannot be done any more. */
function enact(ctx: Context, { id, changes }: ProposalRecord, newest: ViewRecord): 'approved' | 'void' {
  const announced = withNextKeys(newest.replicas, (replica) => ctx.state.get<string>(nextKeyKey(replica)))
  if (changesProblem(ctx, changes, announced) !== undefined) return 'void'
  applyChanges(ctx, id, changes, announced)
  return 'approved'
}

export const withdraw = defineMethod({
  summary: "Withdraws an open proposal of the caller's own organization.",
  args: Type.Object({ proposal: ProposalId }, Closed),
  roles: 'any',
  kinds: ['admin'],
  signed: true,
  events: ['governance/closed'],
  refusals: ['governance/unknown-proposal', 'governance/not-open', 'governance/not-yours'],
  handler(ctx, { proposal: id }) {
    const proposal = ctx.state.get<ProposalRecord>(proposalKey(id))
    if (proposal === undefined) return ctx.refuse('governance/unknown-proposal', `there is no proposal ${id}`)
    if (proposal.status !== 'open') return ctx.refuse('governance/not-open', `proposal ${id} is ${proposal.status}`)
    if (proposal.organization !== ctx.caller.organization) {
      return ctx.refuse('governance/not-yours', `proposal ${id} is of ${proposal.organization}`)
    }
    close(ctx, { ...proposal, status: 'withdrawn' })
    announce(ctx, 'governance/closed', { proposal: id, status: 'withdrawn' })
    return { proposal: id }
  },
})

export const announceKey = defineMethod({
  summary:
    "Names the key that the caller's own replica will vote with from the next view on. Replicas do it by themselves; the old key is erased then.",
  args: Type.Object({ consensusKey: Hash }, Closed),
  roles: 'any',
  events: ['governance/key-announced'],
  refusals: ['governance/not-a-replica', 'governance/no-vote', 'governance/bad-key', 'governance/key-used'],
  handler(ctx, { consensusKey }) {
    const { organization, member, mode } = ctx.caller
    if (mode !== 'vouched' || member !== REPLICA_CLIENT) {
      return ctx.refuse('governance/not-a-replica', `${member} is a client of ${organization}, not its replica`)
    }
    const replica = newestView(ctx).replicas.find((candidate) => candidate.organization === organization)
    if (replica === undefined) return ctx.refuse('governance/no-vote', `${organization} runs no replica`)
    const problem = keyProblem('ed25519', consensusKey)
    if (problem !== undefined) return ctx.refuse('governance/bad-key', problem)
    if (ctx.state.get(usedKeyKey(consensusKey)) !== undefined) {
      return ctx.refuse('governance/key-used', 'a consensus key is never used twice')
    }
    ctx.state.set(usedKeyKey(consensusKey), { replica: replica.id })
    ctx.state.set(nextKeyKey(replica.id), consensusKey)
    announce(ctx, 'governance/key-announced', { replica: replica.id, organization, consensusKey })
    return { replica: replica.id }
  },
})
