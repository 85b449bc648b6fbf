import type { ChunkRoot, StateChunk, StateRow } from '../codec/snapshot.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { LedgerSnapshot } from '../ports.js'
import { LIMITS, type SealedHeader } from '../types/index.js'
import { corrupt } from './corrupt.js'
import type { HeldSnapshot } from './held-snapshot.js'
import { keyText, stateHashRange, stateKey, treeKey } from './keyspaces.js'
import { openRow, readRow } from './rows.js'
import { StateTree } from './state-tree.js'
import type { Database } from './storage.js'

/** Levels of pages whose sizes are counted in one pass: 16^4 subtrees. */
const PASS_PAGES = 4
/** Pages of the tree in memory while chunks are looked up. */
const CACHE_BYTES_MAX = 1024 * 1024
/** Rows that are read at once. */
const ROWS_PER_STEP = 1_000

export interface SnapshotModules {
  readonly database: Database
  readonly sha256: CryptoSuite['sha256']
  /** Let go of when this is closed. */
  readonly held: HeldSnapshot
}

/** The state as of one block, held by a snapshot of LevelDB: nothing is copied, later writes go elsewhere. */
export class StateSnapshot implements LedgerSnapshot {
  readonly sealed: SealedHeader
  readonly #database: Database
  readonly #held: HeldSnapshot
  readonly #tree: StateTree
  #chunks: Promise<readonly ChunkRoot[] | undefined> | undefined

  constructor(sealed: SealedHeader, { database, sha256, held }: SnapshotModules) {
    this.sealed = sealed
    this.#database = database
    this.#held = held
    this.#tree = new StateTree({
      sha256,
      root: Buffer.from(sealed.header.stateRoot, 'hex'),
      load: (path) => readRow(database, treeKey(path), held.view),
      cacheBytesMax: CACHE_BYTES_MAX,
    })
  }

  chunks(): Promise<readonly ChunkRoot[] | undefined> {
    this.#chunks ??= this.#findChunks()
    return this.#chunks
  }

  async #findChunks(): Promise<readonly ChunkRoot[] | undefined> {
    const paths: string[] = []
    await this.#partition('', paths)
    if (paths.length > LIMITS.snapshotChunksMax) return undefined
    return paths.map((path) => {
      const slot = this.#tree.slotAt(path)
      if (slot === undefined) throw corrupt(`the state tree has nothing at ${path}, where there are state rows.`)
      return { path, slot: slot.slice() }
    })
  }

  /** Splits a subtree until every part is within the bound or a single row. */
  async #partition(prefix: string, paths: string[]): Promise<void> {
    const parts = 16 ** PASS_PAGES
    const bytes = new Float64Array(parts)
    const rows = new Float64Array(parts)
    for await (const { hash, size } of this.#sizes(prefix)) {
      const part = Number.parseInt(hash.slice(prefix.length, prefix.length + PASS_PAGES), 16)
      bytes[part] = (bytes[part] ?? 0) + size
      rows[part] = (rows[part] ?? 0) + 1
    }
    const split = async (path: string, from: number, width: number): Promise<void> => {
      const sum = (list: Float64Array): number =>
        list.subarray(from, from + width).reduce((total, value) => total + value, 0)
      const count = sum(rows)
      if (count === 0) return
      if (count === 1 || sum(bytes) <= LIMITS.snapshotChunkBytesMax) paths.push(path)
      else if (width === 1) await this.#partition(path, paths)
      else {
        const part = width / 16
        for (let i = 0; i < 16; i++) await split(path + i.toString(16), from + i * part, part)
      }
    }
    await split(prefix, 0, parts)
  }

  /** Hash and size of every row of a subtree, in order of the hashes. */
  async *#sizes(path: string): AsyncGenerator<{ readonly hash: string; readonly size: number }> {
    for await (const entries of this.#rows(path)) {
      for (const { hash, key, value } of entries) yield { hash, size: key.length + value.length }
    }
  }

  async *#rows(path: string) {
    const snapshot = this.#held.view
    const iterator = this.#database.iterator({ ...stateHashRange(path), snapshot })
    try {
      for (;;) {
        const entries = await iterator.nextv(ROWS_PER_STEP)
        if (entries.length === 0) return
        const keys = entries.map(([hashKey, value]) => stateKey(openRow(hashKey, value).toString('utf8')))
        const values = await this.#database.getMany(keys, { snapshot })
        yield entries.map(([hashKey], i) => {
          const key = keys[i] as Buffer
          const value = values[i]
          if (value === undefined) throw corrupt(`the state row "${keyText(key)}" is missing.`)
          return { hash: hashKey.toString('hex', 1), key: keyText(key), value: openRow(key, value) }
        })
      }
    } finally {
      await iterator.close()
    }
  }

  async chunk(path: string): Promise<StateChunk | undefined> {
    const rows: StateRow[] = []
    let bytes = 0
    for await (const entries of this.#rows(path)) {
      for (const { key, value } of entries) {
        rows.push({ key, value })
        bytes += key.length + value.length
        if (rows.length > 1 && bytes > LIMITS.snapshotChunkBytesMax) return undefined
      }
    }
    return rows.length === 0 ? undefined : { path, rows }
  }

  close(): Promise<void> {
    return this.#held.release()
  }
}
