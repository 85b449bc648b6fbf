import { assert } from '../base/assert.js'
import { equalBytes, toHex } from '../base/bytes.js'
import { bitAt, EMPTY_HASH, stateKeyHash, stateValueHash } from '../crypto/sparse-merkle.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { StateChange } from '../ports.js'
import type { Digest } from '../types/index.js'
import { corrupt } from './corrupt.js'
import { PageCache } from './page-cache.js'
import { StagedTree } from './staged-tree.js'
import { isLeaf, PAGE_SLOTS, type Slot, StatePage, slotOf } from './state-page.js'

type Sha256 = CryptoSuite['sha256']

/** Bounds of a state key, in bytes of UTF-8. */
export const STATE_KEY_BYTES_MAX = 512

const HEX = '0123456789abcdef'
const CACHE_BYTES_MAX = 32 * 1024 * 1024

export interface StateTreeOptions {
  readonly sha256: Sha256
  /** Root of the stored state. */
  readonly root: Uint8Array
  /** Reads a stored page by its path. */
  readonly load: (path: string) => Uint8Array | undefined
  /** Bound of the pages kept in memory, in bytes; 32 MiB when absent. */
  readonly cacheBytesMax?: number
}

export interface TreePath {
  /** From the root down; `undefined` is an empty subtree. */
  readonly siblings: readonly (Uint8Array | undefined)[]
  /** The leaf at the end of the path, the key's own or another: key hash, value hash. */
  readonly leaf: Uint8Array | undefined
}

interface Update {
  readonly key: string
  readonly keyHash: Uint8Array
  /** First 48 bits of the key hash: orders all but equal or crafted keys without comparing bytes. */
  readonly order: number
  /** `undefined` removes the key. */
  readonly leaf: Uint8Array | undefined
  /** Whether the key comes or goes. Set when its place in the tree is found. */
  moved: boolean
}

/** The updates with keys in one page's subtree. */
interface Span {
  readonly from: number
  readonly to: number
}

/** One application of changes. */
interface Work {
  /** In order of their key hashes. */
  readonly updates: readonly Update[]
  /** Staged states between the written one and the one that is changed, the newest first. */
  readonly layers: readonly StagedTree[]
  /** What comes of it. */
  readonly pages: Map<string, StatePage | undefined>
}

/** The sparse Merkle tree of crypto/sparse-merkle.ts, updated once per block and stored in pages of four levels. */
export class StateTree {
  readonly #sha256: Sha256
  readonly #load: StateTreeOptions['load']
  readonly #cache: PageCache
  #root: Uint8Array

  constructor(options: StateTreeOptions) {
    this.#sha256 = options.sha256
    this.#load = options.load
    this.#cache = new PageCache(options.cacheBytesMax ?? CACHE_BYTES_MAX)
    this.#root = options.root
  }

  root(): Uint8Array {
    return this.#root
  }

  /**
   * Applies the changes in memory; of several changes of a key the last counts.
   * @param on the staged state to change; the stored one when absent
   * @throws AssertionFailed when the states below do not stand on the stored one any more
   */
  stage(changes: readonly StateChange[], on?: StagedTree): StagedTree {
    const layers = this.#layersOf(on)
    const [below] = layers
    const baseHash = on?.rootHash ?? this.#root
    const updates = this.#sortedUpdates(changes)
    const pages: Work['pages'] = new Map()
    const base = this.#rootPage(baseHash, layers)
    const page = this.#updatePage('', base, { from: 0, to: updates.length }, { updates, layers, pages })
    if (page === base) return new StagedTree(baseHash, baseHash, { changes, pages, moved: [] }, below)
    pages.set('', page.isEmpty() ? undefined : page)
    const moved = updates
      .filter((update) => update.moved)
      .map(({ key, keyHash, leaf }) => ({ key, keyHash, present: leaf !== undefined }))
    return new StagedTree(page.hash(this.#sha256), baseHash, { changes, pages, moved }, below)
  }

  /** Equal roots are equal states, so a state that is also the stored one ends the chain, whoever staged it. */
  #layersOf(on: StagedTree | undefined): readonly StagedTree[] {
    const layers: StagedTree[] = []
    let base = on?.rootHash ?? this.#root
    for (let staged = on; !equalBytes(base, this.#root); staged = staged.below) {
      assert(staged !== undefined && !staged.isReleased, 'a state is staged on one that left the chain')
      layers.push(staged)
      base = staged.baseHash
    }
    return layers
  }

  /** Makes the last of staged states the stored one, each on the one before; called once their rows are in the database. */
  commit(...run: readonly StagedTree[]): void {
    for (const staged of run) {
      for (const [path, page] of staged.pages) {
        if (page === undefined) this.#cache.delete(path)
        else this.#cache.set(path, page)
      }
      this.#root = staged.rootHash
      staged.release()
    }
  }

  /** Walks from the root to where the key stands, or would. */
  path(keyHash: Uint8Array): TreePath {
    const siblings: (Uint8Array | undefined)[] = []
    const route = toHex(keyHash)
    let page = this.#rootPage(this.#root)
    for (let pageDepth = 0; ; pageDepth++) {
      let from = 0
      for (let width = PAGE_SLOTS; width > 1; width /= 2) {
        const leaf = page.soleLeaf(from, width)
        if (leaf !== undefined || page.isEmpty(from, width)) return { siblings, leaf }
        const half = width / 2
        const right = bitAt(keyHash, siblings.length) === 1
        const other = right ? from : from + half
        siblings.push(page.isEmpty(other, half) ? undefined : page.hash(this.#sha256, other, half))
        if (right) from += half
      }
      const slot = page.slot(from)
      if (slot === undefined || isLeaf(slot)) return { siblings, leaf: slot }
      page = this.#page(route.slice(0, pageDepth + 1), slot)
    }
  }

  /** What stands at a path of whole pages: a leaf, the hash of the subtree, or nothing. */
  slotAt(path: string): Slot {
    let page = this.#rootPage(this.#root)
    let slot: Slot = page.soleLeaf() ?? (page.isEmpty() ? undefined : this.#root)
    for (let depth = 0; depth < path.length && slot !== undefined; depth++) {
      if (depth > 0) page = this.#page(path.slice(0, depth), slot)
      slot = page.slot(Number.parseInt(path.charAt(depth), 16))
      if (slot !== undefined && isLeaf(slot) && depth < path.length - 1) return undefined
    }
    return slot
  }

  #sortedUpdates(changes: readonly StateChange[]): readonly Update[] {
    const updates = changes.map(({ key, value }): Update => {
      const keyHash = stateKeyHash(this.#sha256, checkedKey(key))
      const order = ((keyHash[0] as number) * 0x100 + (keyHash[1] as number)) * 0x1_0000_0000 + uint32At(keyHash, 2)
      if (value === undefined) return { key, keyHash, order, leaf: undefined, moved: false }
      const leaf = new Uint8Array(64)
      leaf.set(keyHash)
      leaf.set(stateValueHash(this.#sha256, value), 32)
      return { key, keyHash, order, leaf, moved: false }
    })
    updates.sort((a, b) => a.order - b.order || Buffer.compare(a.keyHash, b.keyHash))
    return updates.filter((update, i) => {
      const next = updates[i + 1]
      return next === undefined || next.order !== update.order || !equalBytes(next.keyHash, update.keyHash)
    })
  }

  /** @returns the page with the updates, or `base` itself when they change nothing */
  #updatePage(path: string, base: StatePage, span: Span, work: Work): StatePage {
    const { updates } = work
    const { to } = span
    const slots: Slot[] = []
    let changed = 0
    for (let from = span.from; from < to; ) {
      const index = slotOf((updates[from] as Update).keyHash, path.length)
      let end = from + 1
      while (end < to && slotOf((updates[end] as Update).keyHash, path.length) === index) end += 1
      const before = base.slot(index)
      const after = this.#updateSlot(path + HEX[index], before, { from, to: end }, work)
      if (after !== before) {
        slots[index] = after
        changed |= 1 << index
      }
      from = end
    }
    return changed === 0 ? base : base.with(changed, slots)
  }

  /** @returns what stands in the slot after the updates, or `slot` itself when they change nothing */
  #updateSlot(path: string, slot: Slot, span: Span, work: Work): Slot {
    const stored = slot !== undefined && !isLeaf(slot)
    if (!stored && span.to === span.from + 1) {
      const update = work.updates[span.from] as Update
      const { keyHash, leaf } = update
      const same = slot !== undefined && sameKey(slot, keyHash)
      if (same || slot === undefined) update.moved = same !== (leaf !== undefined)
      if (slot === undefined) return leaf
      if (same) return leaf !== undefined && equalBytes(slot, leaf) ? slot : leaf
    }
    const base = stored ? this.#page(path, slot, work.layers) : pageOf(slot, path.length)
    const page = this.#updatePage(path, base, span, work)
    if (page === base) return slot
    // a subtree with one leaf is that leaf, and an empty one is nothing: neither has a page
    const leaf = page.soleLeaf()
    if (leaf === undefined && !page.isEmpty()) {
      work.pages.set(path, page)
      return page.hash(this.#sha256)
    }
    if (stored) work.pages.set(path, undefined)
    return leaf
  }

  #rootPage(root: Uint8Array, layers: readonly StagedTree[] = []): StatePage {
    return equalBytes(root, EMPTY_HASH) ? StatePage.EMPTY : this.#page('', root, layers)
  }

  /** A page must have the hash that its parent names: this finds a page that is intact, but of another time. */
  #page(path: string, hash: Uint8Array, layers: readonly StagedTree[] = []): StatePage {
    for (const { pages } of layers) {
      const staged = pages.get(path)
      if (staged !== undefined) return staged
    }
    const cached = this.#cache.get(path)
    if (cached !== undefined) return cached
    const bytes = this.#load(path)
    const page = bytes === undefined ? undefined : StatePage.decode(bytes)
    const name = path === '' ? 'the root page of the state tree' : `page ${path} of the state tree`
    if (page === undefined) throw corrupt(`${name} is ${bytes === undefined ? 'missing' : 'malformed'}.`)
    if (!equalBytes(page.hash(this.#sha256), hash)) throw corrupt(`${name} has not the hash that it must have.`)
    this.#cache.set(path, page)
    return page
  }
}

/** The page that a leaf moves down into when it no longer has its slot to itself. */
function pageOf(leaf: Slot, pageDepth: number): StatePage {
  if (leaf === undefined) return StatePage.EMPTY
  const index = slotOf(leaf, pageDepth)
  const slots: Slot[] = []
  slots[index] = leaf
  return StatePage.EMPTY.with(1 << index, slots)
}

function sameKey(leaf: Uint8Array, keyHash: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) if (leaf[i] !== keyHash[i]) return false
  return true
}

function uint32At(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] as [number, number, number, number]
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}

function checkedKey(key: string): string {
  // a lone surrogate would become U+FFFD, and two keys one
  assert(key.isWellFormed(), 'a state key is not well-formed Unicode')
  const length = Buffer.byteLength(key)
  assert(length > 0 && length <= STATE_KEY_BYTES_MAX, `a state key has ${length} bytes`)
  return key
}

/** Root of the state that holds just these changes, as a genesis header names it. */
export function stateRootOf(sha256: Sha256, changes: readonly StateChange[]): Digest {
  return new StateTree({ sha256, root: EMPTY_HASH, load: () => undefined }).stage(changes).root
}
