import { assert } from '../base/assert.js'
import { batchDigest, statementBytes } from '../codec/statements.js'
import { encodeBatch, encodeBatchBody } from '../codec/transaction.js'
import type { Clock, Signer } from '../ports.js'
import { type Batch, type LanePlace, LIMITS, type Transaction } from '../types/index.js'
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

export interface LaneModules {
  readonly clock: Clock
  readonly signer: () => Signer | undefined
  readonly costOf: (transaction: Transaction) => number
  /** The head of this replica's lane, as of the final blocks (rule L1). */
  readonly head: () => LanePlace
}

/**
 * Packs the transactions of this replica's clients into batches, numbered without gaps (rule L1): at once when nothing of the lane is on its
 * way, else when a batch is full or the time to gather is over. A restart, and a new view, begin a new incarnation.
 */
export class Lane {
  readonly #context: ReplicaContext
  readonly #options: LaneOptions
  readonly #modules: LaneModules
  readonly #publish: (batch: Batch) => void
  /** By number. */
  readonly #inFlight = new Map<number, Batch>()
  #gathered: Transaction[] = []
  #gatheredBytes = 0
  #incarnation: number
  #number = 0
  #flushSoon = false
  #cancelGather: (() => void) | undefined

  /** @param start start counter of this replica */
  constructor(
    context: ReplicaContext,
    options: LaneOptions,
    start: number,
    modules: LaneModules,
    publish: (batch: Batch) => void,
  ) {
    this.#context = context
    this.#options = options
    this.#modules = modules
    this.#publish = publish
    this.#incarnation = Math.max(start, modules.head().incarnation + 1)
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

  /** The lane's head has moved on: what is at or below it was taken. */
  taken({ incarnation, number }: LanePlace): void {
    if (incarnation > this.#incarnation) {
      // Another process with this key has its batches taken; this one goes on above it.
      this.#begin(incarnation + 1)
      return
    }
    if (incarnation < this.#incarnation) return
    for (const known of this.#inFlight.keys()) if (known <= number) this.#inFlight.delete(known)
    this.#schedule()
  }

  /** Starts anew in another view, where no batch of the view before counts. */
  renew(): void {
    this.#begin(Math.max(this.#incarnation, this.#modules.head().incarnation) + 1)
  }

  /** A new incarnation, into which what was on its way is packed again: what was taken already is not executed twice. */
  #begin(incarnation: number): void {
    this.#incarnation = incarnation
    this.#number = 0
    const again = [...this.#inFlight.values()].flatMap(({ transactions }) => transactions)
    this.#inFlight.clear()
    this.#gathered = [...again, ...this.#gathered]
    for (const { bytes } of again) this.#gatheredBytes += bytes.length + BATCH_OVERHEAD_BYTES
    if (this.#modules.signer() === undefined) this.#gathered = []
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
    const { clock } = this.#modules
    if (full || this.#inFlight.size === 0) {
      if (this.#flushSoon) return
      this.#flushSoon = true
      // The rest of this turn's transactions go along.
      clock.soon(() => {
        this.#flushSoon = false
        this.#flush()
      })
      return
    }
    this.#cancelGather ??= clock.after(this.#options.gatherMs, () => this.#flush())
  }

  #flush(): void {
    this.#cancelGather?.()
    this.#cancelGather = undefined
    while (this.#gathered.length > 0 && this.#inFlight.size < this.#options.batchesInFlightMax) {
      this.#publish(this.#seal(this.#take()))
    }
  }

  /** A batch stays within the cost of a block, so that execution passes over none of it (rule N1). */
  #take(): Transaction[] {
    const { proposalCostMax } = this.#context.genesis.parameters
    let [count, bytes, cost] = [0, 0, 0]
    for (const transaction of this.#gathered) {
      bytes += transaction.bytes.length + BATCH_OVERHEAD_BYTES
      cost += this.#modules.costOf(transaction)
      const isFull = count >= LIMITS.batchTransactionsMax || bytes > GATHERED_BYTES_FULL || cost > proposalCostMax
      if (count > 0 && isFull) break
      count += 1
    }
    const taken = this.#gathered.slice(0, count)
    this.#gathered = this.#gathered.slice(count)
    for (const { bytes: own } of taken) this.#gatheredBytes -= own.length + BATCH_OVERHEAD_BYTES
    return taken
  }

  #seal(transactions: readonly Transaction[]): Batch {
    const { networkId, sha256, self, views } = this.#context
    const { view } = views.current
    const signer = this.#modules.signer()
    assert(signer !== undefined, 'a lane without a key takes no transactions')
    this.#number += 1
    const place = { incarnation: this.#incarnation, number: this.#number }
    const body = encodeBatchBody(
      self,
      place,
      transactions.map(({ bytes }) => bytes),
    )
    const digest = batchDigest(sha256, networkId, body)
    const statement = statementBytes(networkId, { view: view.id, kind: 'batch', regency: 0, cid: 0, digest })
    const bytes = encodeBatch(body, view.id, signer.sign(statement))
    const batch = { digest, lane: self, ...place, transactions, bytes }
    this.#inFlight.set(place.number, batch)
    return batch
  }
}

/** A batch is full at half of what is allowed, so that the framing never matters. */
const GATHERED_BYTES_FULL = LIMITS.batchBytesMax / 2
