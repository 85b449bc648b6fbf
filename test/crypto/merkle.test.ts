import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.js'
import { leafHash, MerkleTree, verifyInclusion } from '../../src/crypto/merkle.js'
import { nativeSuite } from '../../src/crypto/native.js'

const { sha256 } = nativeSuite

/** The eight leaves and their roots that the implementations of Certificate Transparency (RFC 6962) are tested with. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (hex) => fromHex(hex) as Uint8Array,
)
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

/** The recursive definition of RFC 6962 section 2.1, word for word. */
function rootByDefinition(data: readonly Uint8Array[]): Uint8Array {
  if (data.length === 0) return sha256(new Uint8Array(0))
  if (data.length === 1) return leafHash(sha256, data[0] as Uint8Array)
  let k = 1
  while (k * 2 < data.length) k *= 2
  return sha256(Uint8Array.of(1, ...rootByDefinition(data.slice(0, k)), ...rootByDefinition(data.slice(k))))
}

const leavesOf = (size: number) => Array.from({ length: size }, (_, i) => utf8(`leaf ${i}`))
const treeOf = (size: number) => MerkleTree.ofData(sha256, leavesOf(size))
const leafOf = (index: number) => leafHash(sha256, utf8(`leaf ${index}`))

describe('MerkleTree', () => {
  it.each(ROOTS.map((root, i) => [i + 1, root] as const))('has the known root of %i leaves', (size, root) => {
    expect(toHex(MerkleTree.ofData(sha256, LEAVES.slice(0, size)).root)).toBe(root)
  })

  it('has, of no leaves, the hash of nothing', () => {
    expect(toHex(MerkleTree.ofData(sha256, []).root)).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
  })

  it('gives the root of the definition for every size', () => {
    for (let size = 0; size <= 130; size++) {
      expect(toHex(treeOf(size).root), `${size}`).toBe(toHex(rootByDefinition(leavesOf(size))))
    }
  })

  it('tells a leaf from a node: a tree of two leaves is no leaf of another tree', () => {
    const [left, right] = [leafOf(0), leafOf(1)]
    const inner = Uint8Array.of(1, ...left, ...right)
    expect(toHex(MerkleTree.ofData(sha256, [inner.subarray(1)]).root)).not.toBe(toHex(treeOf(2).root))
  })
})

describe('verifyInclusion', () => {
  const place = fc
    .integer({ min: 1, max: 200 })
    .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size - 1 })))

  it('takes every leaf of every small tree', () => {
    for (let size = 1; size <= 40; size++) {
      const tree = treeOf(size)
      for (let index = 0; index < size; index++) {
        expect(verifyInclusion(sha256, leafOf(index), index, size, tree.path(index), tree.root)).toBe(true)
      }
    }
  })

  it('refuses every other index and leaf', () => {
    for (let size = 1; size <= 20; size++) {
      const tree = treeOf(size)
      for (let index = 0; index < size; index++) {
        for (let other = -1; other <= size + 1; other++) {
          if (other === index) continue
          expect(verifyInclusion(sha256, leafOf(index), other, size, tree.path(index), tree.root)).toBe(false)
          expect(verifyInclusion(sha256, leafOf(other), index, size, tree.path(index), tree.root)).toBe(false)
        }
      }
    }
  })

  it('refuses every size under which the path would have another shape', () => {
    // sizes that give a leaf the same path shape cannot be told apart by a path: the header states the size
    for (let size = 1; size <= 40; size++) {
      const tree = treeOf(size)
      for (let index = 0; index < size; index++) {
        for (let other = 0; other <= 80; other++) {
          const same = shapeOf(index, other) === shapeOf(index, size)
          expect(verifyInclusion(sha256, leafOf(index), index, other, tree.path(index), tree.root)).toBe(same)
        }
      }
    }
  })

  /** Sides of the siblings from the leaf up, after the recursive definition of RFC 6962. */
  function shapeOf(index: number, size: number): string {
    if (index >= size) return 'none'
    if (size === 1) return ''
    let k = 1
    while (k * 2 < size) k *= 2
    return index < k ? `${shapeOf(index, k)}R` : `${shapeOf(index - k, size - k)}L`
  }

  it('refuses a path that was changed, cut, lengthened or put in another order', () => {
    fc.assert(
      fc.property(place, fc.nat(), fc.nat(255), ([size, index], at, bits) => {
        const tree = treeOf(size)
        const path = tree.path(index)
        const check = (it: readonly Uint8Array[]) => verifyInclusion(sha256, leafOf(index), index, size, it, tree.root)
        expect(check(path)).toBe(true)
        expect(check([...path, tree.root])).toBe(false)
        expect(check([tree.root, ...path])).toBe(false)
        if (path.length === 0) return
        expect(check(path.slice(1))).toBe(false)
        expect(check(path.slice(0, -1))).toBe(false)
        const n = at % path.length
        const changed = path.map((hash, i) =>
          i === n ? hash.map((byte, j) => (j === at % 32 ? byte ^ (bits || 1) : byte)) : hash,
        )
        expect(check(changed)).toBe(false)
        expect(check(path.map((hash, i) => (i === n ? hash.subarray(1) : hash)))).toBe(false)
        const swapped = [...path].reverse()
        if (!swapped.every((hash, i) => equalBytes(hash, path[i] as Uint8Array))) expect(check(swapped)).toBe(false)
      }),
    )
  })

  it('refuses places that are no places', () => {
    const tree = treeOf(4)
    for (const index of [-1, 4, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(verifyInclusion(sha256, leafOf(0), index, 4, tree.path(0), tree.root)).toBe(false)
    }
    for (const size of [0, -1, Number.NaN]) {
      expect(verifyInclusion(sha256, leafOf(0), 0, size, tree.path(0), tree.root)).toBe(false)
    }
  })

  // known fault of verifyInclusion, reported: its shifts are of 32 bits; becomes a plain `it` once the size is bounded there
  it('refuses sizes and places beyond 2^32 that look like small ones to 32-bit arithmetic', () => {
    const tree = treeOf(4)
    for (const shift of [2 ** 31, 2 ** 32, 2 ** 33]) {
      expect(verifyInclusion(sha256, leafOf(1), 1 + shift, 4 + shift, tree.path(1), tree.root)).toBe(false)
      expect(verifyInclusion(sha256, leafOf(1), 1, 4 + shift, tree.path(1), tree.root)).toBe(false)
    }
    expect(verifyInclusion(sha256, leafOf(1), 1, 3.5, tree.path(1), tree.root)).toBe(false)
  })

  it('refuses a root of another length', () => {
    const tree = treeOf(3)
    expect(verifyInclusion(sha256, leafOf(0), 0, 3, tree.path(0), tree.root.subarray(0, 31))).toBe(false)
  })
})
