import { setImmediate } from 'node:timers/promises'
import { toHex } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { EMPTY_HASH, stateKeyHash } from '../crypto/sparse-merkle.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { StateChange, StateReader } from '../ports.js'
import type { BlockRecord, FinalityCertificate, Height, SealedHeader } from '../types/index.js'
import { BlockStore, type Oldest } from './block-store.js'
import { type BlockCheck, checkBlock, endsView, type Problem } from './check-block.js'
import { corrupt } from './corrupt.js'
import { Coverage } from './coverage.js'
import { interruptedInstallation } from './install-snapshot.js'
import { describeKey, KEY_SPACES, keyText, spaceRange, stateHashKey, stateKey } from './keyspaces.js'
import { readFormat } from './open-ledger.js'
import { openRow, readRow } from './rows.js'
import { StateTree } from './state-tree.js'
import { type Database, type LedgerLocation, storageOf } from './storage.js'

/** Problems that a report names; of a ruined ledger the first ones say enough. */
export const PROBLEMS_MAX = 1000

/** State rows that are put into the fresh tree at once. */
const STATE_ROWS_PER_STEP = 4096
const BLOCKS_PER_STEP = 64

export interface VerifyProgress {
  readonly phase: 'rows' | 'blocks' | 'state'
  readonly done: number
  /** Known for blocks only. */
  readonly total?: number
}

export interface VerifyOptions {
  readonly suite: Pick<CryptoSuite, 'sha256'>
  /** Given the state before the blocks are checked, for what they are checked against. That state is checked as well. */
  readonly onState?: (state: StateReader) => void
  /** Checks a certificate against its block, with the view in force there; what is wrong with it, if anything. */
  readonly checkCertificate?: (certificate: FinalityCertificate, sealed: SealedHeader) => string | undefined
  /** Derives from the body what the header says of it (value digest, transaction root); what is wrong, if anything. */
  readonly checkBody?: (record: BlockRecord, receipts: readonly Uint8Array[]) => string | undefined
  readonly onProgress?: (progress: VerifyProgress) => void
}

export interface LedgerReport {
  /** Height of the newest block. */
  readonly blocks: number
  /** First height whose block is whole; below, blocks were pruned, or never here. */
  readonly oldest: number
  readonly transactions: number
  readonly stateKeys: number
  /** The first `PROBLEMS_MAX`; empty when all is well. */
  readonly problems: readonly Problem[]
}

/**
 * Reads a whole ledger and checks everything that can be checked without a peer: every checksum, the chain from genesis
 * to the tip, receipts and indexes, and the state by building its tree anew. Damage is reported, not thrown.
 * @param location a database given here stays open; a path is opened and closed
 * @throws EtalonError `ledger/locked` or `ledger/unavailable` when there is nothing to read
 */
export async function verifyLedger(location: LedgerLocation, options: VerifyOptions): Promise<LedgerReport> {
  const database = await storageOf(location).open()
  try {
    return await new Verification(database, options).run()
  } finally {
    if ('path' in location) await database.close()
  }
}

class Verification {
  readonly #database: Database
  readonly #options: VerifyOptions
  readonly #blocks: BlockStore
  readonly #coverage = new Coverage()
  readonly #problems: Problem[] = []

  constructor(database: Database, options: VerifyOptions) {
    this.#database = database
    this.#options = options
    this.#blocks = new BlockStore(database, options.suite.sha256)
  }

  async run(): Promise<LedgerReport> {
    this.#attempt(() => {
      if (readFormat(this.#database) === undefined) throw corrupt('there is no ledger.')
    })
    const rows = await this.#checksums()
    const oldest = this.#attempt(() => this.#blocks.oldest()) ?? { block: 1, header: 1 }
    this.#attempt(() => {
      const interrupted = interruptedInstallation(this.#database, this.#options.suite.sha256)
      if (interrupted !== undefined) throw corrupt('a snapshot is half installed; the next start finishes that.')
    })
    this.#attempt(() => this.#options.onState?.({ get: (key) => readRow(this.#database, stateKey(key)) }))
    const { blocks, transactions, tip } = await this.#chain(oldest)
    const indexed = rows.get('transaction') ?? 0
    if (indexed !== transactions) {
      const detail = `the index has ${indexed} rows for ${transactions} transactions`
      this.#report({ code: 'ledger/wrong-index', detail })
    }
    const stateKeys = await this.#state(tip)
    const hashes = rows.get('stateHash') ?? 0
    if (hashes !== stateKeys) {
      const detail = `${hashes} state keys are listed by their hash, there are ${stateKeys}`
      this.#report({ code: 'ledger/wrong-state', detail })
    }
    return { blocks, oldest: oldest.block, transactions, stateKeys, problems: this.#problems }
  }

  #report(problem: Problem): void {
    const known = this.#problems.some(({ height, detail }) => height === problem.height && detail === problem.detail)
    if (!known && this.#problems.length < PROBLEMS_MAX) this.#problems.push(problem)
  }

  /** Does what may find damage; reports it. */
  #attempt<T>(action: () => T, height?: Height): T | undefined {
    try {
      return action()
    } catch (error) {
      if (!(error instanceof EtalonError)) throw error
      this.#report({ code: 'ledger/corrupt', ...(height === undefined ? {} : { height }), detail: error.message })
      return undefined
    }
  }

  /** Checks every row's checksum. @returns number of rows by key space */
  async #checksums(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>()
    let done = 0
    for await (const [key, value] of this.#database.iterator()) {
      const { space, text, height } = describeKey(key)
      if (space === undefined) this.#report({ code: 'ledger/corrupt', detail: text })
      else counts.set(space, (counts.get(space) ?? 0) + 1)
      this.#attempt(() => openRow(key, value), height)
      done += 1
      if (done % STATE_ROWS_PER_STEP === 0) this.#options.onProgress?.({ phase: 'rows', done })
    }
    return new Map(KEY_SPACES.map((space) => [space, counts.get(space) ?? 0]))
  }

  async #chain(oldest: Oldest): Promise<{ blocks: number; transactions: number; tip: SealedHeader | undefined }> {
    const named = this.#attempt(() => {
      const tip = this.#blocks.tip()
      if (tip === undefined) throw corrupt('the meta row "tip" is missing.')
      return tip
    })
    const last = (await this.#blocks.lastHeight('header')) ?? 0
    if (named !== undefined && named.height !== last) {
      const detail = `the newest header is at height ${last}, the tip at ${named.height}`
      this.#report({ code: 'ledger/corrupt', detail })
    }
    let transactions = 0
    let sealed: SealedHeader | undefined
    for (let height = 0; height <= last; height++) {
      if (height === 1 && oldest.header > 1) {
        // The headers between were never here: nothing links the first one to genesis but its certificate.
        height = oldest.header
        sealed = undefined
      }
      const pruned = height > 0 && height < oldest.block
      const check = this.#block(height, sealed, pruned)
      sealed = check.sealed
      if (!pruned) transactions += sealed?.header.transactions ?? 0
      if (height % BLOCKS_PER_STEP === 0) {
        this.#options.onProgress?.({ phase: 'blocks', done: height, total: last })
        await setImmediate()
      }
    }
    this.#uncovered(this.#coverage.end())
    if (sealed === undefined || (named !== undefined && named.hash !== sealed.hash)) {
      this.#report({ code: 'ledger/corrupt', height: last, detail: 'the newest header is not the tip' })
    }
    return { blocks: last, transactions, tip: sealed }
  }

  #block(height: Height, below: SealedHeader | undefined, pruned: boolean): BlockCheck {
    const check = checkBlock(this.#blocks, this.#options.suite.sha256, height, below?.hash, pruned)
    const { sealed, record, certificate, problems } = check
    for (const problem of problems) this.#report(problem)
    const certified = certificate !== undefined && sealed !== undefined && this.#holds(certificate, sealed)
    if (height > 0) this.#uncovered(this.#coverage.next(height, { certified, endsView: endsView(below, sealed) }))
    if (record !== undefined) this.#judge(record)
    return check
  }

  #uncovered(heights: readonly Height[]): void {
    for (const height of heights) {
      this.#report({ code: 'ledger/wrong-certificate', height, detail: 'no certificate covers it' })
    }
  }

  /** What only the caller can check: certificates need views and keys. */
  #holds(certificate: FinalityCertificate, sealed: SealedHeader): boolean {
    const detail = this.#options.checkCertificate?.(certificate, sealed)
    if (detail !== undefined) {
      this.#report({ code: 'ledger/wrong-certificate', height: sealed.header.height, detail })
    }
    return detail === undefined
  }

  /** What only the caller can check: bodies need the meaning of transactions. */
  #judge(record: BlockRecord): void {
    const { checkBody } = this.#options
    if (checkBody === undefined) return
    const { height } = record.sealed.header
    const receipts = this.#attempt(() => this.#blocks.receipts(height), height) ?? []
    const detail = checkBody(record, receipts)
    if (detail !== undefined) this.#report({ code: 'ledger/wrong-body', height, detail })
  }

  /**
   * Builds the tree of all state rows anew. There is exactly one set of pages for a state, so the stored pages must equal
   * the new ones byte for byte. @returns number of state keys
   */
  async #state(tip: SealedHeader | undefined): Promise<number> {
    const pages = new Map<string, Uint8Array>()
    const tree = new StateTree({
      sha256: this.#options.suite.sha256,
      root: EMPTY_HASH,
      load: (path) => pages.get(path),
    })
    let stateKeys = 0
    const add = (changes: readonly StateChange[]) => {
      const staged = tree.stage(changes)
      for (const [path, page] of staged.pages) {
        if (page === undefined) pages.delete(path)
        else pages.set(path, page.encode())
      }
      tree.commit(staged)
      stateKeys += changes.length
      this.#options.onProgress?.({ phase: 'state', done: stateKeys })
    }
    let changes: StateChange[] = []
    for await (const [key, value] of this.#database.iterator(spaceRange('state'))) {
      const payload = this.#attempt(() => openRow(key, value))
      const text = keyText(key)
      if (payload === undefined || !stateKey(text).equals(key)) continue
      this.#checkHashRow(text)
      changes.push({ key: text, value: payload })
      if (changes.length < STATE_ROWS_PER_STEP) continue
      add(changes)
      changes = []
    }
    add(changes)
    const root = toHex(tree.root())
    if (tip !== undefined && root !== tip.header.stateRoot) {
      const detail = `the state rows have root ${root}, the tip names ${tip.header.stateRoot}`
      this.#report({ code: 'ledger/wrong-state', height: tip.header.height, detail })
    }
    await this.#comparePages(pages)
    return stateKeys
  }

  #checkHashRow(key: string): void {
    const row = stateHashKey(stateKeyHash(this.#options.suite.sha256, key))
    const named = this.#attempt(() => readRow(this.#database, row))
    if (named === undefined || named.toString('utf8') === key) return
    this.#report({ code: 'ledger/wrong-state', detail: `the ${describeKey(row).text} names another key than "${key}"` })
  }

  async #comparePages(pages: ReadonlyMap<string, Uint8Array>): Promise<void> {
    let matched = 0
    for await (const [key, value] of this.#database.iterator(spaceRange('tree'))) {
      const payload = this.#attempt(() => openRow(key, value))
      if (payload === undefined) continue
      const page = pages.get(keyText(key))
      if (page !== undefined && payload.equals(page)) matched += 1
      else
        this.#report({
          code: 'ledger/wrong-state',
          detail: `the ${describeKey(key).text} does not follow from the state rows`,
        })
    }
    if (matched !== pages.size) {
      const detail = `${pages.size - matched} of ${pages.size} pages of the state tree are missing or differ`
      this.#report({ code: 'ledger/wrong-state', detail })
    }
  }
}
