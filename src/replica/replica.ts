import { encodeFrame, type SnapshotRequest } from '../codec/frame.js'
import type { SnapshotManifest } from '../codec/snapshot.js'
import { encodeLogRecord } from '../codec/wal.js'
import type { Input, WalRecord } from '../consensus/index.js'
import { quorumOf } from '../consensus/index.js'
import type { Batch, Evidence, FinalityCertificate, Height, ReplicaId, Transaction } from '../types/index.js'
import { Authenticity } from './authenticity.js'
import { BatchIntake } from './batch-intake.js'
import { BatchStore } from './batch-store.js'
import { Chain } from './chain.js'
import type { ReplicaContext, ReplicaModules } from './context.js'
import { CoreInForce } from './core-in-force.js'
import { EffectRunner, type ForwardedEffect } from './effect-runner.js'
import { EvidenceLog } from './evidence-log.js'
import { Diverged, Executor, type StagedBlock } from './executor.js'
import type { FinalBlock } from './final-block.js'
import { Ingress } from './ingress.js'
import { KeyAnnouncer } from './key-announcer.js'
import { Lane } from './lane.js'
import { readHead } from './lane-heads.js'
import { CARE_MS, LedgerCare } from './ledger-care.js'
import { Measures } from './measures.js'
import { type NetworkView, networkView } from './network-view.js'
import { type ReplicaOptions, type ReplicaStatus, SNAPSHOT_EVERY_BLOCKS } from './options.js'
import { PeerFrames } from './peer-frames.js'
import { readLog } from './restoring.js'
import { SnapshotServer } from './snapshot-server.js'
import { SnapshotTransfer } from './snapshot-transfer.js'
import { type OnOutcome, Submissions, type Submitter } from './submissions.js'

const SWEEP_MS = 1_000

/** How long an orderly stop waits for its last messages to leave, ms. */
const LAST_WORDS_MS = 20

/** One replica: it drives the core through the ports. */
export class Replica {
  readonly context: ReplicaContext
  readonly #modules: ReplicaModules
  readonly #cores: CoreInForce
  readonly #store = new BatchStore()
  readonly #ingress: Ingress
  readonly #intake: BatchIntake
  readonly #runner: EffectRunner
  readonly #measures: Measures
  #executor: Executor
  #chain: Chain
  readonly #snapshots: SnapshotServer
  readonly #transfer: SnapshotTransfer
  readonly #care: LedgerCare
  readonly #lane: Lane
  readonly #submissions: Submissions
  readonly #listeners = new Set<(block: FinalBlock) => void>()
  readonly #evidence: EvidenceLog
  readonly #announcer: KeyAnnouncer
  /** Of the log, until the start. */
  #restored: { readonly batches: readonly Batch[]; readonly transactions: readonly Transaction[] }
  readonly #frames: PeerFrames
  #cancelSweep: (() => void) | undefined
  #cancelCare: (() => void) | undefined
  #health: ReplicaStatus['health'] = 'stopped'
  #problem: string | undefined
  /** Called once when the replica halts by itself: a failed disk, or a divergence. */
  onHalt: (error: unknown) => void = () => undefined

  constructor(context: ReplicaContext, modules: ReplicaModules, options: ReplicaOptions) {
    this.context = context
    this.#modules = modules
    const { clock, counters, ledger, logger, runtime, transport, verifier, wal } = modules
    context.views.load(ledger, ledger.tip().header.height + 1)
    const log = readLog(context, modules)
    this.#restored = log
    this.#evidence = new EvidenceLog(modules)
    this.#measures = new Measures(clock)
    this.#ingress = new Ingress(context, new Authenticity(context), verifier, counters)
    this.#cores = new CoreInForce(context, modules, options, log)
    const fatal = (error: unknown) => this.#halt(error)
    this.#runner = new EffectRunner(
      context,
      { clock, transport, wal, store: this.#store, counters },
      {
        own: (message) => this.#feed({ kind: 'message', message: this.#ingress.own(message) }),
        timeout: (timer) => this.#feed({ kind: 'timeout', timer }),
        forward: (effect) => this.#onEffect(effect),
        signer: () => this.#cores.signer,
        silentPeers: () => this.#frames.silentPeers,
        finality: () => this.#chain.certificate(),
        liveRecords: () => this.#liveRecords(),
        fatal,
        holdings: () => ({ oldest: ledger.oldest(), snapshot: this.#snapshots.newest() }),
        ping: () => this.#measures.ping(),
      },
    )
    this.#intake = new BatchIntake(context, this.#ingress, this.#store, {
      verified: (batch) => {
        this.#store.add(batch)
        this.#feedBatch(batch)
      },
      bad: ({ lane }, bytes) => this.#evidence.add({ replica: lane, reason: 'bad-batch', messages: [bytes] }),
      changingView: () => this.#cores.changing,
      fatal,
    })
    this.#executor = this.#newExecutor()
    this.#chain = this.#newChain()
    this.#lane = new Lane(
      context,
      options.lane,
      options.start,
      {
        clock,
        signer: () => this.#cores.signer,
        costOf: (transaction) => runtime.costOf(transaction),
        head: () => readHead(ledger, context.self),
      },
      (batch) => this.#publish(batch),
    )
    const takes = () => this.#cores.signer !== undefined
    const submission = { clock, runtime, counters, takes, chain: () => this.#chain }
    this.#submissions = new Submissions(context, submission, this.#ingress, this.#lane, fatal)
    this.#announcer = new KeyAnnouncer(context, modules, takes, (...submission) => this.submit(...submission))
    const { snapshots: { everyBlocks = SNAPSHOT_EVERY_BLOCKS, ...careOptions } = {} } = options
    const send = (to: ReplicaId, request: SnapshotRequest) =>
      transport.send(to, 'transfer', encodeFrame({ kind: 'snapshot-request', request }))
    const pulling = { clock, counters, logger, ledger, ingress: this.#ingress, send, fatal }
    const install = (manifest: SnapshotManifest, first: Height) => this.#install(manifest, first)
    this.#snapshots = new SnapshotServer(context, modules, { everyBlocks })
    this.#transfer = new SnapshotTransfer(context, { ...pulling, install }, careOptions.retainBlocks !== undefined)
    const connected = () => transport.connected()
    const servedFrom = () => this.#snapshots.firstHeight()
    this.#care = new LedgerCare(context, { ...pulling, connected, servedFrom }, careOptions)
    this.#frames = new PeerFrames(context, {
      transport,
      ingress: this.#ingress,
      intake: this.#intake,
      store: this.#store,
      cores: this.#cores,
      chain: () => this.#chain,
      snapshots: this.#snapshots,
      transfer: this.#transfer,
      care: this.#care,
      measures: this.#measures,
      feed: (input) => this.#feed(input),
      running: () => this.#health === 'running',
      fatal,
    })
  }

  #newExecutor(): Executor {
    const { clock, ledger, runtime } = this.#modules
    return new Executor(this.context, { clock, ledger, runtime, measures: this.#measures })
  }

  #newChain(): Chain {
    const { clock, counters, ledger } = this.#modules
    const modules = { clock, counters, ledger, executor: this.#executor, store: this.#store, measures: this.#measures }
    return new Chain(this.context, modules, {
      executed: (input) => this.#feed(input),
      installed: (input) => this.#feed(input),
      final: (block, staged) => this.#onFinal(block, staged),
      written: (certificate, before) => this.#onWritten(certificate, before),
      certify: (certificate) => this.#ingress.finality(certificate),
      fatal: (error) => this.#halt(error),
    })
  }

  /** Puts a pulled snapshot in the place of the ledger, and goes on from it. */
  async #install(manifest: SnapshotManifest, first: Height): Promise<void> {
    const { ledger } = this.#modules
    this.#cores.beginChange()
    await this.#runner.reset()
    await this.#chain.stop()
    if (ledger.tip().header.height >= manifest.sealed.header.height) return await this.#goOn()
    await ledger.install(manifest, first)
    await this.#goOn()
    this.#snapshots.start()
    this.#submissions.installed()
    const block = this.#chain.finalBlock(manifest.sealed.header.height)
    if (block !== undefined) for (const listener of this.#listeners) listener(block)
  }

  /** A new chain and a new core over the ledger as it is. */
  async #goOn(): Promise<void> {
    this.#executor = this.#newExecutor()
    this.#chain = this.#newChain()
    await this.#renewCore()
  }

  /** Goes on from where the ledger is, with a new core. */
  async #renewCore(): Promise<void> {
    const { views } = this.context
    const { logger, transport } = this.#modules
    await this.#cores.renew((records) => this.#beginView(records))
    if (this.#health !== 'running') return
    transport.setPeers(views.peers())
    const { view, from } = views.current
    logger.info({ view: view.id, from, votes: this.#cores.signer !== undefined }, 'goes on from the ledger')
    this.#runner.run(this.#cores.start())
    for (const batch of this.#store.all()) this.#feedBatch(batch)
    this.#frames.replayEarly()
  }

  /** Votes and batches of the view before are void; its keys are erased, and own clients' transactions packed anew. */
  async #beginView(records: readonly WalRecord[]): Promise<void> {
    const { views, self } = this.context
    const { keys, wal } = this.#modules
    await wal.rewrite(records.map(encodeLogRecord))
    this.#runner.compacted()
    keys.retain(views.keysOf(self))
    this.#store.clear()
    this.#lane.renew()
  }

  /** The last height of the view is in the ledger: what it still had under way is void, and the next view begins with nothing. */
  async #enterNextView(): Promise<void> {
    await this.#chain.leaveView()
    await this.#runner.reset()
    await this.#renewCore()
  }

  async start(): Promise<void> {
    this.#health = 'running'
    const { self, views } = this.context
    const { keys, transport, wal } = this.#modules
    await wal.sync()
    keys.retain(views.keysOf(self))
    transport.setPeers(views.peers())
    this.#runner.run(this.#cores.start())
    for (const batch of this.#restored.batches) this.#takeBack(batch)
    this.#store.logHolds(new Set(this.#restored.batches.map(({ digest }) => digest)))
    this.#takeAgain(this.#restored.transactions)
    this.#restored = { batches: [], transactions: [] }
    this.#snapshots.start()
    this.#announcer.check()
    this.#sweepLater()
    this.#careLater()
    await transport.start((from, traffic, frame) => this.#frames.take(from, traffic, frame))
  }

  /** Stops in order (rule D4): what is final is written, and the log says all that was said; both are left closed. */
  async stop(): Promise<void> {
    const isOrderly = this.#health === 'running' && !this.#cores.changing
    if (isOrderly) await this.#sayLastWords()
    if (this.#health === 'running') this.#health = 'stopped'
    this.#cancelSweep?.()
    this.#cancelCare?.()
    this.#submissions.stop()
    this.#lane.stop()
    this.#transfer.stop()
    await this.#runner.stop()
    await this.#modules.transport.stop()
    await this.#transfer.idle()
    await this.#care.stop()
    this.#snapshots.stop()
    if (isOrderly) await this.#chain.flushed()
    await this.#chain.stop()
    this.#intake.release()
    await this.#modules.verifier.close()
    if (isOrderly && this.#health === 'stopped') this.#mark()
    await this.#modules.wal.close()
    await this.#modules.ledger.close()
  }

  /** A leader that stops hands its regency over at once. */
  async #sayLastWords(): Promise<void> {
    const words = this.#cores.core.resign()
    if (words.length === 0) return
    this.#runner.run(words)
    await this.#runner.said()
    await new Promise<void>((resolve) => this.#modules.clock.after(LAST_WORDS_MS, resolve))
  }

  #mark(): void {
    const mark = this.#cores.changing ? undefined : this.#cores.core.mark()
    if (mark !== undefined) this.#modules.wal.append(encodeLogRecord(mark))
  }

  /** Takes a client's encoded transaction; the outcome comes exactly once. */
  submit(bytes: Uint8Array, submitter: Submitter, onOutcome: OnOutcome): void {
    this.#submissions.submit(bytes, submitter, onOutcome)
  }

  /** Calls back for every block that becomes final, in order of height; the returned function ends it. */
  onFinal(listener: (block: FinalBlock) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  status(): ReplicaStatus {
    const { self, organization, views } = this.context
    const { ledger } = this.#modules
    const pulling = this.#transfer.height
    return {
      ...this.#cores.core.status(),
      finalized: this.#chain.final,
      replica: self,
      organization,
      view: views.current.view.id,
      health: this.#health,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
      connected: this.#modules.transport.connected(),
      waiting: this.#submissions.size,
      heldBatches: this.#store.size,
      heldBytes: this.#store.bytes,
      oldest: ledger.oldest(),
      snapshot: this.#snapshots.newest(),
      ...(pulling === undefined ? {} : { pulling }),
      scrub: this.#care.scrubbed(),
    }
  }

  /** Whether blocks can become final, as this replica sees it. */
  network(): NetworkView {
    const { self: id, views } = this.context
    const { silent, silentUntil, headersDiffer } = this.#cores.core.status()
    const own = { id, silentUntil, headersDiffer, ...(silent === undefined ? {} : { silent }) }
    return networkView(views.current.view, own, this.#frames.heard, this.#measures.nowMs())
  }

  /** Signed contradictions of replicas, newest last. */
  evidence(): readonly Evidence[] {
    return this.#evidence.all()
  }

  #feed(input: Input): void {
    if (this.#health === 'running') this.#runner.run(this.#cores.step(input))
  }

  #feedBatch(batch: Batch): void {
    const { runtime } = this.#modules
    const cost = batch.transactions.reduce((sum, transaction) => sum + runtime.costOf(transaction), 0)
    this.#feed({ kind: 'batch', batch: this.#ingress.ownBatch(batch), cost })
  }

  #publish(batch: Batch): void {
    this.#store.add(batch)
    const frame = encodeFrame({ kind: 'batch', bytes: batch.bytes })
    const others = this.context.views.current.view.replicas.filter(({ id }) => id !== this.context.self)
    for (const { id } of others) this.#modules.transport.send(id, 'batch', frame)
    const { counters } = this.#modules
    counters.add('frames.batch', others.length)
    counters.add('bytes.sent', frame.length * others.length)
    counters.add('signatures-made')
    this.#feedBatch(batch)
  }

  /** A batch of the log: an ACCEPT of this replica promises that it can be had here. */
  #takeBack(batch: Batch): void {
    this.#store.add(batch)
    this.#feedBatch(batch)
  }

  /** Own clients' transactions that were in batches of a view that has ended. */
  #takeAgain(transactions: readonly Transaction[]): void {
    if (this.#cores.signer === undefined) return
    for (const transaction of transactions) {
      if (this.#modules.ledger.locate(transaction.id) === undefined) this.#lane.add(transaction)
    }
  }

  #onEffect(effect: ForwardedEffect): void {
    switch (effect.kind) {
      case 'execute':
        this.#chain.execute(effect)
        return
      case 'final':
        this.#chain.makeFinal(effect.certificate)
        return
      case 'drop-batches':
        // One that came again meanwhile is kept.
        this.#store.drop(effect.digests.filter((digest) => !this.#cores.core.holdsBatch(digest)))
        return
      case 'regency-installed':
        this.#modules.counters.add('regency-changes')
        this.#modules.logger.warn({ regency: effect.regency, leader: effect.leader }, 'regency installed')
        return
      case 'misbehaviour':
        this.#evidence.add(effect.evidence)
        return
      case 'silence':
        this.#modules.logger.warn(
          { silent: effect.silent, until: effect.until },
          'earlier votes may be unknown here: silent until this height is final',
        )
        return
    }
  }

  #onFinal(block: FinalBlock, { changes, heads, skipped }: StagedBlock): void {
    const { self, views } = this.context
    const { counters } = this.#modules
    const { height } = block.sealed.header
    counters.add('transactions', block.transactions.length)
    const own = heads.find(({ lane }) => lane === self)
    if (own !== undefined) this.#lane.taken(own)
    const changed = views.note(changes)
    if (height === views.lastHeight()) this.#cores.beginChange()
    this.#submissions.passedOver(skipped)
    this.#submissions.finalized(block)
    for (const listener of this.#listeners) listener(block)
    if (changed) this.#onViewsChanged()
  }

  #onWritten(certificate: FinalityCertificate, before: Height): void {
    this.#snapshots.written(before)
    if (certificate.cid === this.context.views.lastHeight() && this.#cores.changing) {
      this.#modules.clock.soon(() => this.#enterNextView().catch((error: unknown) => this.#halt(error)))
      return
    }
    this.#feed({ kind: 'written', certificate })
  }

  #measure(): void {
    const { genesis, self, views } = this.context
    const { replicas } = views.current.view
    const peers = replicas.map(({ id }) => id).filter((id) => id !== self)
    const { votes } = quorumOf(replicas.length)
    const roundTripMs = this.#measures.roundTripMs(peers, votes)
    const proposalMs = this.#measures.proposalMs(genesis.parameters.proposalTransactionsMax)
    this.#feed({ kind: 'measured', roundTripMs, proposalMs })
  }

  #onViewsChanged(): void {
    this.#modules.transport.setPeers(this.context.views.peers())
    this.#announcer.check()
  }

  #liveRecords(): readonly Uint8Array[] {
    const records: Uint8Array[] = []
    const live = this.#cores.core.liveBatches()
    for (const digest of live) {
      const batch = this.#store.get(digest)
      if (batch !== undefined) records.push(encodeLogRecord({ kind: 'batch', bytes: batch.bytes }))
    }
    this.#store.logHolds(live)
    for (const record of this.#cores.core.durableRecords()) records.push(encodeLogRecord(record))
    return records
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#modules.clock.after(SWEEP_MS, () => {
      this.#submissions.sweep()
      this.#announcer.check()
      this.#measure()
      this.#sweepLater()
    })
  }

  #careLater(): void {
    this.#cancelCare = this.#modules.clock.after(CARE_MS, () => {
      if (this.#health === 'running') {
        this.#transfer.tick()
        this.#care.tick(this.#chain.length > 0)
      }
      this.#careLater()
    })
  }

  #halt(error: unknown): void {
    if (this.#health === 'halted') return
    this.#health = 'halted'
    this.#problem = error instanceof Error ? error.message : String(error)
    const height = error instanceof Diverged ? error.height : undefined
    this.#modules.logger.error({ problem: this.#problem, height }, 'the replica halts')
    this.#submissions.stop()
    this.onHalt(error)
  }
}
