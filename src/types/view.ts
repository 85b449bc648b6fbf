/** SHA-256 as 64 lower-case hexadecimal characters: comparable with `===`, usable as a key, readable in a log. */
export type Digest = string & { readonly __digest?: never }

/** Stable number of a replica, given when it is admitted and never reused. */
export type ReplicaId = number

/** Counts the configurations of the network, from 0. */
export type ViewId = number

/** Position in the ledger; equals the consensus id of the instance that decided it. Genesis is 0. */
export type Height = number

/** Consensus instance: the slot of the ledger that it decides. */
export type ConsensusId = Height

/** Counts leaders within a view, from 1. */
export type Regency = number

/** Milliseconds since 1970, UTC. */
export type TimeMs = number

export interface ReplicaInfo {
  readonly id: ReplicaId
  /** Id of the organization that runs it. */
  readonly organization: string
  /** Ed25519 public key that its votes are checked against, 64 hex characters. */
  readonly consensusKey: string
  /** libp2p peer id of its transport key. */
  readonly peerId: string
  /** Multiaddrs at which peers reach it. */
  readonly addresses: readonly string[]
}

/** The ordered list of replicas, one per organization, that order transactions together. */
export interface View {
  readonly id: ViewId
  readonly replicas: readonly ReplicaInfo[]
}

/** A view with the first height that it orders; the view before ends below it. */
export interface ScheduledView {
  readonly view: View
  readonly from: Height
}
