import { assert } from '../base/assert.js'
import type { Effect } from '../consensus/index.js'
import type { Ledger } from '../ports.js'
import type { BatchStore } from './batch-store.js'
import type { Decided, ExecutedBlock, Executor } from './executor.js'
import type { CarriedBlock, CertifiedBlock } from './state-transfer.js'

type Job =
  | { readonly kind: 'decided'; readonly decided: Decided }
  | { readonly kind: 'carried'; readonly block: CarriedBlock }

export interface BlockQueueHandlers {
  /** The block is durable. */
  readonly executed: (block: ExecutedBlock) => void
  /** A block with its certificate stands in the ledger, executed now or before. */
  readonly certified: (block: CertifiedBlock, executed: ExecutedBlock | undefined) => void
  /** Checks the certificates of a block of a peer; `undefined` refuses it. */
  readonly certify: (block: CarriedBlock) => CertifiedBlock | undefined
  readonly fatal: (error: unknown) => void
}

/** Executes one block after another, whether the core decided it or a peer brought it. */
export class BlockQueue {
  readonly #executor: Executor
  readonly #ledger: Ledger
  readonly #store: BatchStore
  readonly #handlers: BlockQueueHandlers
  readonly #jobs: Job[] = []
  #running: Promise<void> | undefined
  #stopped = false

  constructor(executor: Executor, ledger: Ledger, store: BatchStore, handlers: BlockQueueHandlers) {
    this.#executor = executor
    this.#ledger = ledger
    this.#store = store
    this.#handlers = handlers
  }

  deliver({ cid, value, certificate }: Extract<Effect, { kind: 'deliver' }>): void {
    // A batch may be gone when a peer's block was quicker; then the height is executed already and the job falls away.
    const batches = value.batches.flatMap((digest) => this.#store.get(digest) ?? [])
    this.#push({ kind: 'decided', decided: { height: cid, value, batches, decision: certificate } })
  }

  install(block: CarriedBlock): void {
    this.#push({ kind: 'carried', block })
  }

  get length(): number {
    return this.#jobs.length
  }

  /** Settles when the block under way is written; further ones are left. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  #push(job: Job): void {
    this.#jobs.push(job)
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    try {
      for (let job = this.#jobs.shift(); job !== undefined && !this.#stopped; job = this.#jobs.shift()) {
        if (job.kind === 'decided') await this.#executeDecided(job.decided)
        else await this.#executeCarried(job.block)
      }
    } catch (error) {
      this.#stopped = true
      this.#handlers.fatal(error)
    } finally {
      this.#running = undefined
    }
  }

  async #executeDecided(decided: Decided): Promise<void> {
    if (decided.height <= this.#ledger.tip().header.height) return
    assert(decided.batches.length === decided.value.batches.length, `block ${decided.height} lacks decided batches`)
    this.#handlers.executed(await this.#executor.execute(decided))
  }

  async #executeCarried(carried: CarriedBlock): Promise<void> {
    const { height } = carried.decided
    const tip = this.#ledger.tip().header.height
    if (height > tip + 1) return
    const block = this.#handlers.certify(carried)
    if (block === undefined) return
    if (height <= tip) {
      this.#handlers.certified(block, undefined)
      return
    }
    const executed = await this.#executor.execute(block.decided, block.headerHash)
    this.#handlers.certified(block, executed)
  }
}
