import { decodeReceipt } from '../codec/block.js'
import { type CryptoSuite, MerkleTree } from '../crypto/index.js'
import type { Ledger } from '../ports.js'
import type { Digest, Finality, Height, SealedHeader } from '../types/index.js'

/** A block that a quorum holds, with what receipts and their proofs are made of. */
export interface FinalBlock {
  readonly sealed: SealedHeader
  readonly finality: Finality
  readonly transactions: readonly Digest[]
  /** Encoded receipts, in the order of the transactions. */
  readonly receipts: readonly Uint8Array[]
  readonly receiptTree: MerkleTree
}

/** Reads a final block back from the ledger; `undefined` when it is not there. */
export function loadFinalBlock(ledger: Ledger, sha256: CryptoSuite['sha256'], height: Height): FinalBlock | undefined {
  const sealed = ledger.header(height)
  const receipts = ledger.receipts(height)
  const finality = ledger.finality(height)
  if (sealed === undefined || receipts === undefined || finality === undefined) return undefined
  const transactions = receipts.map((bytes) => decodeReceipt(bytes)?.transaction ?? '')
  return { sealed, finality, transactions, receipts, receiptTree: MerkleTree.ofData(sha256, receipts) }
}
