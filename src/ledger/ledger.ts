import { assert } from '../base/assert.js'
import { equalBytes, utf8 } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { decodeReceipt } from '../codec/block.js'
import type { SnapshotManifest, WholeBlock } from '../codec/snapshot.js'
import { stateKeyHash, stateValueHash } from '../crypto/sparse-merkle.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type {
  Ledger,
  NewBlock,
  ScrubStep,
  StagedState,
  StateChange,
  StateProof,
  TransactionLocation,
} from '../ports.js'
import {
  type BlockRecord,
  type Digest,
  type Finality,
  type FinalityCertificate,
  type Height,
  LIMITS,
  type SealedHeader,
} from '../types/index.js'
import { BlockStore, missing, type Oldest, putRow } from './block-store.js'
import { checkRun, isCertificateOf } from './check-run.js'
import { corrupt } from './corrupt.js'
import { HeldSnapshot } from './held-snapshot.js'
import { installSnapshot } from './install-snapshot.js'
import { keyText, metaKey, stateHashKey, stateKey, statePrefixRange, treeKey } from './keyspaces.js'
import { pruneBlocks } from './prune.js'
import { PulledSnapshot } from './pulled-snapshot.js'
import { Recent } from './recent.js'
import { openRow, readRow } from './rows.js'
import { Scrubber } from './scrub.js'
import { mergedRows, StagedTree, type StateRows } from './staged-tree.js'
import { StateSnapshot } from './state-snapshot.js'
import { StateTree } from './state-tree.js'
import type { Database, WriteBatch } from './storage.js'

/** Headers and certificates kept in memory, each. */
const RECENT_BLOCKS_MAX = 512

export interface LedgerModules {
  /** Open, and the ledger's own from here on. */
  readonly database: Database
  readonly sha256: CryptoSuite['sha256']
}

export interface LedgerStart {
  readonly tip: SealedHeader
  readonly oldest: Oldest
  /** Bound of the pages of the state tree in memory, in bytes. */
  readonly treeCacheBytesMax?: number
  /** `false` gives up durability, for measurements only. */
  readonly sync?: boolean
}

/** State rows and tree pages of a staged state. */
export function putState(batch: WriteBatch, staged: StateRows): void {
  for (const { key, value } of staged.changes) {
    const row = stateKey(key)
    if (value === undefined) batch.del(row)
    else putRow(batch, row, value)
  }
  for (const { key, keyHash, present } of staged.moved) {
    const row = stateHashKey(keyHash)
    if (present) putRow(batch, row, utf8(key))
    else batch.del(row)
  }
  for (const [path, page] of staged.pages) {
    const row = treeKey(path)
    if (page === undefined) batch.del(row)
    else putRow(batch, row, page.encode())
  }
}

/**
 * The ledger over LevelDB. Readers always see the newest block whose write has been acknowledged: while the next ones are
 * being written they read from a snapshot taken before.
 */
export class LevelLedger implements Ledger {
  readonly #database: Database
  readonly #sync: boolean
  readonly #sha256: CryptoSuite['sha256']
  readonly #blocks: BlockStore
  readonly staging: PulledSnapshot
  readonly #scrubber: Scrubber
  readonly #treeCache: { readonly cacheBytesMax?: number }
  #tree: StateTree
  #headers = new Recent<SealedHeader>(RECENT_BLOCKS_MAX)
  #certificates = new Recent<FinalityCertificate>(RECENT_BLOCKS_MAX)
  #oldest: Oldest
  #tip: SealedHeader
  /** State as of the tip, while blocks are being written above it. */
  #snapshot: HeldSnapshot | undefined
  /** The chain as it was, while a snapshot of a peer is being installed. */
  #before: HeldSnapshot | undefined
  /** After a failed write nobody knows what is on disk. */
  #broken: EtalonError | undefined

  constructor(start: LedgerStart, { database, sha256 }: LedgerModules) {
    const { tip, oldest, treeCacheBytesMax, sync = true } = start
    this.#database = database
    this.#sync = sync
    this.#sha256 = sha256
    this.#blocks = new BlockStore(database, sha256, () => this.#before?.view)
    this.staging = new PulledSnapshot(database, sha256)
    this.#scrubber = new Scrubber(database, sha256)
    this.#treeCache = treeCacheBytesMax === undefined ? {} : { cacheBytesMax: treeCacheBytesMax }
    this.#tree = this.#treeOf(tip)
    this.#tip = tip
    this.#oldest = oldest
    this.#headers.set(tip.header.height, tip)
  }

  #treeOf({ header }: SealedHeader): StateTree {
    return new StateTree({
      sha256: this.#sha256,
      root: Buffer.from(header.stateRoot, 'hex'),
      load: (path) => readRow(this.#database, treeKey(path), this.#snapshot?.view),
      ...this.#treeCache,
    })
  }

  oldest(): Height {
    return this.#oldest.block
  }

  tip(): SealedHeader {
    return this.#tip
  }

  get(key: string): Uint8Array | undefined {
    return readRow(this.#database, stateKey(key), this.#snapshot?.view)
  }

  /**
   * Goes on while a run is being written. A state that is given up needs no word.
   * @throws AssertionFailed when `on` is of no ledger, or of a branch that the written state has left
   */
  stage(changes: readonly StateChange[], on?: StagedState): StagedState {
    if (this.#broken !== undefined) throw this.#broken
    assert(on === undefined || on instanceof StagedTree, 'a state is staged on one that was not staged')
    return this.#tree.stage(changes, on)
  }

  /**
   * @throws AssertionFailed when the run does not continue the tip, or was not staged
   * @throws EtalonError `ledger/write-failed`, from then on always
   */
  async append(run: readonly NewBlock[]): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    assert(this.#snapshot === undefined, 'a run is appended while another is being written')
    const staged = checkRun({ tip: this.#tip, stateRoot: this.#tree.root() }, run)
    const batch = this.#batchOf(run, mergedRows(staged))
    const snapshot = new HeldSnapshot(this.#database.snapshot())
    this.#snapshot = snapshot
    await this.#written(batch.write({ sync: this.#sync }))
    this.#tree.commit(...staged)
    this.#snapshot = undefined
    for (const { sealed, certificate } of run) {
      this.#headers.set(sealed.header.height, sealed)
      if (certificate !== undefined) this.#certificates.set(certificate.cid, certificate)
      this.#tip = sealed
    }
    await snapshot.release()
  }

  #batchOf(run: readonly NewBlock[], state: StateRows): WriteBatch {
    const batch = this.#database.batch()
    for (const block of run) {
      this.#blocks.putBlockRows(batch, block)
      this.#blocks.putTip(batch, block.sealed)
    }
    putState(batch, state)
    return batch
  }

  async #written(write: Promise<void>): Promise<void> {
    try {
      await write
    } catch (cause) {
      this.#broken = new EtalonError(
        'ledger/write-failed',
        `The ledger could not be written after height ${this.#tip.header.height}: ${String(cause)}.`,
        'Stop the node, make space or replace the disk, and start it again: it continues from what reached the disk.',
        { cause },
      )
      throw this.#broken
    }
  }

  header(height: Height): SealedHeader | undefined {
    if (!this.#has(height) || (height > 0 && height < this.#oldest.header)) return undefined
    const recent = this.#headers.get(height)
    if (recent !== undefined) return recent
    const sealed = this.#blocks.header(height)
    if (sealed === undefined) throw missing('header', height)
    return sealed
  }

  receipts(height: Height): readonly Uint8Array[] | undefined {
    if (!this.#has(height)) return undefined
    if (height === 0) return []
    if (height < this.#oldest.block) return undefined
    const receipts = this.#blocks.receipts(height)
    if (receipts === undefined) throw missing('receipts', height)
    return receipts
  }

  certificate(height: Height): FinalityCertificate | undefined {
    if (!this.#has(height)) return undefined
    return this.#certificates.get(height) ?? this.#blocks.certificate(height)
  }

  finality(height: Height): Finality | undefined {
    if (height < 1 || this.header(height) === undefined) return undefined
    const headers: SealedHeader[] = []
    for (;;) {
      const certificate = this.certificate(height + headers.length)
      if (certificate !== undefined) return { headers, certificate }
      const above = headers.length < LIMITS.windowMax ? this.header(height + headers.length + 1) : undefined
      if (above === undefined) throw missing('certificate', height)
      headers.push(above)
    }
  }

  record(height: Height): BlockRecord | undefined {
    const sealed = this.header(height)
    if (sealed === undefined || height < this.#oldest.block) return undefined
    const body = this.#blocks.body(height)
    if (body === undefined) throw missing('body', height)
    const certificate = this.certificate(height)
    return { sealed, body, ...(certificate === undefined ? {} : { certificate }) }
  }

  locate(transaction: Digest): TransactionLocation | undefined {
    const location = this.#blocks.location(transaction)
    if (location === undefined || !this.#has(location.height)) return undefined
    return location.height < this.#oldest.block ? undefined : location
  }

  whole(height: Height): WholeBlock | undefined {
    const record = this.record(height)
    const receipts = this.receipts(height)
    return record === undefined || receipts === undefined ? undefined : { record, receipts }
  }

  /** Rows of a block that is being written may be there already: they are not shown. */
  #has(height: Height): boolean {
    return height >= 0 && height <= this.#tip.header.height
  }

  async list(
    prefix: string,
    limit: number,
    after?: string,
  ): Promise<readonly { readonly key: string; readonly value: Uint8Array }[]> {
    if (limit <= 0) return []
    const { gte, lt } = statePrefixRange(prefix)
    const gt = after === undefined ? undefined : stateKey(after)
    const from = gt === undefined || Buffer.compare(gt, gte) < 0 ? { gte } : { gt }
    const snapshot = this.#snapshot?.view
    const rows = await this.#database.iterator({ ...from, lt, limit, ...(snapshot && { snapshot }) }).all()
    return rows.map(([key, value]) => ({ key: keyText(key), value: openRow(key, value) }))
  }

  prove(key: string): { readonly value: Uint8Array | undefined; readonly proof: StateProof } {
    const keyHash = stateKeyHash(this.#sha256, key)
    const { siblings, leaf } = this.#tree.path(keyHash)
    const value = this.get(key)
    const valueHash = value === undefined ? undefined : stateValueHash(this.#sha256, value)
    const own = leaf !== undefined && equalBytes(leaf.subarray(0, 32), keyHash)
    const same = own ? valueHash !== undefined && equalBytes(leaf.subarray(32), valueHash) : valueHash === undefined
    if (!same) throw corrupt(`the state row "${key}" is not what the state tree has for it.`)
    if (own || leaf === undefined) return { value, proof: { siblings } }
    return { value, proof: { siblings, other: { keyHash: leaf.slice(0, 32), valueHash: leaf.slice(32) } } }
  }

  viewLinks(): Uint8Array {
    return readRow(this.#database, metaKey('views')) ?? new Uint8Array()
  }

  snapshot(): StateSnapshot {
    const held = this.#snapshot?.hold() ?? new HeldSnapshot(this.#database.snapshot())
    return new StateSnapshot(this.#tip, { database: this.#database, sha256: this.#sha256, held })
  }

  /** @throws EtalonError `ledger/write-failed`, from then on always */
  async install(manifest: SnapshotManifest, first: Height): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    const { sealed, finality } = manifest
    const { height } = sealed.header
    assert(this.#snapshot === undefined, 'a snapshot is installed while blocks are being written')
    assert(height > this.#tip.header.height, `a snapshot of height ${height} is not above the tip`)
    assert(first >= 1 && first <= height, `the blocks of a snapshot begin at ${first}`)
    assert(isCertificateOf(finality, sealed), 'a snapshot comes without the certificate of its height')
    const before = new HeldSnapshot(this.#database.snapshot())
    this.#snapshot = before
    this.#before = before
    await this.#written(installSnapshot(this.#database, this.#sha256, { manifest, first }))
    this.#tip = sealed
    this.#oldest = { block: first, header: first }
    this.#headers = new Recent(RECENT_BLOCKS_MAX)
    this.#certificates = new Recent(RECENT_BLOCKS_MAX)
    this.#snapshot = undefined
    this.#before = undefined
    this.#tree = this.#treeOf(sealed)
    await before.release()
  }

  async prune(below: Height): Promise<void> {
    if (this.#before !== undefined || below <= this.#oldest.block) return
    assert(below <= this.#tip.header.height, `pruning below ${below} would take the tip`)
    const oldest = this.#oldest
    // Nobody may look for what is about to go.
    this.#oldest = { ...oldest, block: below }
    await this.#written(pruneBlocks(this.#database, this.#blocks, oldest, below))
  }

  async scrub(rows: number): Promise<ScrubStep> {
    if (this.#before !== undefined) return { rows: 0, wrapped: false, damage: [] }
    return this.#scrubber.step(rows)
  }

  expectedHash(height: Height): Digest | undefined {
    if (!this.#has(height)) return undefined
    return height === this.#tip.header.height ? this.#tip.hash : this.#blocks.header(height + 1)?.header.previous
  }

  async repair(height: Height, { record, receipts }: WholeBlock): Promise<void> {
    assert(record.sealed.header.height === height, `another block is to repair height ${height}`)
    const transactions = receipts.map((bytes) => decodeReceipt(bytes)?.transaction ?? '')
    const batch = this.#database.batch()
    this.#blocks.putBlockRows(batch, { ...record, transactions, receipts })
    await this.#written(batch.write({ sync: this.#sync }))
  }

  async close(): Promise<void> {
    await this.#database.close()
  }
}
