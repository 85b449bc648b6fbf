import type { AbstractSnapshot } from 'abstract-level'
import { equalBytes } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { stateKeyHash, stateValueHash } from '../crypto/sparse-merkle.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { Damage, ScrubStep } from '../ports.js'
import type { Height } from '../types/index.js'
import { BlockStore, missing } from './block-store.js'
import { checkBlock, isCovered } from './check-block.js'
import { corrupt } from './corrupt.js'
import { describeKey, keyText, stateHashKey, stateKey, treeKey } from './keyspaces.js'
import { openRow, readRow } from './rows.js'
import { StateTree } from './state-tree.js'
import type { Database } from './storage.js'

/** Bytes of rows after which a step ends early. */
const STEP_BYTES_MAX = 2 * 1024 * 1024

/**
 * Reads the whole ledger over and over, a few rows at a time, so that bit rot is found while peers still hold what it took. Each
 * step sees one moment of the ledger.
 */
export class Scrubber {
  readonly #database: Database
  readonly #sha256: CryptoSuite['sha256']
  /** Key of the row that was checked last. */
  #last: Buffer | undefined

  constructor(database: Database, sha256: CryptoSuite['sha256']) {
    this.#database = database
    this.#sha256 = sha256
  }

  async step(rowsMax: number): Promise<ScrubStep> {
    const snapshot = this.#database.snapshot()
    try {
      const check = new ScrubCheck(this.#database, this.#sha256, snapshot)
      const from = this.#last === undefined ? {} : { gt: this.#last }
      let rows = 0
      let bytes = 0
      let last: Buffer | undefined
      for await (const [key, value] of this.#database.iterator({ ...from, limit: rowsMax, snapshot })) {
        check.row(key, value)
        last = key
        rows += 1
        bytes += value.length
        if (bytes > STEP_BYTES_MAX) break
      }
      this.#last = last
      return { rows, wrapped: last === undefined, damage: check.damage }
    } finally {
      await snapshot.close()
    }
  }
}

/** The checks of single rows, each against what it must agree with. */
class ScrubCheck {
  readonly damage: Damage[] = []
  readonly #database: Database
  readonly #sha256: CryptoSuite['sha256']
  readonly #snapshot: AbstractSnapshot
  readonly #blocks: BlockStore
  #tree: StateTree | undefined

  constructor(database: Database, sha256: CryptoSuite['sha256'], snapshot: AbstractSnapshot) {
    this.#database = database
    this.#sha256 = sha256
    this.#snapshot = snapshot
    this.#blocks = new BlockStore(database, sha256, () => snapshot)
  }

  row(key: Buffer, value: Buffer): void {
    const { space, height } = describeKey(key)
    switch (space) {
      case undefined:
      // Checked again when they are used.
      case 'chunk':
      case 'pulled':
      // Checked with its block, which says the height.
      case 'transaction':
        return
      case 'header':
        this.#attempt(height, () => {
          openRow(key, value)
          this.#block(height ?? 0)
        })
        return
      case 'state':
        this.#attempt(undefined, () => this.#state(keyText(key), openRow(key, value)))
        return
      case 'stateHash':
        this.#attempt(undefined, () => this.#stateHash(openRow(key, value).toString('utf8')))
        return
      default:
        this.#attempt(height, () => openRow(key, value))
    }
  }

  #attempt(height: Height | undefined, check: () => void): void {
    try {
      check()
    } catch (error) {
      if (!(error instanceof EtalonError)) throw error
      this.damage.push({ detail: error.message, ...(height === undefined ? {} : { height }) })
    }
  }

  /** A header must be the one that the header above names; the other rows of its block must fit to it. */
  #block(height: Height): void {
    const pruned = height > 0 && height < this.#blocks.oldest().block
    const { problems, sealed } = checkBlock(this.#blocks, this.#sha256, height, undefined, pruned)
    const tip = this.#blocks.tip(this.#snapshot)
    if (sealed !== undefined && tip !== undefined) {
      const above = height === tip.height ? undefined : this.#blocks.header(height + 1)
      const expected = height === tip.height ? tip.hash : above?.header.previous
      // Where the chain that is kept begins higher, nothing stands on genesis.
      if (expected === undefined && (height > 0 || this.#blocks.oldest().header === 1))
        throw missing('header', height + 1)
      if (expected !== undefined && sealed.hash !== expected)
        throw corrupt(`the header at height ${height} is not the one that the next names.`)
    }
    if (height > 0 && tip !== undefined && !isCovered(this.#blocks, height, tip.height)) {
      throw corrupt(`no certificate covers height ${height}.`)
    }
    const [problem] = problems
    if (problem !== undefined) throw corrupt(`${problem.code}, ${problem.detail}.`)
  }

  #state(key: string, value: Uint8Array): void {
    const keyHash = stateKeyHash(this.#sha256, key)
    const { leaf } = this.#stateTree().path(keyHash)
    const fits =
      leaf !== undefined &&
      equalBytes(leaf.subarray(0, 32), keyHash) &&
      equalBytes(leaf.subarray(32), stateValueHash(this.#sha256, value))
    if (!fits) throw corrupt(`the state row "${key}" is not what the state tree has for it.`)
    const indexed = readRow(this.#database, stateHashKey(keyHash), this.#snapshot)
    if (indexed?.toString('utf8') !== key) throw corrupt(`the state row "${key}" is not found by its hash.`)
  }

  #stateHash(key: string): void {
    if (readRow(this.#database, stateKey(key), this.#snapshot) === undefined) {
      throw corrupt(`the state row "${key}" is missing.`)
    }
  }

  /** The tree as of this step; every page on the path of a row is compared with the hash that it must have. */
  #stateTree(): StateTree {
    if (this.#tree !== undefined) return this.#tree
    const tip = this.#blocks.tip(this.#snapshot)
    const sealed = tip && this.#blocks.header(tip.height)
    if (sealed === undefined) throw missing('header', tip?.height ?? 0)
    this.#tree = new StateTree({
      sha256: this.#sha256,
      root: Buffer.from(sealed.header.stateRoot, 'hex'),
      load: (path) => readRow(this.#database, treeKey(path), this.#snapshot),
    })
    return this.#tree
  }
}
