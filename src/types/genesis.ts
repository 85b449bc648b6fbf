import type { KeyType } from './transaction.js'
import type { ReplicaInfo, TimeMs } from './view.js'

/** Roles that an organization may hold; contracts name the roles that may call a method. */
export const ROLES = [
  'nmi',
  'notified-body',
  'manufacturer',
  'utility',
  'owner',
  'laboratory',
  'surveillance',
  'enroller',
] as const

export type Role = (typeof ROLES)[number]

/** A key that may sign transactions for an organization. */
export interface Member {
  readonly name: string
  readonly keyType: KeyType
  /** 64 hex characters (Ed25519) or 66 (P-256, compressed point). */
  readonly publicKey: string
  /** An `admin` may enrol further keys of its organization. */
  readonly kind: 'admin' | 'operator' | 'client'
}

export interface GenesisOrganization {
  readonly id: string
  readonly name: string
  readonly roles: readonly Role[]
  readonly members: readonly Member[]
}

/** Parameters that every replica must share; part of the genesis and so of the network id. */
export interface NetworkParameters {
  /** Open consensus instances at most. */
  readonly window: number
  /** How far ahead of block time a transaction may be valid, in ms; also how long ids are remembered. */
  readonly dedupWindowMs: number
  /** How far a proposal's timestamp may differ from a replica's own clock, in ms. */
  readonly clockDriftMsMax: number
  /** Endorsements by notified bodies or NMIs that a meter key needs before it is active. */
  readonly endorsements: number
  /** Bounds of a proposal, which voters enforce (rule N1): transactions, encoded bytes of its batches, and cost units. */
  readonly proposalTransactionsMax: number
  readonly proposalBytesMax: number
  readonly proposalCostMax: number
}

/** The founding document of a network. Its hash is the network id. */
export interface Genesis {
  readonly format: 'etalon-genesis-1'
  readonly network: string
  readonly createdMs: TimeMs
  readonly organizations: readonly GenesisOrganization[]
  readonly replicas: readonly ReplicaInfo[]
  readonly parameters: NetworkParameters
}
