import type { Digest, ReplicaId, TimeMs } from './view.js'

export type KeyType = 'ed25519' | 'p256'

/**
 * How a transaction is authenticated: `signed` by the client's own key, or `vouched` for by the replica of the
 * client's organization, whose signature on the batch covers it.
 */
export type Authentication =
  | { readonly mode: 'signed'; readonly keyType: KeyType; readonly publicKey: string }
  | { readonly mode: 'vouched'; readonly client: string }

/** The name under which a replica vouches for what it says of itself. No client of an organization may have it. */
export const REPLICA_CLIENT = 'replica'

export interface Transaction {
  /** SHA-256 of its signing bytes. Does not cover the signature. */
  readonly id: Digest
  readonly organization: string
  readonly authentication: Authentication
  readonly contract: string
  readonly method: string
  /** UTF-8 JSON, as carried. */
  readonly args: Uint8Array
  readonly validUntilMs: TimeMs
  /** The encoded envelope, as carried: what the block keeps. */
  readonly bytes: Uint8Array
  /** Empty for vouched transactions. */
  readonly signature: Uint8Array
}

/** A place in a lane (rule L1): numbers have no gaps within an incarnation, and start from 1. */
export interface LanePlace {
  /** Grows with every restart of the author. */
  readonly incarnation: number
  readonly number: number
}

/** Transactions that one replica gathered from its clients. */
export interface Batch extends LanePlace {
  /** Digest of the body, as carried. */
  readonly digest: Digest
  readonly lane: ReplicaId
  readonly transactions: readonly Transaction[]
  /** The encoded envelope, as carried. */
  readonly bytes: Uint8Array
}
