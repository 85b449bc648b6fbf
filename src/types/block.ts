import type { DecisionCertificate, FinalityCertificate } from './consensus.js'
import type { Digest, Height, TimeMs, View } from './view.js'

export interface BlockHeader {
  readonly height: Height
  readonly previous: Digest
  /** Digest of the decided value. */
  readonly value: Digest
  readonly transactionRoot: Digest
  readonly receiptRoot: Digest
  /** Root of the sparse Merkle tree after this block. */
  readonly stateRoot: Digest
  readonly timeMs: TimeMs
  /** Hash of the view for the next height. */
  readonly view: Digest
  /** Hash of the contract set that executed this block. */
  readonly contracts: Digest
  /** Number of executed transactions: the leaves of both trees. */
  readonly transactions: number
}

/** A header with its hash and the bytes that the hash covers. */
export interface SealedHeader {
  readonly header: BlockHeader
  readonly hash: Digest
  readonly bytes: Uint8Array
}

export interface ContractEvent {
  readonly name: string
  /** UTF-8 JSON. */
  readonly data: Uint8Array
}

/** What the execution of a transaction gave. A refusal is a receipt too. */
export interface Receipt {
  readonly transaction: Digest
  readonly status: 'done' | 'refused'
  /** Stable refusal code such as `pki/not-endorsed`; empty when done. */
  readonly code: string
  /** For people; empty when done. */
  readonly detail: string
  /** UTF-8 JSON. */
  readonly result: Uint8Array
  readonly events: readonly ContractEvent[]
}

/**
 * Leads from a view to the next: the header of the last height of the one, final by its quorum, names the hash of the other.
 * A chain of them from the genesis proves a view to whoever holds the genesis document.
 */
export interface ViewLink {
  /** The next view. */
  readonly view: View
  readonly sealed: SealedHeader
  readonly certificate: FinalityCertificate
}

/** A block as it is kept and as it is sent to a replica that catches up. */
export interface BlockRecord {
  readonly sealed: SealedHeader
  /** Encoded BlockBody: the value and its batches, as carried. */
  readonly body: Uint8Array
  readonly decision: DecisionCertificate
  readonly finality?: FinalityCertificate
}
