import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.js'
import { bitAt, EMPTY_HASH, stateKeyHash, verifyStateProof } from '../../src/crypto/sparse-merkle.js'
import { StateTree, stateRootOf } from '../../src/ledger/state-tree.js'
import type { StateChange } from '../../src/ports.js'
import { sha256 } from './support.js'

type State = ReadonlyMap<string, Uint8Array>

const hashOf = (tag: number, ...parts: Uint8Array[]) => sha256(Buffer.concat([Buffer.of(tag), ...parts]))

/** The definition, word by word: nothing in common with the tree but SHA-256. */
function naiveRoot(state: State): Uint8Array {
  const leaves = [...state].map(([key, value]) => ({ path: hashOf(4, utf8(key)), value: hashOf(5, value) }))
  const root = (of: typeof leaves, depth: number): Uint8Array => {
    const [first, second] = of
    if (first === undefined) return new Uint8Array(32)
    if (second === undefined) return hashOf(2, first.path, first.value)
    const side = (bit: number) =>
      root(
        of.filter(({ path }) => bitAt(path, depth) === bit),
        depth + 1,
      )
    return hashOf(3, side(0), side(1))
  }
  return root(leaves, 0)
}

/** A tree over a map of rows, as the ledger has it over LevelDB. */
class StoredTree {
  readonly rows = new Map<string, Uint8Array>()
  readonly tree: StateTree

  constructor(cacheBytesMax: number, root = EMPTY_HASH, rows?: ReadonlyMap<string, Uint8Array>) {
    for (const [path, row] of rows ?? []) this.rows.set(path, row)
    this.tree = new StateTree({ sha256, root, load: (path) => this.rows.get(path), cacheBytesMax })
  }

  apply(changes: readonly StateChange[]): string {
    const staged = this.tree.stage(changes)
    for (const [path, page] of staged.pages) {
      if (page === undefined) expect(this.rows.delete(path)).toBe(true)
      else this.rows.set(path, page.encode())
    }
    this.tree.commit(staged)
    return staged.root
  }
}

const key = fc.integer({ min: 0, max: 40 }).map((i) => `key/${i}`)
const value = fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined, freq: 3 })
const block = fc.array(fc.record({ key, value }), { maxLength: 30 })

function applyTo(state: Map<string, Uint8Array>, changes: readonly StateChange[]): void {
  for (const { key, value } of changes) {
    if (value === undefined) state.delete(key)
    else state.set(key, value)
  }
}

test('roots and proofs are those of the definition, whatever is written, overwritten and removed', () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 6 }), fc.constantFrom(0, 1 << 20), (blocks, cacheBytesMax) => {
      const stored = new StoredTree(cacheBytesMax)
      const state = new Map<string, Uint8Array>()
      for (const changes of blocks) {
        applyTo(state, changes)
        const root = stored.apply(changes)
        expect(root).toBe(toHex(naiveRoot(state)))
        for (let i = 0; i <= 42; i++) expectProof(stored.tree, state, `key/${i}`)
      }
      // one set of pages for a state, however it came about
      const fresh = new StoredTree(1 << 20)
      fresh.apply([...state].map(([key, value]) => ({ key, value })))
      expect(new Map([...stored.rows].sort())).toEqual(new Map([...fresh.rows].sort()))
    }),
    { numRuns: 150 },
  )
})

function proofOf(tree: StateTree, key: string) {
  const keyHash = stateKeyHash(sha256, key)
  const { siblings, leaf } = tree.path(keyHash)
  if (leaf === undefined || toHex(leaf.subarray(0, 32)) === toHex(keyHash)) return { siblings }
  return { siblings, other: { keyHash: leaf.subarray(0, 32), valueHash: leaf.subarray(32) } }
}

function expectProof(tree: StateTree, state: State, key: string): void {
  const proof = proofOf(tree, key)
  const value = state.get(key)
  expect(verifyStateProof(sha256, tree.root(), key, value, proof)).toBe(true)
  // the same proof shows nothing else
  expect(verifyStateProof(sha256, tree.root(), key, utf8('another value'), proof)).toBe(false)
  if (value !== undefined) expect(verifyStateProof(sha256, tree.root(), key, undefined, proof)).toBe(false)
}

test('the order of changes to different keys does not matter', () => {
  const distinct = fc.uniqueArray(fc.record({ key, value }), { selector: (change) => change.key, maxLength: 30 })
  fc.assert(
    fc.property(block, distinct, fc.infiniteStream(fc.nat()), (before, changes, order) => {
      const shuffled = changes.map((change) => [order.next().value, change] as const).sort(([a], [b]) => a - b)
      const [one, other] = [new StoredTree(1 << 20), new StoredTree(1 << 20)]
      one.apply(before)
      other.apply(before)
      expect(one.apply(changes)).toBe(other.apply(shuffled.map(([, change]) => change)))
    }),
  )
})

test('thousands of keys, several pages deep, in blocks', () => {
  const stored = new StoredTree(64 * 1024) // far less than the tree needs
  const state = new Map<string, Uint8Array>()
  for (let block = 0; block < 20; block++) {
    const changes = Array.from({ length: 400 }, (_, i) => {
      const key = `k/${(block * 400 + i * 7919) % 5000}`
      return { key, value: (i + block) % 5 === 0 ? undefined : utf8(`${block}/${i}`) }
    })
    applyTo(state, changes)
    stored.apply(changes)
  }
  expect(toHex(stored.tree.root())).toBe(toHex(naiveRoot(state)))
  for (let i = 0; i < 5000; i += 97) expectProof(stored.tree, state, `k/${i}`)
  // and read again from the rows alone
  const again = new StoredTree(1 << 20, stored.tree.root(), stored.rows)
  for (let i = 0; i < 5000; i += 97) expectProof(again.tree, state, `k/${i}`)
  expect(again.apply([...state.keys()].map((key) => ({ key, value: undefined })))).toBe('00'.repeat(32))
  expect(again.rows.size).toBe(0)
})

/** SHA-256 with leading bits taken away, so that keys collide many levels deep. */
const shallow = (data: Uint8Array): Uint8Array => {
  const hash = sha256(data).slice()
  if (data[0] === 4) hash.fill(0xa5, 0, 30)
  return hash
}

test('keys that part only at the last levels', () => {
  const keys = Array.from({ length: 12 }, (_, i) => `deep/${i}`)
  const rows = new Map<string, Uint8Array>()
  const tree = new StateTree({ sha256: shallow, root: EMPTY_HASH, load: (path) => rows.get(path), cacheBytesMax: 0 })
  const roots: string[] = []
  const apply = (changes: readonly StateChange[]) => {
    const staged = tree.stage(changes)
    for (const [path, page] of staged.pages) page === undefined ? rows.delete(path) : rows.set(path, page.encode())
    tree.commit(staged)
    return staged.root
  }
  for (const key of keys) roots.push(apply([{ key, value: utf8(key) }]))
  for (const key of keys) {
    const { siblings } = tree.path(stateKeyHash(shallow, key))
    expect(siblings.length).toBeGreaterThan(240)
    expect(verifyStateProof(shallow, tree.root(), key, utf8(key), { siblings })).toBe(true)
  }
  for (const key of keys.toReversed()) {
    expect(toHex(tree.root())).toBe(roots.pop())
    apply([{ key, value: undefined }])
  }
  expect(rows.size).toBe(0)
})

test('no changes, and changes that change nothing, touch no page', () => {
  const stored = new StoredTree(1 << 20)
  const changes = Array.from({ length: 100 }, (_, i) => ({ key: `${i}`, value: utf8(`${i}`) }))
  const root = stored.apply(changes)
  const absent = changes.map(({ key }) => ({ key: `no/${key}`, value: undefined }))
  for (const none of [[], changes, absent]) {
    const staged = stored.tree.stage(none)
    expect(staged.root).toBe(root)
    expect(staged.pages.size).toBe(0)
  }
})

test('a page of another time is found, though it is whole', () => {
  const stored = new StoredTree(1 << 20)
  const changes = (value: string) => Array.from({ length: 100 }, (_, i) => ({ key: `${i}`, value: utf8(value) }))
  stored.apply(changes('old'))
  const old = new Map(stored.rows)
  stored.apply(changes('new'))
  for (const path of stored.rows.keys()) {
    const damaged = new Map(stored.rows).set(path, old.get(path) ?? expect.fail())
    const { tree } = new StoredTree(1 << 20, stored.tree.root(), damaged)
    expect(() => tree.stage(changes('next'))).toThrow(/has not the hash/)
    damaged.delete(path)
    const { tree: holed } = new StoredTree(1 << 20, stored.tree.root(), damaged)
    expect(() => holed.stage(changes('next'))).toThrow(/missing/)
  }
})

test('refuses keys that are empty, too long or not Unicode', () => {
  for (const key of ['', 'x'.repeat(513), 'ä'.repeat(257), '\ud800']) {
    expect(() => stateRootOf(sha256, [{ key, value: utf8('') }])).toThrow(/state key/)
  }
  stateRootOf(sha256, [{ key: 'x'.repeat(512), value: utf8('') }])
})
