import { assert } from '../base/assert.js'
import { batchDigest, statementBytes } from '../codec/statements.js'
import { encodeBatch, encodeBatchBody } from '../codec/transaction.js'
import type { Clock, Signer } from '../ports.js'
import { type Batch, type Digest, LIMITS, type Transaction } from '../types/index.js'
import type { ReplicaContext } from './context.js'

export interface LaneOptions {
  /** How long transactions gather while a batch of the lane is on its way, ms. */
  readonly gatherMs: number
  /** Batches on their way at most; further transactions gather. */
  readonly batchesInFlightMax: number
  /** Gathered transactions at most; above, clients are told to come back. */
  readonly gatheredMax: number
}

export const DEFAULT_LANE: LaneOptions = { gatherMs: 20, batchesInFlightMax: 32, gatheredMax: 16_384 }

/** Room in a batch for the framing of its transactions. */
const BATCH_OVERHEAD_BYTES = 8

/**
 * Packs the transactions of this replica's clients into batches (consensus.md, Lanes): at once when nothing of the
 * lane is on its way, else when a batch is full or the time to gather is over.
 */
export class Lane {
  readonly #context: ReplicaContext
  readonly #options: LaneOptions
  readonly #clock: Clock
  readonly #signer: () => Signer | undefined
  readonly #publish: (batch: Batch) => void
  readonly #inFlight = new Set<Digest>()
  #gathered: Transaction[] = []
  #gatheredBytes = 0
  #seq: number
  #flushSoon = false
  #cancelGather: (() => void) | undefined

  constructor(
    context: ReplicaContext,
    options: LaneOptions,
    modules: { readonly clock: Clock; readonly signer: () => Signer | undefined },
    publish: (batch: Batch) => void,
  ) {
    this.#context = context
    this.#options = options
    this.#clock = modules.clock
    this.#signer = modules.signer
    this.#publish = publish
    // Grows over restarts too, so that no two batches of a lane share a number.
    this.#seq = modules.clock.nowMs() * 1_000
  }

  /** False: full, and the transaction was not taken. */
  add(transaction: Transaction): boolean {
    if (this.#gathered.length >= this.#options.gatheredMax) return false
    this.#gathered.push(transaction)
    this.#gatheredBytes += transaction.bytes.length + BATCH_OVERHEAD_BYTES
    this.#schedule()
    return true
  }

  /** Transactions that are not in a batch yet. */
  get gathered(): number {
    return this.#gathered.length
  }

  /** A batch was ordered or given up. */
  landed(digest: Digest): void {
    if (this.#inFlight.delete(digest)) this.#schedule()
  }

  /** A batch of this lane from before a restart. */
  resume(digest: Digest): void {
    this.#inFlight.add(digest)
  }

  /**
   * Starts anew in another view, where no batch of the view before counts.
   * @param batchOf a batch by its digest, while it is at hand
   */
  renew(batchOf: (digest: Digest) => Batch | undefined): void {
    const again = [...this.#inFlight].flatMap((digest) => batchOf(digest)?.transactions ?? [])
    this.#inFlight.clear()
    this.#gathered = [...again, ...this.#gathered]
    for (const { bytes } of again) this.#gatheredBytes += bytes.length + BATCH_OVERHEAD_BYTES
    if (this.#signer() === undefined) this.#gathered = []
    this.#schedule()
  }

  stop(): void {
    this.#cancelGather?.()
    this.#cancelGather = undefined
    this.#gathered = []
  }

  #schedule(): void {
    if (this.#gathered.length === 0 || this.#inFlight.size >= this.#options.batchesInFlightMax) return
    const full = this.#gathered.length >= LIMITS.batchTransactionsMax || this.#gatheredBytes >= GATHERED_BYTES_FULL
    if (full || this.#inFlight.size === 0) {
      if (this.#flushSoon) return
      this.#flushSoon = true
      // The rest of this turn's transactions go along.
      this.#clock.soon(() => {
        this.#flushSoon = false
        this.#flush()
      })
      return
    }
    this.#cancelGather ??= this.#clock.after(this.#options.gatherMs, () => this.#flush())
  }

  #flush(): void {
    this.#cancelGather?.()
    this.#cancelGather = undefined
    while (this.#gathered.length > 0 && this.#inFlight.size < this.#options.batchesInFlightMax) {
      this.#publish(this.#seal(this.#take()))
    }
  }

  #take(): Transaction[] {
    let count = 0
    let bytes = 0
    for (const transaction of this.#gathered) {
      bytes += transaction.bytes.length + BATCH_OVERHEAD_BYTES
      if (count > 0 && (count >= LIMITS.batchTransactionsMax || bytes > GATHERED_BYTES_FULL)) break
      count += 1
    }
    const taken = this.#gathered.slice(0, count)
    this.#gathered = this.#gathered.slice(count)
    for (const { bytes } of taken) this.#gatheredBytes -= bytes.length + BATCH_OVERHEAD_BYTES
    return taken
  }

  #seal(transactions: readonly Transaction[]): Batch {
    const { networkId, sha256, self, views } = this.#context
    const { view } = views.current
    const signer = this.#signer()
    assert(signer !== undefined, 'a lane without a key takes no transactions')
    this.#seq += 1
    const body = encodeBatchBody(
      self,
      this.#seq,
      transactions.map(({ bytes }) => bytes),
    )
    const digest = batchDigest(sha256, networkId, body)
    const statement = statementBytes(networkId, { view: view.id, kind: 'batch', regency: 0, cid: 0, digest })
    const bytes = encodeBatch(body, view.id, signer.sign(statement))
    this.#inFlight.add(digest)
    return { digest, lane: self, seq: this.#seq, transactions, bytes }
  }
}

/** A batch is full at half of what is allowed, so that the framing never matters. */
const GATHERED_BYTES_FULL = LIMITS.batchBytesMax / 2
