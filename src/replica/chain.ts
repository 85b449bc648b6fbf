import { assert } from '../base/assert.js'
import type { Effect, ExecutedHeight, Input } from '../consensus/index.js'
import type { Clock, Counters, Ledger, NewBlock, StateReader, TransactionLocation } from '../ports.js'
import type { BlockRecord, Digest, FinalityCertificate, Height, SealedHeader, Verified } from '../types/index.js'
import type { BatchStore } from './batch-store.js'
import type { ReplicaContext } from './context.js'
import { type Below, Diverged, type Executor, type StagedBlock } from './executor.js'
import { type FinalBlock, loadFinalBlock } from './final-block.js'
import type { Measures } from './measures.js'
import type { CarriedRun } from './state-transfer.js'

type Execute = Extract<Effect, { kind: 'execute' }>
type Job =
  | { readonly kind: 'execute'; readonly effect: Execute }
  | { readonly kind: 'carried'; readonly run: CarriedRun }

/** Blocks and bytes of one write to the ledger at most, unless a certified height needs more (rule N7). */
const RUN_BLOCKS_MAX = 64
const RUN_BYTES_MAX = 16 * 1024 * 1024

export interface ChainHandlers {
  readonly executed: (input: Extract<Input, { kind: 'executed' }>) => void
  readonly installed: (input: Extract<Input, { kind: 'installed' }>) => void
  /** A block became final; called in order of height, before it is written. */
  readonly final: (block: FinalBlock, staged: StagedBlock) => void
  /** The ledger holds all up to this height, synced. */
  readonly written: (certificate: FinalityCertificate, before: Height) => void
  /** Checks a certificate under the view that orders its height; `undefined` refuses it. */
  readonly certify: (certificate: FinalityCertificate) => Verified<FinalityCertificate> | undefined
  readonly fatal: (error: unknown) => void
}

export interface ChainModules {
  readonly clock: Clock
  readonly counters: Counters
  readonly ledger: Ledger
  readonly executor: Executor
  readonly store: BatchStore
  readonly measures: Measures
}

/**
 * The blocks above the ledger: executed one after another, speculatively (rule N4), final once a certificate names them, and then written
 * in runs (rule N7). A speculative block falls with another value at its height or below.
 */
export class Chain {
  readonly #context: ReplicaContext
  readonly #modules: ChainModules
  readonly #handlers: ChainHandlers
  readonly #jobs: Job[] = []
  /** Ascending, from the height above the ledger's tip on. */
  #staged: StagedBlock[] = []
  readonly #located = new Map<Digest, TransactionLocation>()
  /** Certificates of staged heights of their own. */
  readonly #certificates = new Map<Height, FinalityCertificate>()
  #final: Height
  #running: Promise<void> | undefined
  #writing: Promise<void> | undefined
  #stopped = false
  /** What execution reads: staged blocks over the ledger. One object for good, as the runtime remembers by it. */
  readonly #state: StateReader = { get: (key) => this.#get(key) }
  /** The state of what is final, written or not: what clients that hold a receipt count on. */
  readonly finalState: StateReader = { get: (key) => this.#get(key, this.#final) }

  constructor(context: ReplicaContext, modules: ChainModules, handlers: ChainHandlers) {
    this.#context = context
    this.#modules = modules
    this.#handlers = handlers
    this.#final = modules.ledger.tip().header.height
  }

  /** Carries out the effect of the core. */
  execute(effect: Execute): void {
    this.#push({ kind: 'execute', effect })
  }

  /** Takes blocks of a peer. */
  install(run: CarriedRun): void {
    this.#push({ kind: 'carried', run })
  }

  /** Highest final height that was executed here. */
  get final(): Height {
    return this.#final
  }

  get length(): number {
    return this.#jobs.length
  }

  /** Where a transaction that may still be valid was executed, final or not. */
  locate(id: Digest): TransactionLocation | undefined {
    return this.#located.get(id) ?? this.#modules.executor.locateWritten(id)
  }

  /** A final block with its proof, written or not. */
  finalBlock(height: Height): FinalBlock | undefined {
    const staged = height > this.#final ? undefined : this.#at(height)
    if (staged !== undefined) return this.#asFinal(staged)
    return loadFinalBlock(this.#modules.ledger, this.#context.sha256, height)
  }

  /**
   * Final blocks for a peer, from a height on, up to one that has its own certificate: those up to the first one in any case, since with
   * fewer the peer could do nothing.
   */
  records(from: Height, to: Height, fits: (record: BlockRecord) => boolean): readonly BlockRecord[] {
    const records: BlockRecord[] = []
    let end = 0
    for (let height = from; height <= this.#final; height++) {
      const record = this.#record(height)
      if (record === undefined || (!fits(record) && end > 0)) break
      records.push(record)
      if (record.certificate !== undefined) end = records.length
      if (height >= to && end === records.length) break
    }
    return records.slice(0, end)
  }

  #record(height: Height): BlockRecord | undefined {
    const staged = this.#at(height)
    if (staged === undefined) return this.#modules.ledger.record(height)
    const certificate = this.#certificates.get(height)
    return { sealed: staged.sealed, body: staged.body, ...(certificate === undefined ? {} : { certificate }) }
  }

  /** The newest certificate of a final height that is executed here. */
  certificate(): FinalityCertificate | undefined {
    return this.#certificates.get(this.#final) ?? this.#modules.ledger.certificate(this.#final)
  }

  /** Drops what is speculative; settles when nothing is executed or written any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#jobs.length = 0
    await this.#running
    await this.#writing
  }

  /** Waits until all final blocks are in the ledger. */
  async flushed(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  /** Leaves a view: jobs that are under way belong to the old one. */
  async leaveView(): Promise<void> {
    this.#jobs.length = 0
    await this.#running
    this.#truncate(this.#final + 1)
  }

  #push(job: Job): void {
    if (this.#stopped) return
    this.#jobs.push(job)
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    try {
      for (let job = this.#jobs.shift(); job !== undefined && !this.#stopped; job = this.#jobs.shift()) {
        if (job.kind === 'execute') await this.#execute(job.effect)
        else await this.#install(job.run)
      }
    } catch (error) {
      this.#stopped = true
      this.#handlers.fatal(error)
    } finally {
      this.#running = undefined
    }
  }

  async #execute({ cid, value, token }: Execute): Promise<void> {
    const { executor, store, ledger } = this.#modules
    if (cid <= ledger.tip().header.height) return
    const known = this.#at(cid)
    if (known !== undefined && known.value.digest === value.digest) {
      this.#handlers.executed({ kind: 'executed', token, block: this.#said(known) })
      return
    }
    if (cid <= this.#final) return
    this.#truncate(cid)
    if (cid !== this.#top().header.height + 1) return
    const batches = value.batches.flatMap((digest) => store.get(digest) ?? [])
    if (batches.length < value.batches.length) return
    const block = await executor.execute({ height: cid, value, batches }, this.#below())
    this.#add(block)
    this.#handlers.executed({ kind: 'executed', token, block: this.#said(block) })
  }

  /** The certificate names the block that is executed here at its height. */
  makeFinal(certificate: FinalityCertificate): void {
    const { cid, header } = certificate
    if (cid <= this.#final) return
    assert(this.#at(cid)?.sealed.hash === header, `height ${cid} is final as another block than the one executed`)
    const from = this.#final + 1
    this.#certificates.set(cid, certificate)
    this.#final = cid
    for (let height = from; height <= cid; height++) {
      const staged = this.#at(height)
      if (staged !== undefined) this.#handlers.final(this.#asFinal(staged), staged)
    }
    this.#write()
  }

  #asFinal({ sealed, transactions, receipts, receiptTree }: StagedBlock): FinalBlock {
    const headers: SealedHeader[] = []
    let { height } = sealed.header
    while (!this.#certificates.has(height)) {
      height += 1
      const above = this.#at(height)
      assert(above !== undefined, `no certificate covers the final height ${sealed.header.height}`)
      headers.push(above.sealed)
    }
    const certificate = this.#certificates.get(height) as FinalityCertificate
    return { sealed, finality: { certificate, headers }, transactions, receipts, receiptTree }
  }

  /** Blocks of a peer, in runs that each end with a certificate. */
  async #install({ segments }: CarriedRun): Promise<void> {
    const { executor, counters, ledger } = this.#modules
    for (const { blocks, certificate: carried } of segments) {
      if (this.#stopped || carried.cid <= this.#final) continue
      // Blocks of the next view are for the core of that view: they are asked for again.
      if (carried.view !== this.#context.views.current.view.id) return
      const needed = blocks.filter(({ sealed }) => sealed.header.height > this.#final)
      if (needed[0]?.sealed.header.previous !== this.#hashAt(this.#final)) return
      const certificate = this.#handlers.certify(carried)
      if (certificate === undefined) return
      let kept = true
      for (const { sealed, value, batches } of needed) {
        const { height } = sealed.header
        const known = this.#at(height)
        if (known?.sealed.hash === sealed.hash) continue
        // The same value on the same blocks below gave another header: this replica computes otherwise than a quorum (rule N8).
        if (known?.value.digest === value.digest) throw new Diverged(known.sealed)
        if (known !== undefined) kept = false
        this.#truncate(height)
        const block = await executor.execute({ height, value, batches }, this.#below())
        if (block.sealed.hash !== sealed.hash) throw new Diverged(block.sealed)
        this.#add(block)
        counters.add('blocks-from-peers')
      }
      if (this.#stopped) return
      assert(ledger.tip().header.height <= this.#final, 'the ledger is not ahead of what is final')
      const run = needed.flatMap(({ sealed }) => this.#at(sealed.header.height) ?? [])
      this.makeFinal(certificate)
      const heights = run.map((block) => this.#said(block))
      this.#handlers.installed({ kind: 'installed', blocks: heights, certificate, kept })
    }
  }

  #said({ sealed, value, heads, changes }: StagedBlock): ExecutedHeight {
    const lastHeight = this.#context.views.endSetBy(changes)
    return {
      height: sealed.header.height,
      digest: value.digest,
      header: sealed.hash,
      heads,
      ...(lastHeight === undefined ? {} : { lastHeight }),
    }
  }

  #add(block: StagedBlock): void {
    const { height } = block.sealed.header
    this.#staged.push(block)
    for (const [index, id] of block.transactions.entries()) this.#located.set(id, { height, index })
    this.#modules.counters.add('blocks-executed')
  }

  /** Rolls back what was executed from a height on. */
  #truncate(from: Height): void {
    const first = this.#staged.findIndex(({ sealed }) => sealed.header.height >= from)
    if (first < 0) return
    assert(from > this.#final, `the final height ${from} is rolled back`)
    for (const block of this.#staged.splice(first)) {
      for (const id of block.transactions) this.#located.delete(id)
      this.#modules.counters.add('rollbacks')
    }
  }

  #at(height: Height): StagedBlock | undefined {
    const first = this.#staged[0]
    return first === undefined ? undefined : this.#staged[height - first.sealed.header.height]
  }

  #hashAt(height: Height): Digest | undefined {
    return this.#at(height)?.sealed.hash ?? this.#modules.ledger.header(height)?.hash
  }

  #top(): SealedHeader {
    return this.#staged.at(-1)?.sealed ?? this.#modules.ledger.tip()
  }

  #below(): Below {
    const staged = this.#staged.at(-1)
    return { sealed: this.#top(), staged: staged?.staged, state: this.#state, locate: (id) => this.locate(id) }
  }

  #get(key: string, upTo = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    for (let i = this.#staged.length - 1; i >= 0; i--) {
      const { sealed, changed } = this.#staged[i] as StagedBlock
      const change = sealed.header.height > upTo ? undefined : changed.get(key)
      if (change !== undefined) return change.value
    }
    return this.#modules.ledger.get(key)
  }

  #write(): void {
    if (this.#writing !== undefined || this.#stopped) return
    const run = this.#nextRun()
    if (run.length === 0) return
    this.#writing = this.#append(run).catch((error: unknown) => {
      this.#stopped = true
      this.#writing = undefined
      this.#handlers.fatal(error)
    })
  }

  async #append(run: readonly NewBlock[]): Promise<void> {
    const { clock, ledger, counters, measures } = this.#modules
    const before = ledger.tip().header.height
    const startMs = clock.monotonicMs()
    await ledger.append(run)
    measures.synced(clock.monotonicMs() - startMs)
    counters.add('ledger-syncs')
    counters.add('blocks', run.length)
    for (const block of this.#staged.splice(0, run.length)) {
      for (const id of block.transactions) this.#located.delete(id)
      this.#certificates.delete(block.sealed.header.height)
    }
    const certificate = run.at(-1)?.certificate as FinalityCertificate
    this.#handlers.written(certificate, before)
    this.#writing = undefined
    this.#write()
  }

  /** Final blocks up to a height with a certificate of its own: not many more than the bounds. */
  #nextRun(): readonly NewBlock[] {
    const run: NewBlock[] = []
    let [end, bytes] = [0, 0]
    for (const block of this.#staged) {
      const { sealed, body, receipts, transactions, staged } = block
      const { height } = sealed.header
      if (height > this.#final) break
      const certificate = this.#certificates.get(height)
      run.push({ sealed, body, receipts, transactions, staged, ...(certificate === undefined ? {} : { certificate }) })
      bytes += body.length
      if (certificate !== undefined) end = run.length
      if (end > 0 && (run.length >= RUN_BLOCKS_MAX || bytes >= RUN_BYTES_MAX)) break
    }
    return run.slice(0, end)
  }
}
