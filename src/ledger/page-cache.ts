import type { StatePage } from './state-page.js'

/**
 * Pages by path, bounded in bytes. Two generations: what is used moves to the young one, and when that holds half of
 * the bound it becomes the old one and what nobody used since is dropped. That needs no list of uses.
 */
export class PageCache {
  readonly #generationBytesMax: number
  #young = new Map<string, StatePage>()
  #old = new Map<string, StatePage>()
  #youngBytes = 0

  constructor(bytesMax: number) {
    this.#generationBytesMax = bytesMax / 2
  }

  get(path: string): StatePage | undefined {
    const page = this.#young.get(path)
    if (page !== undefined) return page
    const old = this.#old.get(path)
    if (old !== undefined) this.set(path, old)
    return old
  }

  set(path: string, page: StatePage): void {
    this.#youngBytes += page.weight() - (this.#young.get(path)?.weight() ?? 0)
    this.#young.set(path, page)
    if (this.#youngBytes < this.#generationBytesMax) return
    this.#old = this.#young
    this.#young = new Map()
    this.#youngBytes = 0
  }

  delete(path: string): void {
    this.#youngBytes -= this.#young.get(path)?.weight() ?? 0
    this.#young.delete(path)
    this.#old.delete(path)
  }
}
