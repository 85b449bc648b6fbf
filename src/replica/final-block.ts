import { decodeReceipt } from '../codec/block.js'
import { type CryptoSuite, MerkleTree } from '../crypto/index.js'
import type { Ledger } from '../ports.js'
import type { Digest, FinalityCertificate, Height, SealedHeader } from '../types/index.js'

/** A block that a quorum holds, with what receipts and their proofs are made of. */
export interface FinalBlock {
  readonly sealed: SealedHeader
  readonly certificate: FinalityCertificate
  readonly transactions: readonly Digest[]
  /** Encoded receipts, in the order of the transactions. */
  readonly receipts: readonly Uint8Array[]
  readonly receiptTree: MerkleTree
}

/** Reads a final block back from the ledger; `undefined` when it is not there or not final. */
export function loadFinalBlock(
  ledger: Ledger,
  sha256: CryptoSuite['sha256'],
  height: Height,
  known?: FinalityCertificate,
): FinalBlock | undefined {
  const sealed = ledger.header(height)
  const receipts = ledger.receipts(height)
  const certificate = known ?? ledger.finality(height)
  if (sealed === undefined || receipts === undefined || certificate === undefined) return undefined
  const transactions = receipts.map((bytes) => decodeReceipt(bytes)?.transaction ?? '')
  return { sealed, certificate, transactions, receipts, receiptTree: MerkleTree.ofData(sha256, receipts) }
}
