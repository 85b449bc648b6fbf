import type { Batch, Digest, Regency, ReplicaId, TimeMs } from '../types/index.js'

/** What the core knows of a batch; the runtime holds its bytes. */
export interface PooledBatch {
  readonly digest: Digest
  readonly lane: ReplicaId
  readonly transactions: number
  /** When its last transaction expires. */
  readonly validUntilMs: TimeMs
  readonly receivedMs: TimeMs
  /** Counts batches in the order in which they came. */
  readonly arrival: number
  /** Regency in which this replica, as leader, last proposed it, or learned that it was proposed. */
  proposedIn: Regency | undefined
  /** How often it was sent again. */
  forwards: number
  forwardedMs: TimeMs
  /** It is in a decided value. */
  ordered: boolean
}

/** Digests of batches that were ordered, kept so that a late copy is not ordered again. */
const RECENT_MAX = 8192

/** The batches at hand, by lane in the order of their coming. */
export class BatchPool {
  readonly #laneMax: number
  readonly #batches = new Map<Digest, PooledBatch>()
  readonly #lanes = new Map<ReplicaId, Set<PooledBatch>>()
  readonly #recent = new Set<Digest>()
  #arrivals = 0
  #unordered = 0
  /** Highest arrival that was ordered: tells whether a batch was passed over. */
  #orderedArrivalMax = 0

  constructor(laneMax: number) {
    this.#laneMax = laneMax
  }

  has(digest: Digest): boolean {
    return this.#batches.has(digest)
  }

  get(digest: Digest): PooledBatch | undefined {
    return this.#batches.get(digest)
  }

  /** Whether the batch is at hand, or was lately and is not wanted again. */
  knows(digest: Digest): boolean {
    return this.#batches.has(digest) || this.#recent.has(digest)
  }

  /** Batches that wait to be ordered. */
  get unordered(): number {
    return this.#unordered
  }

  /**
   * Takes a batch in.
   * @param wanted an open instance names it, so it is taken even when its lane is full
   * @returns false when it is not kept: its lane is full, or it was ordered before
   */
  add(batch: Batch, nowMs: TimeMs, wanted: boolean): boolean {
    if (this.#batches.has(batch.digest)) return true
    if (this.#recent.has(batch.digest) && !wanted) return false
    const lane = this.#lanes.get(batch.lane) ?? new Set()
    if (lane.size >= this.#laneMax && !wanted) return false
    this.#arrivals += 1
    this.#unordered += 1
    const pooled: PooledBatch = {
      digest: batch.digest,
      lane: batch.lane,
      transactions: batch.transactions.length,
      validUntilMs: batch.transactions.reduce((latest, { validUntilMs }) => Math.max(latest, validUntilMs), 0),
      receivedMs: nowMs,
      arrival: this.#arrivals,
      proposedIn: undefined,
      forwards: 0,
      forwardedMs: nowMs,
      ordered: false,
    }
    lane.add(pooled)
    this.#lanes.set(batch.lane, lane)
    this.#batches.set(batch.digest, pooled)
    return true
  }

  /** Marks a batch as part of a decided value. */
  order(digest: Digest): void {
    const batch = this.#batches.get(digest)
    if (batch === undefined || batch.ordered) return
    batch.ordered = true
    this.#unordered -= 1
    this.#orderedArrivalMax = Math.max(this.#orderedArrivalMax, batch.arrival)
  }

  /** Forgets a batch. */
  remove(digest: Digest): void {
    this.#recent.add(digest)
    if (this.#recent.size > RECENT_MAX) {
      const oldest = this.#recent.values().next().value
      if (oldest !== undefined) this.#recent.delete(oldest)
    }
    const batch = this.#batches.get(digest)
    if (batch === undefined) return
    if (!batch.ordered) this.#unordered -= 1
    this.#batches.delete(digest)
    this.#lanes.get(batch.lane)?.delete(batch)
  }

  /** Digests of all batches at hand, ordered ones that are not final included. */
  digests(): ReadonlySet<Digest> {
    return new Set(this.#batches.keys())
  }

  /** Batches that cannot be executed any more. */
  expired(nowMs: TimeMs): readonly PooledBatch[] {
    return [...this.#batches.values()].filter((batch) => batch.validUntilMs < nowMs)
  }

  /** Unordered batches, oldest first. */
  pending(): readonly PooledBatch[] {
    return [...this.#batches.values()].filter((batch) => !batch.ordered)
  }

  /** How many batches that came later were ordered before this one, at least. */
  overtakenBy(batch: PooledBatch): number {
    return this.#orderedArrivalMax - batch.arrival
  }

  /** Transactions that wait to be proposed in this regency. */
  waiting(regency: Regency): number {
    let count = 0
    for (const batch of this.#batches.values()) {
      if (!batch.ordered && batch.proposedIn !== regency) count += batch.transactions
    }
    return count
  }

  /**
   * Chooses batches for a proposal: the lanes take turns, each giving its oldest.
   * @param turn which lane goes first
   */
  choose(regency: Regency, turn: number, batchesMax: number, transactionsMax: number): readonly PooledBatch[] {
    const queues = [...this.#lanes.entries()]
      .sort(([a], [b]) => a - b)
      .map(([, lane]) => [...lane].filter((batch) => !batch.ordered && batch.proposedIn !== regency))
      .filter((queue) => queue.length > 0)
    const chosen: PooledBatch[] = []
    let transactions = 0
    for (let round = 0; ; round++) {
      const before = chosen.length
      for (let i = 0; i < queues.length; i++) {
        const batch = queues[(turn + i) % queues.length]?.[round]
        if (batch === undefined) continue
        if (chosen.length >= batchesMax) return chosen
        if (chosen.length > 0 && transactions + batch.transactions > transactionsMax) return chosen
        chosen.push(batch)
        transactions += batch.transactions
      }
      if (chosen.length === before) return chosen
    }
  }
}
