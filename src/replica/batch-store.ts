import type { Batch, Digest } from '../types/index.js'

/** Batches at hand, by digest, and which of them the log holds. What must be kept is the core's to say. */
export class BatchStore {
  readonly #batches = new Map<Digest, Batch>()
  readonly #logged = new Set<Digest>()
  #bytes = 0

  has(digest: Digest): boolean {
    return this.#batches.has(digest)
  }

  get(digest: Digest): Batch | undefined {
    return this.#batches.get(digest)
  }

  add(batch: Batch): void {
    if (this.#batches.has(batch.digest)) return
    this.#batches.set(batch.digest, batch)
    this.#bytes += batch.bytes.length
  }

  all(): readonly Batch[] {
    return [...this.#batches.values()]
  }

  /** Those of these that the log does not hold; from now on it does. */
  toLog(digests: readonly Digest[]): readonly Batch[] {
    const batches: Batch[] = []
    for (const digest of digests) {
      const batch = this.#batches.get(digest)
      if (batch === undefined || this.#logged.has(digest)) continue
      this.#logged.add(digest)
      batches.push(batch)
    }
    return batches
  }

  /** The log was written anew and holds these. */
  logHolds(digests: ReadonlySet<Digest>): void {
    this.#logged.clear()
    for (const digest of digests) this.#logged.add(digest)
  }

  drop(digests: readonly Digest[]): void {
    for (const digest of digests) {
      const batch = this.#batches.get(digest)
      if (batch === undefined) continue
      this.#batches.delete(digest)
      this.#logged.delete(digest)
      this.#bytes -= batch.bytes.length
    }
  }

  clear(): void {
    this.#batches.clear()
    this.#logged.clear()
    this.#bytes = 0
  }

  /** Encoded size of all batches at hand. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#batches.size
  }
}
