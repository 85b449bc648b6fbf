import type { Digest, TimeMs } from '../types/index.js'

const SLOTS_MIN = 1 << 12
/** Hexadecimal digits of an id that a slot holds: 48 bits, so that a number holds them exactly. */
const PREFIX_DIGITS = 12

/** A set of id prefixes by open addressing: 8 bytes a slot, at most half full. */
class PrefixSet {
  #slots = new Float64Array(SLOTS_MIN)
  #size = 0

  /** Zero marks an empty slot, so every prefix is counted one up. */
  static of(id: Digest): number {
    return Number.parseInt(id.slice(0, PREFIX_DIGITS), 16) + 1
  }

  has(prefix: number): boolean {
    const slots = this.#slots
    for (let at = prefix % slots.length; slots[at] !== 0; at = (at + 1) % slots.length) {
      if (slots[at] === prefix) return true
    }
    return false
  }

  add(prefix: number): void {
    if (this.has(prefix)) return
    if (this.#size * 2 >= this.#slots.length) this.#grow()
    insert(this.#slots, prefix)
    this.#size += 1
  }

  #grow(): void {
    const grown = new Float64Array(this.#slots.length * 2)
    for (const prefix of this.#slots) if (prefix !== 0) insert(grown, prefix)
    this.#slots = grown
  }
}

function insert(slots: Float64Array, prefix: number): void {
  let at = prefix % slots.length
  while (slots[at] !== 0) at = (at + 1) % slots.length
  slots[at] = prefix
}

/**
 * Tells cheaply that a transaction was certainly not executed within the window, so that the ledger's index need not be asked
 * for every new one. It may say "perhaps" wrongly (ids that share 48 bits); then the index decides, and all replicas agree.
 */
export class RecentIds {
  readonly #windowMs: number
  #current = new PrefixSet()
  #previous = new PrefixSet()
  #sinceMs: TimeMs | undefined

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** Notes ids executed in a block of this time; times never go back. */
  add(ids: readonly Digest[], timeMs: TimeMs): void {
    this.#sinceMs ??= timeMs
    if (timeMs - this.#sinceMs > this.#windowMs) {
      this.#previous = this.#current
      this.#current = new PrefixSet()
      this.#sinceMs = timeMs
    }
    for (const id of ids) this.#current.add(PrefixSet.of(id))
  }

  perhaps(id: Digest): boolean {
    const prefix = PrefixSet.of(id)
    return this.#current.has(prefix) || this.#previous.has(prefix)
  }
}
