import { assert } from '../base/assert.js'
import { toHex } from '../base/bytes.js'
import { decodeReceipt, encodeBlockBody, encodeReceipt, sealHeader } from '../codec/block.js'
import type { Runtime } from '../contracts/index.js'
import { leafHash, MerkleTree } from '../crypto/index.js'
import type { Ledger, TransactionLocation } from '../ports.js'
import type {
  Batch,
  BlockHeader,
  DecisionCertificate,
  Digest,
  FinalityCertificate,
  Height,
  SealedHeader,
  Transaction,
  Value,
} from '../types/index.js'
import type { ReplicaContext } from './context.js'
import { RecentIds } from './recent-ids.js'

/** A block that was executed here and is durable. */
export interface ExecutedBlock {
  readonly sealed: SealedHeader
  /** It changed views or candidates. */
  readonly viewsChanged: boolean
  /** Ids of its transactions, in order. */
  readonly transactions: readonly Digest[]
  /** Encoded receipts, in the same order. */
  readonly receipts: readonly Uint8Array[]
  /** Over the receipts. */
  readonly receiptTree: MerkleTree
  /** Transactions of its batches that were passed over, with the reason. */
  readonly skipped: readonly Skipped[]
}

export interface Skipped {
  readonly id: Digest
  readonly reason: 'duplicate' | 'expired' | 'valid-too-long'
}

/** A decided value with its batches. */
export interface Decided {
  readonly height: Height
  readonly value: Value
  readonly batches: readonly Batch[]
  readonly decision: DecisionCertificate
  readonly finality?: FinalityCertificate
}

/** A certified header that another replica computed; execution must come to the same. */
export class Diverged extends Error {
  override readonly name = 'Diverged'
  readonly height: Height
  readonly own: SealedHeader

  constructor(own: SealedHeader) {
    super(`the block executed at height ${own.header.height} is not the one that a quorum holds`)
    this.height = own.header.height
    this.own = own
  }
}

/** Turns decided values into blocks: contracts, state, receipts, header, one atomic write. */
export class Executor {
  readonly #context: ReplicaContext
  readonly #ledger: Ledger
  readonly #runtime: Runtime
  readonly #recent: RecentIds

  constructor(context: ReplicaContext, ledger: Ledger, runtime: Runtime) {
    this.#context = context
    this.#ledger = ledger
    this.#runtime = runtime
    this.#recent = new RecentIds(context.genesis.parameters.dedupWindowMs)
    this.#rememberWindow()
  }

  /**
   * Executes the value above the tip and writes its block.
   * @param expected hash that a certificate gives, where the block comes from a peer
   * @throws Diverged when the result is another; nothing is written then
   */
  async execute(decided: Decided, expected?: Digest): Promise<ExecutedBlock> {
    const ledger = this.#ledger
    const runtime = this.#runtime
    const { header: parent, hash: previous } = ledger.tip()
    assert(decided.height === parent.height + 1, `height ${decided.height} on top of ${parent.height}`)
    const timeMs = Math.max(parent.timeMs, decided.value.timestampMs)
    const { transactions, skipped } = this.#select(decided.batches, timeMs)
    const { receipts, changes, contractSet } = runtime.execute({ height: decided.height, timeMs }, transactions, ledger)
    const encoded = receipts.map(encodeReceipt)
    const { sha256 } = this.#context
    const receiptTree = MerkleTree.ofData(sha256, encoded)
    const staged = ledger.stage(changes)
    const header: BlockHeader = {
      height: decided.height,
      previous,
      value: decided.value.digest,
      transactionRoot: toHex(transactionTree(sha256, transactions).root),
      receiptRoot: toHex(receiptTree.root),
      stateRoot: staged.root,
      timeMs,
      // A change in this block takes effect later than the next height, so it is known already.
      view: this.#context.views.at(decided.height + 1).hash,
      contracts: contractSet,
      transactions: transactions.length,
    }
    const sealed = sealHeader(sha256, header)
    if (expected !== undefined && expected !== sealed.hash) throw new Diverged(sealed)
    const ids = transactions.map(({ id }) => id)
    await ledger.append({
      sealed,
      body: encodeBlockBody(
        decided.value.bytes,
        decided.batches.map(({ bytes }) => bytes),
      ),
      decision: decided.decision,
      ...(decided.finality === undefined ? {} : { finality: decided.finality }),
      transactions: ids,
      receipts: encoded,
      changes,
      staged,
    })
    this.#recent.add(ids, timeMs)
    const viewsChanged = this.#context.views.note(changes)
    return { sealed, viewsChanged, transactions: ids, receipts: encoded, receiptTree, skipped }
  }

  /** Where a transaction that is still valid was executed. Not for ids older than the dedup window. */
  locateRecent(id: Digest): TransactionLocation | undefined {
    return this.#recent.perhaps(id) ? this.#ledger.locate(id) : undefined
  }

  /** After a start: what was executed within the window comes back from the blocks themselves. */
  #rememberWindow(): void {
    const tip = this.#ledger.tip().header
    const sinceMs = tip.timeMs - this.#context.genesis.parameters.dedupWindowMs
    const heights: Height[] = []
    for (let height = tip.height; height > 0; height--) {
      const sealed = this.#ledger.header(height)
      if (sealed === undefined || sealed.header.timeMs < sinceMs) break
      heights.push(height)
    }
    for (const height of heights.reverse()) {
      const ids = (this.#ledger.receipts(height) ?? []).map((bytes) => decodeReceipt(bytes)?.transaction ?? '')
      this.#recent.add(ids, this.#ledger.header(height)?.header.timeMs ?? tip.timeMs)
    }
  }

  /**
   * Which transactions of the batches run (consensus.md, Requests): each id once, and only while it is valid. The index of
   * executed transactions comes from the blocks, so every replica passes over the same ones.
   */
  #select(batches: readonly Batch[], timeMs: number): { transactions: Transaction[]; skipped: Skipped[] } {
    const { dedupWindowMs } = this.#context.genesis.parameters
    const transactions: Transaction[] = []
    const skipped: Skipped[] = []
    const here = new Set<Digest>()
    for (const batch of batches) {
      for (const transaction of batch.transactions) {
        const { id, validUntilMs } = transaction
        if (validUntilMs < timeMs) skipped.push({ id, reason: 'expired' })
        else if (validUntilMs > timeMs + dedupWindowMs) skipped.push({ id, reason: 'valid-too-long' })
        else if (here.has(id) || this.locateRecent(id) !== undefined) skipped.push({ id, reason: 'duplicate' })
        else {
          here.add(id)
          transactions.push(transaction)
        }
      }
    }
    return { transactions, skipped }
  }
}

/** The tree of a block's transactions: RFC 6962 over their encoded envelopes, signatures included. */
export function transactionTree(
  sha256: ReplicaContext['sha256'],
  transactions: readonly Pick<Transaction, 'bytes'>[],
): MerkleTree {
  return new MerkleTree(
    sha256,
    transactions.map(({ bytes }) => leafHash(sha256, bytes)),
  )
}
