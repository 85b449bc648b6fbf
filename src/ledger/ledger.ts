import type { AbstractSnapshot } from 'abstract-level'
import { assert } from '../base/assert.js'
import { equalBytes, utf8 } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { decodeReceipt, encodeCertificate } from '../codec/block.js'
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
import type { BlockRecord, Digest, FinalityCertificate, Height, SealedHeader } from '../types/index.js'
import { BlockStore, missing, type Oldest, putRow } from './block-store.js'
import { corrupt } from './corrupt.js'
import { installSnapshot } from './install-snapshot.js'
import { heightKey, keyText, metaKey, stateHashKey, stateKey, statePrefixRange, treeKey } from './keyspaces.js'
import { pruneBlocks } from './prune.js'
import { PulledSnapshot } from './pulled-snapshot.js'
import { Recent } from './recent.js'
import { openRow, readRow, sealRow } from './rows.js'
import { Scrubber } from './scrub.js'
import { StateSnapshot } from './state-snapshot.js'
import { type StagedTree, StateTree } from './state-tree.js'
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
  readonly finality: FinalityCertificate | undefined
  readonly oldest: Oldest
  /** Bound of the pages of the state tree in memory, in bytes. */
  readonly treeCacheBytesMax?: number
  /** `false` gives up durability, for measurements only. */
  readonly sync?: boolean
}

/** State rows and tree pages of a staged state. */
export function putState(batch: WriteBatch, staged: StagedTree): void {
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
 * The ledger over LevelDB. Readers always see the newest block whose write has been acknowledged: while the next one is
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
  #finalities = new Recent<FinalityCertificate>(RECENT_BLOCKS_MAX)
  #oldest: Oldest
  #tip: SealedHeader
  #finality: FinalityCertificate | undefined
  #staged: StagedTree | undefined
  /** State as of the tip, while a block is being written above it. */
  #snapshot: AbstractSnapshot | undefined
  /** The chain as it was, while a snapshot of a peer is being installed. */
  #before: AbstractSnapshot | undefined
  /** After a failed write nobody knows what is on disk. */
  #broken: EtalonError | undefined

  constructor(start: LedgerStart, { database, sha256 }: LedgerModules) {
    const { tip, finality, oldest, treeCacheBytesMax, sync = true } = start
    this.#database = database
    this.#sync = sync
    this.#sha256 = sha256
    this.#blocks = new BlockStore(database, sha256, () => this.#before)
    this.staging = new PulledSnapshot(database, sha256)
    this.#scrubber = new Scrubber(database, sha256)
    this.#treeCache = treeCacheBytesMax === undefined ? {} : { cacheBytesMax: treeCacheBytesMax }
    this.#tree = this.#treeOf(tip)
    this.#tip = tip
    this.#finality = finality
    this.#oldest = oldest
    this.#headers.set(tip.header.height, tip)
  }

  #treeOf({ header }: SealedHeader): StateTree {
    return new StateTree({
      sha256: this.#sha256,
      root: Buffer.from(header.stateRoot, 'hex'),
      load: (path) => readRow(this.#database, treeKey(path), this.#snapshot),
      ...this.#treeCache,
    })
  }

  oldest(): Height {
    return this.#oldest.block
  }

  tip(): SealedHeader {
    return this.#tip
  }

  finalized(): { readonly height: Height; readonly certificate?: FinalityCertificate } {
    const certificate = this.#finality
    return certificate === undefined ? { height: 0 } : { height: certificate.cid, certificate }
  }

  get(key: string): Uint8Array | undefined {
    return readRow(this.#database, stateKey(key), this.#snapshot)
  }

  /** Gives up the state that was staged before, if any. */
  stage(changes: readonly StateChange[]): StagedState {
    assert(this.#snapshot === undefined, 'a state is staged while a block is being written')
    this.#staged = this.#tree.stage(changes)
    return this.#staged
  }

  /**
   * @throws AssertionFailed when the block does not continue the tip, or was not staged
   * @throws EtalonError `ledger/write-failed`, from then on always
   */
  async append(block: NewBlock): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    assert(this.#snapshot === undefined, 'a block is appended while another is being written')
    const staged = this.#staged
    assert(staged !== undefined && staged === block.staged, 'the block brings another state than the one staged')
    this.#assertNext(block, staged)
    const batch = this.#database.batch()
    this.#blocks.putBlockRows(batch, block)
    this.#blocks.putTip(batch, block.sealed)
    putState(batch, staged)
    const snapshot = this.#database.snapshot()
    this.#snapshot = snapshot
    await this.#written(batch.write({ sync: this.#sync }))
    this.#tree.commit(staged)
    this.#staged = undefined
    this.#snapshot = undefined
    this.#tip = block.sealed
    this.#headers.set(block.sealed.header.height, block.sealed)
    if (block.finality !== undefined) this.#remember(block.finality)
    await snapshot.close()
  }

  #assertNext({ sealed, decision, finality, transactions, receipts, changes }: NewBlock, staged: StagedTree): void {
    const { header, hash } = sealed
    const { height } = header
    const above = this.#tip.header.height + 1
    assert(height === above, `block ${height} is appended where ${above} is next`)
    assert(header.previous === this.#tip.hash, `block ${height} does not follow the tip`)
    assert(header.stateRoot === staged.root, `block ${height} has another state root than the one staged`)
    const same = changes.length === staged.changes.length && changes.every((change, i) => change === staged.changes[i])
    assert(same, `block ${height} has other changes than those staged`)
    assert(decision.cid === height && decision.digest === header.value, `block ${height} has another's decision`)
    assert(
      finality === undefined || (finality.cid === height && finality.digest === hash),
      `block ${height} has another's finality certificate`,
    )
    const count = header.transactions
    assert(transactions.length === count && receipts.length === count, `block ${height} counts ${count} transactions`)
  }

  async finalize(certificate: FinalityCertificate, durable = false): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    const { cid: height } = certificate
    // Of a height that a snapshot has overtaken meanwhile.
    if (height > 0 && height < this.#oldest.header) return
    const sealed = this.header(height)
    assert(height > 0 && sealed?.hash === certificate.digest, `a finality certificate of no executed block ${height}`)
    if (this.finality(height) !== undefined && !durable) return
    // Known at once: whoever asks while it is being written must not be told that the block is not final.
    this.#remember(certificate)
    const key = heightKey('finality', height)
    const row = sealRow(key, encodeCertificate(certificate))
    if (!durable) return await this.#written(this.#database.put(key, row))
    await this.#written(this.#database.batch().put(key, row).write({ sync: this.#sync }))
  }

  #remember(certificate: FinalityCertificate): void {
    this.#finalities.set(certificate.cid, certificate)
    if (this.#finality === undefined || certificate.cid > this.#finality.cid) this.#finality = certificate
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

  finality(height: Height): FinalityCertificate | undefined {
    if (!this.#has(height)) return undefined
    return this.#finalities.get(height) ?? this.#blocks.finality(height)
  }

  record(height: Height): BlockRecord | undefined {
    const sealed = this.header(height)
    if (sealed === undefined || height < this.#oldest.block) return undefined
    const body = this.#blocks.body(height)
    if (body === undefined) throw missing('body', height)
    const decision = this.#blocks.decision(height)
    if (decision === undefined) throw missing('decision', height)
    const finality = this.finality(height)
    return { sealed, body, decision, ...(finality === undefined ? {} : { finality }) }
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
    const snapshot = this.#snapshot
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
    assert(this.#snapshot === undefined, 'a snapshot is taken while a block is being written')
    return new StateSnapshot(this.#tip, { database: this.#database, sha256: this.#sha256 })
  }

  /** @throws EtalonError `ledger/write-failed`, from then on always */
  async install(manifest: SnapshotManifest, first: Height): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    const { sealed, finality } = manifest
    const { height } = sealed.header
    assert(this.#snapshot === undefined, 'a snapshot is installed while a block is being written')
    assert(height > this.#tip.header.height, `a snapshot of height ${height} is not above the tip`)
    assert(first >= 1 && first <= height, `the blocks of a snapshot begin at ${first}`)
    const before = this.#database.snapshot()
    this.#snapshot = before
    this.#before = before
    await this.#written(installSnapshot(this.#database, this.#sha256, { manifest, first }))
    this.#tip = sealed
    this.#finality = finality
    this.#oldest = { block: first, header: first }
    this.#headers = new Recent(RECENT_BLOCKS_MAX)
    this.#finalities = new Recent(RECENT_BLOCKS_MAX)
    this.#staged = undefined
    this.#snapshot = undefined
    this.#before = undefined
    this.#tree = this.#treeOf(sealed)
    await before.close()
  }

  async prune(below: Height): Promise<void> {
    if (this.#before !== undefined || below <= this.#oldest.block) return
    assert(below <= this.finalized().height, `pruning below ${below} would take what is not final`)
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
