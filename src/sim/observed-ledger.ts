import type { SnapshotManifest, WholeBlock } from '../codec/snapshot.js'
import type { Ledger, NewBlock, StagedState, StateChange } from '../ports.js'
import type { Digest, Height } from '../types/index.js'

/** A ledger that tells of every block that became durable in it. */
export class ObservedLedger implements Ledger {
  readonly #ledger: Ledger
  readonly #onBlock: (block: NewBlock) => void

  constructor(ledger: Ledger, onBlock: (block: NewBlock) => void) {
    this.#ledger = ledger
    this.#onBlock = onBlock
  }

  async append(run: readonly NewBlock[]): Promise<void> {
    await this.#ledger.append(run)
    for (const block of run) this.#onBlock(block)
  }

  tip = () => this.#ledger.tip()
  get = (key: string) => this.#ledger.get(key)
  stage = (changes: readonly StateChange[], on?: StagedState) => this.#ledger.stage(changes, on)
  header = (height: Height) => this.#ledger.header(height)
  receipts = (height: Height) => this.#ledger.receipts(height)
  finality = (height: Height) => this.#ledger.finality(height)
  certificate = (height: Height) => this.#ledger.certificate(height)
  record = (height: Height) => this.#ledger.record(height)
  locate = (transaction: Digest) => this.#ledger.locate(transaction)
  list = (prefix: string, limit: number, after?: string) => this.#ledger.list(prefix, limit, after)
  prove = (key: string) => this.#ledger.prove(key)
  oldest = () => this.#ledger.oldest()
  viewLinks = () => this.#ledger.viewLinks()
  whole = (height: Height) => this.#ledger.whole(height)
  snapshot = () => this.#ledger.snapshot()
  install = (manifest: SnapshotManifest, first: Height) => this.#ledger.install(manifest, first)
  prune = (below: Height) => this.#ledger.prune(below)
  scrub = (rows: number) => this.#ledger.scrub(rows)
  repair = (height: Height, block: WholeBlock) => this.#ledger.repair(height, block)
  expectedHash = (height: Height) => this.#ledger.expectedHash(height)
  close = () => this.#ledger.close()

  get staging() {
    return this.#ledger.staging
  }
}
