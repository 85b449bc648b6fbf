import type { Batch, Digest, HeldLane, LanePlace, Regency, ReplicaId } from '../types/index.js'

/** What the core knows of a batch; the runtime holds its bytes. */
export interface PooledBatch extends LanePlace {
  readonly digest: Digest
  readonly lane: ReplicaId
  readonly transactions: number
  /** Encoded. */
  readonly bytes: number
  /** Cost units of its transactions. */
  readonly cost: number
  readonly receivedMs: number
  /** The newest regency in which a proposal is known that names it. */
  proposedIn: Regency
  /** How often it was handed to others again, and when last. */
  handed: number
  handedMs: number
}

/** No batch of the lane was taken yet. */
export const NO_PLACE: LanePlace = { incarnation: 0, number: 0 }

/** Whether execution takes a batch at this place when the lane's head is there (rule L1). */
export function continues(head: LanePlace, { incarnation, number }: LanePlace): boolean {
  if (incarnation === head.incarnation) return number === head.number + 1
  return incarnation > head.incarnation && number === 1
}

/** Whether a batch at this place can never be taken any more. */
export function isBehind(head: LanePlace, { incarnation, number }: LanePlace): boolean {
  return incarnation < head.incarnation || (incarnation === head.incarnation && number <= head.number)
}

export type Heads = ReadonlyMap<ReplicaId, LanePlace>

interface Lane {
  readonly batches: Set<PooledBatch>
  /** By incarnation and number; the first that came where an author gave a place twice. */
  readonly places: Map<string, PooledBatch>
}

const keyOf = ({ incarnation, number }: LanePlace): string => `${incarnation}/${number}`

/** The batches at hand, by lane and place. */
export class BatchPool {
  readonly #laneMax: number
  readonly #batches = new Map<Digest, PooledBatch>()
  readonly #lanes = new Map<ReplicaId, Lane>()
  #evicted: Digest[] = []

  constructor(laneMax: number) {
    this.#laneMax = laneMax
  }

  has(digest: Digest): boolean {
    return this.#batches.has(digest)
  }

  get(digest: Digest): PooledBatch | undefined {
    return this.#batches.get(digest)
  }

  get size(): number {
    return this.#batches.size
  }

  /** Lanes that have batches here, ascending. */
  lanes(): readonly ReplicaId[] {
    return [...this.#lanes.keys()].sort((a, b) => a - b)
  }

  /**
   * Takes a batch in.
   * @param head of its lane, as of the written ledger
   * @param wanted whether an open instance names a batch: such a one is taken even when its lane is full, and never makes room
   * @returns false when it is not kept: its lane is full, or it is at or below the head
   */
  add(batch: Batch, cost: number, nowMs: number, head: LanePlace, wanted: (digest: Digest) => boolean): boolean {
    if (this.#batches.has(batch.digest)) return true
    const isWanted = wanted(batch.digest)
    if (!isWanted && isBehind(head, batch)) return false
    const lane = this.#lanes.get(batch.lane) ?? { batches: new Set(), places: new Map() }
    if (!isWanted && lane.batches.size >= this.#laneMax && !this.#makeRoom(lane, batch, wanted)) return false
    const { digest, incarnation, number } = batch
    const pooled: PooledBatch = {
      digest,
      lane: batch.lane,
      incarnation,
      number,
      transactions: batch.transactions.length,
      bytes: batch.bytes.length,
      cost,
      receivedMs: nowMs,
      proposedIn: 0,
      handed: 0,
      handedMs: nowMs,
    }
    lane.batches.add(pooled)
    if (!lane.places.has(keyOf(pooled))) lane.places.set(keyOf(pooled), pooled)
    this.#lanes.set(batch.lane, lane)
    this.#batches.set(digest, pooled)
    return true
  }

  /** A restarted author begins a new incarnation: batches of older ones make room for it. */
  #makeRoom(lane: Lane, { incarnation }: LanePlace, wanted: (digest: Digest) => boolean): boolean {
    for (const other of lane.batches) {
      if (other.incarnation >= incarnation || wanted(other.digest)) continue
      this.remove(other.digest)
      this.#evicted.push(other.digest)
      return true
    }
    return false
  }

  /** Batches that made room for others since the last call. */
  takeEvicted(): readonly Digest[] {
    const evicted = this.#evicted
    this.#evicted = []
    return evicted
  }

  remove(digest: Digest): void {
    const batch = this.#batches.get(digest)
    if (batch === undefined) return
    this.#batches.delete(digest)
    const lane = this.#lanes.get(batch.lane)
    if (lane === undefined) return
    lane.batches.delete(batch)
    if (lane.places.get(keyOf(batch)) === batch) lane.places.delete(keyOf(batch))
    if (lane.batches.size === 0) this.#lanes.delete(batch.lane)
  }

  all(): IterableIterator<PooledBatch> {
    return this.#batches.values()
  }

  /** The batch that continues a lane from this head: the next number, else the first of the newest later incarnation. */
  next(lane: ReplicaId, head: LanePlace): PooledBatch | undefined {
    const held = this.#lanes.get(lane)
    if (held === undefined) return undefined
    const next = held.places.get(keyOf({ incarnation: head.incarnation, number: head.number + 1 }))
    if (next !== undefined) return next
    let first: PooledBatch | undefined
    for (const batch of held.batches) {
      if (batch.number !== 1 || batch.incarnation <= head.incarnation) continue
      if (first === undefined || batch.incarnation > first.incarnation) first = batch
    }
    return first
  }

  /** Up to where the lane is held without a gap from this head (rule L2); the head itself where nothing is held. */
  held(lane: ReplicaId, head: LanePlace): LanePlace {
    let place = head
    for (let next = this.next(lane, place); next !== undefined; next = this.next(lane, place)) place = next
    return { incarnation: place.incarnation, number: place.number }
  }

  /** The held vector over all lanes with something beyond their head. */
  heldVector(heads: Heads): readonly HeldLane[] {
    return this.lanes().map((lane) => ({ lane, ...this.held(lane, heads.get(lane) ?? NO_PLACE) }))
  }

  /** Transactions that no proposal of this regency names. */
  waiting(regency: Regency): number {
    let count = 0
    for (const batch of this.#batches.values()) if (batch.proposedIn < regency) count += batch.transactions
    return count
  }

  /** Batches that are at or below the heads. */
  behind(heads: Heads): readonly PooledBatch[] {
    return [...this.#batches.values()].filter((batch) => isBehind(heads.get(batch.lane) ?? NO_PLACE, batch))
  }
}
