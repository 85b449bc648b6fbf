import { toHex } from '../base/bytes.js'
import { decodeReceipt, encodeBlockBody, encodeReceipt, sealHeader } from '../codec/block.js'
import { continues } from '../consensus/index.js'
import type { Runtime } from '../contracts/index.js'
import { leafHash, MerkleTree } from '../crypto/index.js'
import type { Clock, Ledger, StagedState, StateChange, StateReader, TransactionLocation } from '../ports.js'
import type {
  Batch,
  BlockHeader,
  Digest,
  Height,
  HeldLane,
  LanePlace,
  ReplicaId,
  SealedHeader,
  Transaction,
  Value,
} from '../types/index.js'
import type { ReplicaContext } from './context.js'
import { headChange, readHead } from './lane-heads.js'
import type { Measures } from './measures.js'
import { RecentIds } from './recent-ids.js'

/** Execution lets the event loop run after so long, ms (rule N4). */
const SLICE_MS_MAX = 5

/** A block that was executed here, on the staged blocks below, and is not written yet. */
export interface StagedBlock {
  readonly sealed: SealedHeader
  readonly value: Value
  /** Encoded BlockBody. */
  readonly body: Uint8Array
  /** Ids of its transactions, in order. */
  readonly transactions: readonly Digest[]
  /** Encoded receipts, in the same order. */
  readonly receipts: readonly Uint8Array[]
  /** Over the receipts. */
  readonly receiptTree: MerkleTree
  /** Transactions of its batches that were passed over, with the reason. */
  readonly skipped: readonly Skipped[]
  readonly changes: readonly StateChange[]
  /** The same by key. */
  readonly changed: ReadonlyMap<string, StateChange>
  readonly staged: StagedState
  /** Lanes that it moved on. */
  readonly heads: readonly HeldLane[]
}

export interface Skipped {
  readonly id: Digest
  readonly reason: 'duplicate' | 'expired' | 'valid-too-long' | 'over-cost'
}

/** A value with its batches, to be executed. */
export interface Proposed {
  readonly height: Height
  readonly value: Value
  readonly batches: readonly Batch[]
}

/** What a block is executed on: the final ledger and all staged blocks below (rule N4). */
export interface Below {
  readonly sealed: SealedHeader
  readonly staged: StagedState | undefined
  readonly state: StateReader
  /** Where a transaction was executed that may still be valid. */
  locate(id: Digest): TransactionLocation | undefined
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

export interface ExecutorModules {
  readonly clock: Clock
  readonly ledger: Ledger
  readonly runtime: Runtime
  readonly measures: Measures
}

/** Turns values into blocks: contracts, state, receipts, header. Nothing is written. */
export class Executor {
  readonly #context: ReplicaContext
  readonly #modules: ExecutorModules
  readonly #recent: RecentIds

  constructor(context: ReplicaContext, modules: ExecutorModules) {
    this.#context = context
    this.#modules = modules
    this.#recent = new RecentIds(context.genesis.parameters.dedupWindowMs)
    this.#rememberWindow()
  }

  async execute({ height, value, batches }: Proposed, below: Below): Promise<StagedBlock> {
    const { sha256 } = this.#context
    const { ledger } = this.#modules
    const startMs = this.#modules.clock.monotonicMs()
    const timeMs = Math.max(below.sealed.header.timeMs, value.timestampMs)
    const { taken, heads } = takeInOrder(batches, below.state)
    const { transactions, skipped } = this.#select(taken, timeMs, below)
    const { receipts, changes, contractSet } = await this.#run(height, timeMs, transactions, below.state)
    const encoded = receipts.map(encodeReceipt)
    const all = [...changes, ...heads.map(headChange)]
    const staged = ledger.stage(all, below.staged)
    const receiptTree = MerkleTree.ofData(sha256, encoded)
    const header: BlockHeader = {
      height,
      previous: below.sealed.hash,
      value: value.digest,
      transactionRoot: toHex(transactionTree(sha256, transactions).root),
      receiptRoot: toHex(receiptTree.root),
      stateRoot: staged.root,
      timeMs,
      // Not from the final blocks alone: a certificate may decide a block more than a window above them.
      view: this.#context.views.hashAt(height + 1, below.state),
      contracts: contractSet,
      transactions: transactions.length,
    }
    const ids = transactions.map(({ id }) => id)
    this.#modules.measures.executed(ids.length, this.#modules.clock.monotonicMs() - startMs)
    this.#recent.add(ids, timeMs)
    return {
      sealed: sealHeader(sha256, header),
      value,
      body: encodeBlockBody(
        value.bytes,
        batches.map(({ bytes }) => bytes),
      ),
      transactions: ids,
      receipts: encoded,
      receiptTree,
      skipped,
      changes: all,
      changed: new Map(all.map((change) => [change.key, change])),
      staged,
      heads,
    }
  }

  /** In slices, so that votes are read and written meanwhile. */
  async #run(height: Height, timeMs: number, transactions: readonly Transaction[], state: StateReader) {
    const { clock, runtime } = this.#modules
    const steps = runtime.execution({ height, timeMs }, transactions, state)
    let startMs = clock.monotonicMs()
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value
      if (clock.monotonicMs() - startMs < SLICE_MS_MAX) continue
      await new Promise<void>((resolve) => clock.soon(resolve))
      startMs = clock.monotonicMs()
    }
  }

  /** Where a transaction that is still valid was executed and written. Not for ids older than the dedup window. */
  locateWritten(id: Digest): TransactionLocation | undefined {
    return this.#recent.perhaps(id) ? this.#modules.ledger.locate(id) : undefined
  }

  /** After a start: what was executed within the window comes back from the blocks themselves. */
  #rememberWindow(): void {
    const { ledger } = this.#modules
    const tip = ledger.tip().header
    const sinceMs = tip.timeMs - this.#context.genesis.parameters.dedupWindowMs
    const heights: Height[] = []
    for (let height = tip.height; height > 0; height--) {
      const sealed = ledger.header(height)
      if (sealed === undefined || sealed.header.timeMs < sinceMs) break
      heights.push(height)
    }
    for (const height of heights.reverse()) {
      const ids = (ledger.receipts(height) ?? []).map((bytes) => decodeReceipt(bytes)?.transaction ?? '')
      this.#recent.add(ids, ledger.header(height)?.header.timeMs ?? tip.timeMs)
    }
  }

  /**
   * Which transactions of the batches run: each id once, only while it is valid, and within the cost of a block (rule N1). The index of
   * executed transactions comes from the blocks, so every replica passes over the same ones.
   */
  #select(
    batches: readonly Batch[],
    timeMs: number,
    below: Below,
  ): { readonly transactions: readonly Transaction[]; readonly skipped: readonly Skipped[] } {
    const { dedupWindowMs, proposalCostMax } = this.#context.genesis.parameters
    const transactions: Transaction[] = []
    const skipped: Skipped[] = []
    const here = new Set<Digest>()
    let cost = 0
    for (const transaction of batches.flatMap((batch) => batch.transactions)) {
      const { id, validUntilMs } = transaction
      if (validUntilMs < timeMs) skipped.push({ id, reason: 'expired' })
      else if (validUntilMs > timeMs + dedupWindowMs) skipped.push({ id, reason: 'valid-too-long' })
      else if (here.has(id) || this.#isKnown(id, below)) skipped.push({ id, reason: 'duplicate' })
      else {
        cost += this.#modules.runtime.costOf(transaction)
        if (cost > proposalCostMax) {
          skipped.push({ id, reason: 'over-cost' })
          continue
        }
        here.add(id)
        transactions.push(transaction)
      }
    }
    return { transactions, skipped }
  }

  #isKnown(id: Digest, below: Below): boolean {
    return this.#recent.perhaps(id) && below.locate(id) !== undefined
  }
}

/** Only a batch that continues its lane is taken (rule L1); any other counts for nothing. */
function takeInOrder(
  batches: readonly Batch[],
  state: StateReader,
): { readonly taken: readonly Batch[]; readonly heads: readonly HeldLane[] } {
  const heads = new Map<ReplicaId, LanePlace>()
  const taken: Batch[] = []
  for (const batch of batches) {
    const { lane, incarnation, number } = batch
    if (!continues(heads.get(lane) ?? readHead(state, lane), batch)) continue
    heads.set(lane, { incarnation, number })
    taken.push(batch)
  }
  return { taken, heads: [...heads].map(([lane, place]) => ({ lane, ...place })).sort((a, b) => a.lane - b.lane) }
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
