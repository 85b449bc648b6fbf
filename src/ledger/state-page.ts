import { EMPTY_HASH, stateLeafHash, stateNodeHash } from '../crypto/sparse-merkle.js'
import type { CryptoSuite } from '../crypto/suite.js'

type Sha256 = CryptoSuite['sha256']

/** What stands in a slot: nothing; a leaf, its key hash and value hash (64 bytes); or the hash of the page below (32 bytes). */
export type Slot = Uint8Array | undefined

export const PAGE_SLOTS = 16
const HASH_LENGTH = 32
const LEAF_LENGTH = 64
const BITMAPS_LENGTH = 4

/** Pages of fewer slots are hashed again in less time than their inner hashes are worth in memory. */
const MEMO_SLOTS_MIN = 4
const MEMO_LENGTH = PAGE_SLOTS * HASH_LENGTH

export const isLeaf = (slot: Uint8Array): boolean => slot.length === LEAF_LENGTH

/** The 4 bits of a key hash that choose the slot in a page, given how many pages stand above it. */
export function slotOf(keyHash: Uint8Array, pageDepth: number): number {
  const byte = keyHash[pageDepth >> 1] as number
  return pageDepth % 2 === 0 ? byte >> 4 : byte & 15
}

/** How many of 16 bits are set. */
function bitCount(bits: number): number {
  let count = bits - ((bits >> 1) & 0x5555)
  count = (count & 0x3333) + ((count >> 2) & 0x3333)
  count = (count + (count >> 4)) & 0x0f0f
  return (count + (count >> 8)) & 0x1f
}

const encodedLength = (leaves: number, branches: number): number =>
  BITMAPS_LENGTH + LEAF_LENGTH * bitCount(leaves) + HASH_LENGTH * bitCount(branches)

/**
 * Four binary levels of the state tree, immutable. A leaf stands in the highest page where it has a slot to itself, so
 * there is exactly one set of pages for a state. Encoded: u16 bitmap of the leaves, u16 bitmap of the branches
 * (big-endian, bit i is slot i), then the occupied slots in order.
 *
 * One flat buffer holds the page, since an array for each of its hashes would be ten times as large and slow.
 */
export class StatePage {
  /** The encoding and, in a page of many slots, the hashes of the inner nodes by heap index (1 is the whole page). */
  readonly #data: Uint8Array
  readonly #leaves: number
  readonly #occupied: number
  /** Bit i: the hash of inner node i is there. */
  #known = 0

  private constructor(leaves: number, branches: number) {
    this.#leaves = leaves
    this.#occupied = leaves | branches
    const length = encodedLength(leaves, branches)
    const data = new Uint8Array(this.#hasMemo() ? length + MEMO_LENGTH : length)
    data[0] = leaves >> 8
    data[1] = leaves
    data[2] = branches >> 8
    data[3] = branches
    this.#data = data
  }

  static readonly EMPTY = new StatePage(0, 0)

  /** @returns `undefined` when the bytes are not a page */
  static decode(bytes: Uint8Array): StatePage | undefined {
    if (bytes.length < BITMAPS_LENGTH) return undefined
    const leaves = ((bytes[0] as number) << 8) | (bytes[1] as number)
    const branches = ((bytes[2] as number) << 8) | (bytes[3] as number)
    if ((leaves & branches) !== 0 || bytes.length !== encodedLength(leaves, branches)) return undefined
    const page = new StatePage(leaves, branches)
    page.#data.set(bytes)
    return page
  }

  encode(): Uint8Array {
    return this.#data.subarray(0, this.#offset(PAGE_SLOTS))
  }

  /**
   * The page with other slots.
   * @param changed bit i: slot i becomes `slots[i]`
   */
  with(changed: number, slots: readonly Slot[]): StatePage {
    let leaves = this.#leaves & ~changed
    let branches = this.#occupied & ~this.#leaves & ~changed
    for (let rest = changed; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest
      const slot = slots[31 - Math.clz32(bit)]
      if (slot !== undefined && isLeaf(slot)) leaves |= bit
      else if (slot !== undefined) branches |= bit
    }
    const page = new StatePage(leaves, branches)
    this.#copySlots(page.#data, changed, slots)
    if (page.#hasMemo() && this.#hasMemo()) page.#inheritMemo(this, changed)
    return page
  }

  #copySlots(target: Uint8Array, changed: number, slots: readonly Slot[]): void {
    let read = BITMAPS_LENGTH
    let write = BITMAPS_LENGTH
    for (let rest = changed; rest !== 0; rest &= rest - 1) {
      const index = 31 - Math.clz32(rest & -rest)
      const at = this.#offset(index)
      if (at > read) target.set(this.#data.subarray(read, at), write)
      write += at - read
      read = at + this.#slotLength(index)
      const slot = slots[index]
      if (slot === undefined) continue
      target.set(slot, write)
      write += slot.length
    }
    const end = this.#offset(PAGE_SLOTS)
    if (read < end) target.set(this.#data.subarray(read, end), write)
  }

  #hasMemo(): boolean {
    return bitCount(this.#occupied) >= MEMO_SLOTS_MIN
  }

  /** Takes over the hashes that no changed slot enters. */
  #inheritMemo(base: StatePage, changed: number): void {
    let stale = 0
    for (let rest = changed; rest !== 0; rest &= rest - 1) {
      for (let node = (PAGE_SLOTS + 31 - Math.clz32(rest & -rest)) >> 1; node > 0; node >>= 1) stale |= 1 << node
    }
    this.#data.set(base.#data.subarray(base.#offset(PAGE_SLOTS)), this.#offset(PAGE_SLOTS))
    this.#known = base.#known & ~stale
  }

  /** Where a slot starts in the encoding; of slot 16, where the encoding ends. */
  #offset(index: number): number {
    const below = (1 << index) - 1
    return encodedLength(this.#leaves & below, this.#occupied & ~this.#leaves & below)
  }

  #slotLength(index: number): number {
    const bit = 1 << index
    if ((this.#occupied & bit) === 0) return 0
    return (this.#leaves & bit) === 0 ? HASH_LENGTH : LEAF_LENGTH
  }

  slot(index: number): Slot {
    const length = this.#slotLength(index)
    if (length === 0) return undefined
    const at = this.#offset(index)
    return this.#data.subarray(at, at + length)
  }

  /** Whether an aligned range of slots, by default the whole page, holds nothing. */
  isEmpty(from = 0, width = PAGE_SLOTS): boolean {
    return (this.#occupied & (((1 << width) - 1) << from)) === 0
  }

  /** The leaf of an aligned range of slots, by default the whole page, that holds nothing else. */
  soleLeaf(from = 0, width = PAGE_SLOTS): Uint8Array | undefined {
    const occupied = this.#occupied & (((1 << width) - 1) << from)
    if ((occupied & this.#leaves) === 0 || (occupied & (occupied - 1)) !== 0) return undefined
    return this.slot(31 - Math.clz32(occupied))
  }

  /** Hash of the subtree over an aligned range of slots, by default the whole page; `EMPTY_HASH` of nothing. */
  hash(sha256: Sha256, from = 0, width = PAGE_SLOTS): Uint8Array {
    if (this.isEmpty(from, width)) return EMPTY_HASH
    const leaf = this.soleLeaf(from, width)
    if (leaf !== undefined) return stateLeafHash(sha256, leaf.subarray(0, HASH_LENGTH), leaf.subarray(HASH_LENGTH))
    if (width === 1) return this.slot(from) as Uint8Array
    const node = (PAGE_SLOTS + from) / width
    const at = this.#offset(PAGE_SLOTS) + node * HASH_LENGTH
    if ((this.#known & (1 << node)) !== 0) return this.#data.subarray(at, at + HASH_LENGTH)
    const half = width / 2
    const hash = stateNodeHash(sha256, this.hash(sha256, from, half), this.hash(sha256, from + half, half))
    if (this.#hasMemo()) {
      this.#data.set(hash, at)
      this.#known |= 1 << node
    }
    return hash
  }

  /** Approximate bytes of memory, for the bound of the cache. */
  weight(): number {
    return 400 + this.#data.length
  }
}
