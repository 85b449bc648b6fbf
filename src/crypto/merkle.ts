import type { CryptoSuite } from './suite.js'

type Sha256 = CryptoSuite['sha256']

const EMPTY = new Uint8Array(0)
/** Positions are shifted as 32-bit integers. */
const LEAVES_MAX = 0x7fff_ffff

/** RFC 6962 section 2.1: leaf hash, SHA-256(0x00 || data). */
export function leafHash(sha256: Sha256, data: Uint8Array): Uint8Array {
  const input = new Uint8Array(data.length + 1)
  input.set(data, 1)
  return sha256(input)
}

/** RFC 6962 section 2.1: node hash, SHA-256(0x01 || left || right). */
function nodeHash(sha256: Sha256, scratch: Uint8Array, left: Uint8Array, right: Uint8Array): Uint8Array {
  scratch[0] = 1
  scratch.set(left, 1)
  scratch.set(right, 33)
  return sha256(scratch)
}

/**
 * A Merkle tree of RFC 6962 over leaf hashes, kept by level so that audit paths are look-ups. The last node of
 * an odd level moves up unchanged, which gives the same tree as the RFC's recursive definition.
 */
export class MerkleTree {
  readonly #levels: readonly (readonly Uint8Array[])[]
  /** 32 bytes; of no leaves SHA-256 of the empty string. */
  readonly root: Uint8Array

  constructor(sha256: Sha256, leafHashes: readonly Uint8Array[]) {
    const scratch = new Uint8Array(65)
    const levels: (readonly Uint8Array[])[] = [leafHashes]
    let level = leafHashes
    while (level.length > 1) {
      const above: Uint8Array[] = []
      for (let i = 0; i + 1 < level.length; i += 2) {
        above.push(nodeHash(sha256, scratch, level[i] as Uint8Array, level[i + 1] as Uint8Array))
      }
      if (level.length % 2 === 1) above.push(level[level.length - 1] as Uint8Array)
      levels.push(above)
      level = above
    }
    this.#levels = levels
    this.root = level[0] ?? sha256(EMPTY)
  }

  static ofData(sha256: Sha256, data: readonly Uint8Array[]): MerkleTree {
    return new MerkleTree(
      sha256,
      data.map((item) => leafHash(sha256, item)),
    )
  }

  /** Audit path of a leaf, from its sibling up. */
  path(index: number): Uint8Array[] {
    const path: Uint8Array[] = []
    let at = index
    for (const level of this.#levels) {
      const sibling = level[at ^ 1]
      if (sibling !== undefined) path.push(sibling)
      at >>= 1
    }
    return path
  }
}

/**
 * Checks an audit path (RFC 9162 section 2.1.3.2).
 * @param index position of the leaf, from 0
 * @param size number of leaves of the tree
 */
export function verifyInclusion(
  sha256: Sha256,
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size)) return false
  if (index < 0 || index >= size || size > LEAVES_MAX) return false
  const scratch = new Uint8Array(65)
  let node = index
  let last = size - 1
  let hash = leaf
  for (const sibling of path) {
    if (last === 0 || sibling.length !== 32) return false
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sha256, scratch, sibling, hash)
      while (node % 2 === 0 && node !== 0) {
        node >>= 1
        last >>= 1
      }
    } else {
      hash = nodeHash(sha256, scratch, hash, sibling)
    }
    node >>= 1
    last >>= 1
  }
  if (last !== 0 || hash.length !== root.length) return false
  return hash.every((byte, i) => byte === root[i])
}
