import type { FinalityCertificate } from './consensus.js'
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

/**
 * What proves a header final: the certificate of its height, or of one above with the headers that lead up to it (rule N6).
 */
export interface Finality {
  readonly certificate: FinalityCertificate
  /** Of the heights above, ascending, up to that of the certificate; none where the certificate is the height's own. */
  readonly headers: readonly SealedHeader[]
}

/** A block as it is kept and as it is sent to a replica that catches up. */
export interface BlockRecord {
  readonly sealed: SealedHeader
  /** Encoded BlockBody: the value and its batches, as carried. */
  readonly body: Uint8Array
  /** Its own; where it has none, one of the next heights covers it. */
  readonly certificate?: FinalityCertificate
}
