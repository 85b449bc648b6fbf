import type { KeyType, ReplicaId, ReplicaInfo, Role, ScheduledView, View } from '../../types/index.js'
import type { Json } from '../contract.js'

/** Where governance keeps what, and the shape of it. Replicas read the views to know whose votes count at which height. */

export const GOVERNANCE = 'governance'

/** Event that carries the record of a new view. */
export const VIEW_EVENT = 'governance/view'

/** A view and the first height that it orders. */
export type ViewRecord = {
  readonly id: number
  readonly from: number
  readonly replicas: readonly ReplicaRecord[]
}

export type ReplicaRecord = {
  readonly id: number
  readonly organization: string
  readonly consensusKey: string
  readonly peerId: string
  readonly addresses: readonly string[]
}

export type Change =
  | { readonly kind: 'add'; readonly replica: ReplicaRecord }
  | { readonly kind: 'remove'; readonly replica: number }
  | { readonly kind: 'rotate'; readonly replica: number; readonly consensusKey: string }
  | {
      readonly kind: 'admit'
      readonly organization: string
      readonly name: string
      readonly roles: readonly Role[]
      readonly admin: { readonly name: string; readonly keyType: KeyType; readonly publicKey: string }
    }
  /** Nobody acts for the organization any more. */
  | { readonly kind: 'expel'; readonly organization: string }
  | { readonly kind: 'roles'; readonly organization: string; readonly roles: readonly Role[] }
  | { readonly kind: 'parameters'; readonly contract: string; readonly values: Json }
  | {
      readonly kind: 'contract'
      readonly contract: string
      readonly version: string
      readonly code: string
      readonly from: number
    }

export type ProposalStatus = 'open' | 'approved' | 'rejected' | 'withdrawn' | 'void'

export type ProposalRecord = {
  readonly id: number
  readonly title: string
  readonly organization: string
  readonly changes: readonly Change[]
  readonly expiresMs: number
  readonly proposed: { readonly height: number; readonly timeMs: number }
  /** Organizations that voted, ascending. */
  readonly approvals: readonly string[]
  readonly rejections: readonly string[]
  readonly status: ProposalStatus
}

/** Numbers given out, and what is open. */
export type RegisterRecord = {
  readonly proposals: number
  readonly replicas: number
  /** Id of the newest view. */
  readonly view: number
  /** Open proposals with the time at which each ends, ascending by id. */
  readonly open: readonly { readonly id: number; readonly organization: string; readonly expiresMs: number }[]
}

/** Parameters of a contract, as the organizations set them last. */
export type ParametersRecord = {
  readonly values: Json
  readonly proposal: number
  readonly set: { readonly height: number; readonly timeMs: number }
}

/** Versions of a contract that were approved, each with the first height that it executes; ascending. */
export type VersionsRecord = readonly ApprovedVersion[]

export type ApprovedVersion = {
  readonly version: string
  /** SHA-256 of its code: a replica that has another under this version does not execute it. */
  readonly code: string
  readonly from: number
  readonly proposal: number
}

/** Replicas that open proposals would add: peers already let them fetch blocks. */
export type CandidatesRecord = readonly { readonly proposal: number; readonly replica: ReplicaRecord }[]

const ID_DIGITS = 8

const numbered = (prefix: string, id: number): string => `${prefix}${String(id).padStart(ID_DIGITS, '0')}`

export const REGISTER = 'register'
export const CANDIDATES = 'candidates'
export const viewsPrefix = 'views/'
export const viewKey = (id: number): string => numbered(viewsPrefix, id)
export const proposalsPrefix = 'proposals/'
export const proposalKey = (id: number): string => numbered(proposalsPrefix, id)
/** The key that a replica will vote with from the next view on. */
export const nextKeyKey = (replica: ReplicaId): string => numbered('next-keys/', replica)
/** Every consensus key that was ever named: none is used twice. */
export const usedKeyKey = (consensusKey: string): string => `keys/${consensusKey}`

export const versionsKey = (contract: string): string => `contracts/${contract}`
export const parametersKey = (contract: string): string => `parameters/${contract}`

/** The record of a view, and back. */
export function viewRecord(view: View, from: number): ViewRecord {
  return { id: view.id, from, replicas: view.replicas.map(replicaRecord) }
}

export function scheduledView({ id, from, replicas }: ViewRecord): ScheduledView {
  return { view: { id, replicas }, from }
}

const replicaRecord = ({ id, organization, consensusKey, peerId, addresses }: ReplicaInfo): ReplicaRecord => ({
  id,
  organization,
  consensusKey,
  peerId,
  addresses,
})

/** A list of records as state holds it. */
export const asJson = (value: object): Json => value as Json

/** Keys of the whole state under which replicas find what concerns them. */
export const governanceKeys = {
  views: `${GOVERNANCE}/${viewsPrefix}`,
  view: (id: number): string => `${GOVERNANCE}/${viewKey(id)}`,
  candidates: `${GOVERNANCE}/${CANDIDATES}`,
  register: `${GOVERNANCE}/${REGISTER}`,
  nextKey: (replica: ReplicaId): string => `${GOVERNANCE}/${nextKeyKey(replica)}`,
} as const
