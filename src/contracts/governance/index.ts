import { Type } from 'typebox'
import { audit } from '../audit.js'
import { type Contract, defineQuery } from '../contract.js'
import { Limit, Name } from '../limits.js'
import { ProposalId } from './change-arguments.js'
import { genesisEntries } from './genesis.js'
import { announceKey, propose, vote, withdraw } from './methods.js'
import {
  CANDIDATES,
  type CandidatesRecord,
  GOVERNANCE,
  type ParametersRecord,
  type ProposalRecord,
  parametersKey,
  proposalKey,
  proposalsPrefix,
  REGISTER,
  type RegisterRecord,
  type VersionsRecord,
  type ViewRecord,
  versionsKey,
  viewKey,
  viewsPrefix,
} from './records.js'

const Closed = { additionalProperties: false } as const

const view = defineQuery({
  summary: 'One view: its replicas and the first height that it orders. The newest one when no id is given.',
  args: Type.Object({ id: Type.Optional(ProposalId) }, Closed),
  refusals: ['governance/unknown-view'],
  handler(ctx, { id }) {
    const newest = (ctx.state.get<RegisterRecord>(REGISTER) as RegisterRecord).view
    const record = ctx.state.get<ViewRecord>(viewKey(id ?? newest))
    return record ?? ctx.refuse('governance/unknown-view', `there is no view ${id}; the newest is ${newest}`)
  },
})

const views = defineQuery({
  summary: 'Views in ascending order; `after` is the last id of the page before.',
  args: Type.Object({ limit: Type.Optional(Limit), after: Type.Optional(ProposalId) }, Closed),
  refusals: [],
  async handler(ctx, { limit = 100, after }) {
    const entries = await ctx.list<ViewRecord>(viewsPrefix, limit, after === undefined ? undefined : viewKey(after))
    return entries.map(({ value }) => value)
  },
})

const proposal = defineQuery({
  summary: 'One proposal with the votes on it.',
  args: Type.Object({ id: ProposalId }, Closed),
  refusals: ['governance/unknown-proposal'],
  handler(ctx, { id }) {
    const record = ctx.state.get<ProposalRecord>(proposalKey(id))
    return record ?? ctx.refuse('governance/unknown-proposal', `there is no proposal ${id}`)
  },
})

const proposals = defineQuery({
  summary: 'Proposals in ascending order, closed ones included; `after` is the last id of the page before.',
  args: Type.Object({ limit: Type.Optional(Limit), after: Type.Optional(ProposalId) }, Closed),
  refusals: [],
  async handler(ctx, { limit = 100, after }) {
    const from = after === undefined ? undefined : proposalKey(after)
    const entries = await ctx.list<ProposalRecord>(proposalsPrefix, limit, from)
    return entries.map(({ value }) => value)
  },
})

const candidates = defineQuery({
  summary: 'Replicas that open proposals would add. Members already let them fetch blocks.',
  args: Type.Object({}, Closed),
  refusals: [],
  handler: (ctx) => ctx.state.get<CandidatesRecord>(CANDIDATES) ?? [],
})

const parameters = defineQuery({
  summary:
    'The parameters of a contract that organizations set, with the proposal that did; null while its defaults are in force.',
  args: Type.Object({ contract: Name }, Closed),
  refusals: [],
  handler: (ctx, { contract }) => ctx.state.get<ParametersRecord>(parametersKey(contract)) ?? null,
})

const versions = defineQuery({
  summary:
    'The versions of a contract that were approved, with the first height that each executes; none while the founding one is in force.',
  args: Type.Object({ contract: Name }, Closed),
  refusals: [],
  handler: (ctx, { contract }) => ctx.state.get<VersionsRecord>(versionsKey(contract)) ?? [],
})

/** Who orders and by which rules: views, organizations, parameters and contracts, and the votes that change them. */
export const governance = {
  name: GOVERNANCE,
  version: '2.0.0',
  summary:
    'Votes of the organizations that run replicas: on replicas, organizations, parameters and versions of contracts.',
  reads: ['identity'],
  writes: ['identity'],
  events: {
    'governance/proposed': 'An organization proposed changes.',
    'governance/voted': 'An organization voted on a proposal.',
    'governance/closed': 'A proposal was approved, rejected, withdrawn, or became void.',
    'governance/view': 'A view was made that orders from its first height on.',
    'governance/key-announced': 'A replica named the key that it will vote with in the next view.',
  },
  refusals: {
    'governance/bad-key': 'The key is malformed, not canonical, or not a point of its curve.',
    'governance/key-used': 'The key is, or was, named for a replica, or enrolled for a member.',
    'governance/unknown-organization': 'There is no organization of this id.',
    'governance/organization-known': 'There is, or was, an organization of this id.',
    'governance/runs-a-replica': 'An organization that is to be expelled still runs a replica.',
    'governance/bad-parameters': 'The contract has no parameters, or the values do not fit their schema.',
    'governance/bad-version':
      'A version of the contract begins at this height or later already, or there are too many.',
    'governance/no-view': 'The changes give no valid view.',
    'governance/bad-expiry': 'The end of the proposal is not ahead, or too far ahead.',
    'governance/too-many-open': 'Too many proposals are open; withdraw one or wait.',
    'governance/unknown-proposal': 'There is no proposal of this number.',
    'governance/unknown-view': 'There is no view of this number.',
    'governance/not-open': 'The proposal is closed or has ended.',
    'governance/no-vote': 'The organization runs no replica, so it has no vote and no key to announce.',
    'governance/not-a-replica': 'Only a replica names its next key, and nobody in its place.',
    'governance/voted-before': 'The organization has voted on the proposal.',
    'governance/not-yours': 'The proposal is of another organization.',
  },
  methods: { propose, vote, withdraw, announceKey },
  queries: { view, views, proposal, proposals, candidates, parameters, versions, audit },
  genesis: genesisEntries,
} satisfies Contract
