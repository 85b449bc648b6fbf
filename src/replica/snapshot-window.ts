import { equalBytes, fromHex, toHex } from '../base/bytes.js'
import { decodeReceipt } from '../codec/block.js'
import type { WholeBlock } from '../codec/snapshot.js'
import { MerkleTree } from '../crypto/index.js'
import type { Ledger } from '../ports.js'
import type { Digest, Height, SealedHeader, Transaction } from '../types/index.js'
import type { ReplicaContext } from './context.js'
import { transactionTree } from './executor.js'
import type { Ingress } from './ingress.js'
import { type CarriedBlock, openBody } from './state-transfer.js'

/**
 * Whether the next lower block must come with a snapshot too: transactions of the dedup window may still be sent again, and below it
 * two windows of consensus are kept for peers.
 * @param below blocks that were taken below the dedup window
 */
export function inSnapshotWindow(context: ReplicaContext, below: number): boolean {
  return below < 2 * context.genesis.parameters.window
}

/** First height of the blocks that come with a snapshot, as far as they are held here. */
export function snapshotFirstHeight(context: ReplicaContext, ledger: Ledger, snapshot: SealedHeader): Height {
  const { dedupWindowMs, window } = context.genesis.parameters
  const sinceMs = snapshot.header.timeMs - dedupWindowMs
  let [low, high] = [ledger.oldest(), snapshot.header.height]
  // Block times never go back: the first height within the window is found by halving.
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((ledger.header(middle)?.header.timeMs ?? 0) >= sinceMs) high = middle
    else low = middle + 1
  }
  return Math.max(1, low - 2 * window)
}

/**
 * Checks a block that this replica does not execute: its header must have the hash that is known, everything else follows from
 * the header, receipts included.
 * @returns `undefined`, counted, when it is not that block
 */
export function openWhole(
  context: ReplicaContext,
  ingress: Ingress,
  { record, receipts }: WholeBlock,
  expected: Digest,
): CarriedBlock | undefined {
  const { sealed, certificate } = record
  if (sealed.hash !== expected) return ingress.reject('bad-snapshot')
  if (certificate !== undefined && ingress.finality(certificate) === undefined) return undefined
  const carried = openBody(context, ingress, record)
  if (carried === undefined) return undefined
  const transactions = executedOf(carried, receipts)
  if (transactions === undefined) return ingress.reject('bad-snapshot')
  const { sha256 } = context
  const root = transactionTree(sha256, transactions).root
  const receiptRoot = MerkleTree.ofData(sha256, receipts).root
  const fits =
    transactions.length === sealed.header.transactions &&
    toHex(root) === sealed.header.transactionRoot &&
    equalBytes(receiptRoot, fromHex(sealed.header.receiptRoot, 32) ?? new Uint8Array())
  return fits ? carried : ingress.reject('bad-snapshot')
}

/** The transactions that were executed, in order: of an id that stands twice in a block the first. */
function executedOf({ batches }: CarriedBlock, receipts: readonly Uint8Array[]): readonly Transaction[] | undefined {
  const byId = new Map<Digest, Transaction>()
  for (const { transactions } of batches) {
    for (const transaction of transactions) {
      if (!byId.has(transaction.id)) byId.set(transaction.id, transaction)
    }
  }
  const executed: Transaction[] = []
  for (const bytes of receipts) {
    const transaction = byId.get(decodeReceipt(bytes)?.transaction ?? '')
    if (transaction === undefined) return undefined
    executed.push(transaction)
  }
  return executed
}
