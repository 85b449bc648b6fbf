import { equalBytes, utf8 } from '../base/bytes.js'
import type { CryptoSuite } from './suite.js'

/**
 * The hashing of the state tree: a sparse Merkle tree over 256-bit key hashes in which a subtree that holds a
 * single leaf is that leaf, and an empty one is 32 zero bytes. The path of a key is the bits of its hash, the
 * highest bit of the first byte first; 0 is left. Leaf and inner nodes are told apart by their first byte
 * (after Dahlberg, Pulls and Peeters 2016, and Diem's Jellyfish tree).
 */
type Sha256 = CryptoSuite['sha256']

export const EMPTY_HASH: Uint8Array = new Uint8Array(32)

/** SHA-256(0x04 || key). */
export function stateKeyHash(sha256: Sha256, key: string): Uint8Array {
  return tagged(sha256, 4, utf8(key))
}

/** SHA-256(0x05 || value). */
export function stateValueHash(sha256: Sha256, value: Uint8Array): Uint8Array {
  return tagged(sha256, 5, value)
}

/** SHA-256(0x02 || key hash || value hash). */
export function stateLeafHash(sha256: Sha256, keyHash: Uint8Array, valueHash: Uint8Array): Uint8Array {
  return pair(sha256, 2, keyHash, valueHash)
}

/** SHA-256(0x03 || left || right). */
export function stateNodeHash(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  return pair(sha256, 3, left, right)
}

function tagged(sha256: Sha256, tag: number, data: Uint8Array): Uint8Array {
  const input = new Uint8Array(data.length + 1)
  input[0] = tag
  input.set(data, 1)
  return sha256(input)
}

const scratch = new Uint8Array(65)

function pair(sha256: Sha256, tag: number, left: Uint8Array, right: Uint8Array): Uint8Array {
  scratch[0] = tag
  scratch.set(left, 1)
  scratch.set(right, 33)
  return sha256(scratch)
}

/** Bit of a key hash at a depth of the tree: 0 left, 1 right. */
export function bitAt(keyHash: Uint8Array, depth: number): 0 | 1 {
  return (((keyHash[depth >> 3] as number) >> (7 - (depth & 7))) & 1) as 0 | 1
}

/**
 * Checks that a key has a value (or, with `undefined`, none) under a state root.
 * @param proof siblings from the root down (`undefined` is an empty subtree); `other` is the leaf found in the key's place
 */
export function verifyStateProof(
  sha256: Sha256,
  root: Uint8Array,
  key: string,
  value: Uint8Array | undefined,
  proof: {
    readonly siblings: readonly (Uint8Array | undefined)[]
    readonly other?: { readonly keyHash: Uint8Array; readonly valueHash: Uint8Array }
  },
): boolean {
  if (proof.siblings.length > 256) return false
  if (proof.siblings.some((sibling) => sibling !== undefined && sibling.length !== 32)) return false
  const keyHash = stateKeyHash(sha256, key)
  let hash: Uint8Array
  if (value !== undefined) {
    if (proof.other !== undefined) return false
    hash = stateLeafHash(sha256, keyHash, stateValueHash(sha256, value))
  } else if (proof.other !== undefined) {
    const { other } = proof
    if (other.keyHash.length !== 32 || other.valueHash.length !== 32) return false
    if (equalBytes(other.keyHash, keyHash)) return false
    for (let depth = 0; depth < proof.siblings.length; depth++) {
      if (bitAt(other.keyHash, depth) !== bitAt(keyHash, depth)) return false
    }
    hash = stateLeafHash(sha256, other.keyHash, other.valueHash)
  } else {
    hash = EMPTY_HASH
  }
  for (let depth = proof.siblings.length - 1; depth >= 0; depth--) {
    const sibling = proof.siblings[depth] ?? EMPTY_HASH
    hash = bitAt(keyHash, depth) === 0 ? stateNodeHash(sha256, hash, sibling) : stateNodeHash(sha256, sibling, hash)
  }
  return equalBytes(hash, root)
}
