import { utf8 } from '../../base/bytes.js'
import { parseArguments } from '../arguments.js'
import { announce } from '../audit.js'
import type { Json, MethodContext } from '../contract.js'
import { organizationEntries } from '../identity/entries.js'
import { keyProblem } from '../identity/keys.js'
import { keyKey, type OrganizationRecord, organizationKey } from '../identity/records.js'
import { changedReplicas, nextView } from './change-view.js'
import {
  asJson,
  type Change,
  nextKeyKey,
  type ParametersRecord,
  parametersKey,
  REGISTER,
  type RegisterRecord,
  type ReplicaRecord,
  usedKeyKey,
  type VersionsRecord,
  VIEW_EVENT,
  type ViewRecord,
  versionsKey,
  viewKey,
} from './records.js'

/** Versions of one contract that a network may approve. */
export const VERSIONS_MAX = 64

export type ChangeRefusal =
  | 'governance/bad-key'
  | 'governance/key-used'
  | 'governance/unknown-organization'
  | 'governance/organization-known'
  | 'governance/runs-a-replica'
  | 'governance/no-view'
  | 'governance/bad-parameters'
  | 'governance/bad-version'

export const CHANGE_REFUSALS: readonly ChangeRefusal[] = [
  'governance/bad-key',
  'governance/key-used',
  'governance/unknown-organization',
  'governance/organization-known',
  'governance/runs-a-replica',
  'governance/no-view',
  'governance/bad-parameters',
  'governance/bad-version',
]

export interface ChangeProblem {
  readonly code: ChangeRefusal
  readonly detail: string
}

type Context = MethodContext<string, string>
type Of<K extends Change['kind']> = Extract<Change, { readonly kind: K }>

/** What the changes of a proposal so far have come to. */
interface SoFar {
  readonly organizations: Map<string, 'admitted' | 'expelled'>
  /** Keys of the admins of those that are admitted. */
  readonly keys: Set<string>
  /** First heights of the versions, by contract. */
  readonly versions: Map<string, readonly number[]>
}

const problem = (code: ChangeRefusal, detail: string): ChangeProblem => ({ code, detail })

/** What is in the way of the changes of a proposal, all together, as things stand. */
export function changesProblem(
  ctx: Context,
  changes: readonly Change[],
  replicas: readonly ReplicaRecord[],
): ChangeProblem | undefined {
  const soFar: SoFar = { organizations: new Map(), keys: new Set(), versions: new Map() }
  for (const change of changes) {
    const found = changeProblem(ctx, change, soFar)
    if (found !== undefined) return found
  }
  const outcome = changedReplicas(replicas, changes)
  if ('problem' in outcome) return problem('governance/no-view', outcome.problem)
  const left = outcome.replicas.find(({ organization }) => soFar.organizations.get(organization) === 'expelled')
  if (left === undefined) return undefined
  return problem('governance/runs-a-replica', `${left.organization} still runs replica ${left.id}: remove it as well`)
}

function changeProblem(ctx: Context, change: Change, soFar: SoFar): ChangeProblem | undefined {
  switch (change.kind) {
    case 'add':
      if (!isOrganization(ctx, change.replica.organization, soFar)) {
        return unknownOrganization(change.replica.organization)
      }
      return consensusKeyProblem(ctx, change.replica.consensusKey)
    case 'rotate':
      return consensusKeyProblem(ctx, change.consensusKey)
    case 'remove':
      return undefined
    case 'admit':
      return admitProblem(ctx, change, soFar)
    case 'expel':
      if (!isOrganization(ctx, change.organization, soFar)) return unknownOrganization(change.organization)
      soFar.organizations.set(change.organization, 'expelled')
      return undefined
    case 'roles':
      if (!isOrganization(ctx, change.organization, soFar)) return unknownOrganization(change.organization)
      return undefined
    case 'parameters': {
      const found = ctx.parameterProblem(change.contract, change.values)
      return found === undefined ? undefined : problem('governance/bad-parameters', found)
    }
    case 'contract':
      return versionProblem(ctx, change, soFar)
  }
}

const unknownOrganization = (id: string): ChangeProblem =>
  problem('governance/unknown-organization', `there is no organization ${id}`)

function isOrganization(ctx: Context, id: string, { organizations }: SoFar): boolean {
  const here = organizations.get(id)
  if (here !== undefined) return here === 'admitted'
  const record = ctx.other('identity').get<OrganizationRecord>(organizationKey(id))
  return record !== undefined && record.ended === undefined
}

function consensusKeyProblem(ctx: Context, key: string): ChangeProblem | undefined {
  const bad = keyProblem('ed25519', key)
  if (bad !== undefined) return problem('governance/bad-key', bad)
  if (ctx.state.get(usedKeyKey(key)) === undefined) return undefined
  return problem('governance/key-used', 'a consensus key is never used twice')
}

function admitProblem(ctx: Context, change: Of<'admit'>, soFar: SoFar): ChangeProblem | undefined {
  const { organization, admin } = change
  const { organizations, keys } = soFar
  const identity = ctx.other('identity')
  if (organizations.has(organization) || identity.get(organizationKey(organization)) !== undefined) {
    return problem('governance/organization-known', `there is, or was, an organization ${organization}`)
  }
  const bad = keyProblem(admin.keyType, admin.publicKey)
  if (bad !== undefined) return problem('governance/bad-key', bad)
  if (keys.has(admin.publicKey) || identity.get(keyKey(admin.publicKey)) !== undefined) {
    return problem('governance/key-used', `the key of ${admin.name} is, or was, enrolled`)
  }
  organizations.set(organization, 'admitted')
  keys.add(admin.publicKey)
  return undefined
}

/** That the release of this replica has the version is not asked: releases come later than the votes on them, or earlier. */
function versionProblem(ctx: Context, change: Of<'contract'>, { versions }: SoFar): ChangeProblem | undefined {
  const { contract } = change
  const known = ctx.state.get<VersionsRecord>(versionsKey(contract)) ?? []
  const heights = [...known.map((version) => version.from), ...(versions.get(contract) ?? [])]
  if (heights.length >= VERSIONS_MAX) {
    return problem('governance/bad-version', `${contract} has ${VERSIONS_MAX} versions`)
  }
  const last = heights.at(-1) ?? 0
  const from = Math.max(change.from, firstHeight(ctx))
  if (from <= last) return problem('governance/bad-version', `a version of ${contract} begins at ${last} already`)
  versions.set(contract, [...(versions.get(contract) ?? []), from])
  return undefined
}

/** Does what was approved, once nothing is in the way. */
export function applyChanges(
  ctx: Context,
  proposal: number,
  changes: readonly Change[],
  replicas: readonly ReplicaRecord[],
): void {
  for (const change of changes) applyChange(ctx, proposal, change)
  const concernsView = changes.some(({ kind }) => kind === 'add' || kind === 'remove' || kind === 'rotate')
  const outcome = changedReplicas(replicas, changes)
  if (concernsView && 'replicas' in outcome) enterView(ctx, outcome.replicas)
}

function applyChange(ctx: Context, proposal: number, change: Change): void {
  const at = { height: ctx.height, timeMs: ctx.timeMs }
  switch (change.kind) {
    case 'admit': {
      const { organization: id, name, roles, admin } = change
      const members = [{ ...admin, kind: 'admin' as const }]
      const identity = ctx.writable('identity')
      for (const { key, value } of organizationEntries({ id, name, roles, members }, at)) identity.set(key, value)
      return
    }
    case 'expel':
      changeOrganization(ctx, change.organization, { ended: at })
      return
    case 'roles':
      changeOrganization(ctx, change.organization, { roles: change.roles })
      return
    case 'parameters': {
      const record: ParametersRecord = { values: change.values, proposal, set: at }
      ctx.state.set(parametersKey(change.contract), record)
      return
    }
    case 'contract': {
      const { contract, version, code } = change
      const key = versionsKey(contract)
      const from = Math.max(change.from, firstHeight(ctx))
      ctx.state.set(key, [...(ctx.state.get<VersionsRecord>(key) ?? []), { version, code, from, proposal }])
      return
    }
    default:
      return
  }
}

function changeOrganization(ctx: Context, id: string, changes: Partial<OrganizationRecord>): void {
  const identity = ctx.writable('identity')
  const record = identity.get<OrganizationRecord>(organizationKey(id))
  if (record !== undefined) identity.set(organizationKey(id), { ...record, ...changes })
}

/** Nobody votes for an instance without having executed the one a window below, so from here on all know of a change in time. */
const firstHeight = (ctx: Context): number => ctx.height + ctx.parameters.window + 1

/** Makes the next view, with the keys that were announced for it. */
function enterView(ctx: Context, replicas: readonly ReplicaRecord[]): void {
  const register = ctx.state.get<RegisterRecord>(REGISTER) as RegisterRecord
  const newest = ctx.state.get<ViewRecord>(viewKey(register.view)) as ViewRecord
  const view = nextView(newest, firstHeight(ctx), replicas)
  ctx.state.set(viewKey(view.id), asJson(view))
  ctx.state.set(REGISTER, asJson({ ...register, view: view.id }))
  for (const { id, consensusKey } of view.replicas) {
    if (ctx.state.get(usedKeyKey(consensusKey)) === undefined) ctx.state.set(usedKeyKey(consensusKey), { replica: id })
  }
  for (const { id } of newest.replicas) {
    if (ctx.state.get(nextKeyKey(id)) !== undefined) ctx.state.delete(nextKeyKey(id))
  }
  announce(ctx, VIEW_EVENT, asJson(view))
}

/** Parameters as a proposal gives them: JSON as a text, since their schema is that of another contract. */
export function readParameters(text: string): { readonly values: Json } | ChangeProblem {
  const parsed = parseArguments(utf8(text))
  if ('value' in parsed) return { values: parsed.value as Json }
  return problem('governance/bad-parameters', parsed.problem.replace('the arguments', 'the parameters'))
}
