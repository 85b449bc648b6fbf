import type { Batch, Digest } from '../types/index.js'

/** Batches at hand, by digest. What must be kept is the core's to say. */
export class BatchStore {
  readonly #batches = new Map<Digest, Batch>()
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

  drop(digests: readonly Digest[]): void {
    for (const digest of digests) {
      const batch = this.#batches.get(digest)
      if (batch === undefined) continue
      this.#batches.delete(digest)
      this.#bytes -= batch.bytes.length
    }
  }

  clear(): void {
    this.#batches.clear()
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
