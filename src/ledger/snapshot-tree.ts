import { equalBytes, toHex, utf8 } from '../base/bytes.js'
import type { ChunkRoot, StateChunk } from '../codec/snapshot.js'
import { EMPTY_HASH, stateLeafHash } from '../crypto/sparse-merkle.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { MovedKey } from './staged-tree.js'
import { isLeaf, type Slot, StatePage } from './state-page.js'
import { STATE_KEY_BYTES_MAX, StateTree } from './state-tree.js'

type Sha256 = CryptoSuite['sha256']

/** Pages above the chunks, for each chunk: only crafted keys make chains of pages, and only a liar long ones. */
const PAGES_PER_CHUNK_FACTOR = 2
const CHAIN_PAGES_MAX = 1_024

export interface FoldedChunks {
  /** Root of the state that the chunks make up. */
  readonly root: Uint8Array
  /** Pages above the chunks. */
  readonly pages: ReadonlyMap<string, StatePage>
}

/**
 * Folds the roots of chunks up to the state root, so that a manifest is known to be whole and true before any chunk of it is
 * asked for.
 * @param chunks ascending by path, none inside another
 * @returns `undefined` when they would need more pages than any state does
 */
export function foldChunks(sha256: Sha256, chunks: readonly ChunkRoot[]): FoldedChunks | undefined {
  const pages = new Map<string, StatePage>()
  const pagesMax = chunks.length * PAGES_PER_CHUNK_FACTOR + CHAIN_PAGES_MAX

  function fold(path: string, from: number, to: number): Slot {
    const first = chunks[from]
    if (first !== undefined && first.path === path) return first.slot
    if (pages.size > pagesMax) return undefined
    const slots: Slot[] = []
    for (let start = from; start < to; ) {
      const child = (chunks[start] as ChunkRoot).path.slice(0, path.length + 1)
      let end = start + 1
      while (end < to && chunks[end]?.path.startsWith(child) === true) end += 1
      slots[Number.parseInt(child.slice(-1), 16)] = fold(child, start, end)
      start = end
    }
    const page = StatePage.EMPTY.with(0xffff, slots)
    // As in any state: a subtree of a single leaf is that leaf. Only the root has a page for it nevertheless.
    const leaf = page.soleLeaf()
    if (!page.isEmpty() && (leaf === undefined || path === '')) pages.set(path, page)
    if (leaf !== undefined) return leaf
    return page.isEmpty() ? undefined : page.hash(sha256)
  }

  const slot = fold('', 0, chunks.length)
  return pages.size > pagesMax ? undefined : { root: slotHash(sha256, slot), pages }
}

function slotHash(sha256: Sha256, slot: Slot): Uint8Array {
  if (slot === undefined) return EMPTY_HASH
  return isLeaf(slot) ? stateLeafHash(sha256, slot.subarray(0, 32), slot.subarray(32)) : slot
}

export interface OpenedChunk {
  /** Keys of the rows, with their hashes. */
  readonly keys: readonly MovedKey[]
  /** Pages of the state tree at and below the chunk's path. */
  readonly pages: ReadonlyMap<string, StatePage>
}

/** Builds a chunk's subtree from its rows; `undefined` when it is not the subtree that the root names. */
export function openChunk(sha256: Sha256, root: ChunkRoot, chunk: StateChunk): OpenedChunk | undefined {
  const { path, slot } = root
  if (chunk.path !== path || !chunk.rows.every(({ key }) => isStateKey(key))) return undefined
  const tree = new StateTree({ sha256, root: EMPTY_HASH, load: () => undefined })
  const { pages, moved } = tree.stage(chunk.rows)
  // A key that stands twice is one key.
  if (moved.length !== chunk.rows.length) return undefined
  if (!moved.every(({ keyHash }) => toHex(keyHash).startsWith(path))) return undefined
  const page = pages.get(path)
  if (isLeaf(slot)) {
    const leaf = moved.length === 1 ? pages.get('')?.soleLeaf() : undefined
    if (leaf === undefined || !equalBytes(leaf, slot)) return undefined
    return { keys: moved, pages: pagesUnder(path === '' ? pages : new Map(), path) }
  }
  if (moved.length < 2 || page === undefined || !equalBytes(page.hash(sha256), slot)) return undefined
  return { keys: moved, pages: pagesUnder(pages, path) }
}

function pagesUnder(pages: ReadonlyMap<string, StatePage | undefined>, path: string): Map<string, StatePage> {
  const under = new Map<string, StatePage>()
  for (const [at, page] of pages) if (page !== undefined && at.startsWith(path)) under.set(at, page)
  return under
}

function isStateKey(key: string): boolean {
  const { length } = utf8(key)
  return key.isWellFormed() && length > 0 && length <= STATE_KEY_BYTES_MAX
}
