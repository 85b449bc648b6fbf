import { encodeFrame, type SnapshotRequest } from '../codec/frame.js'
import type { SnapshotManifest } from '../codec/snapshot.js'
import { encodeLogRecord } from '../codec/wal.js'
import type { Input, WalRecord } from '../consensus/index.js'
import type { Batch, Evidence, FinalityCertificate, Height, ReplicaId, Transaction } from '../types/index.js'
import { Authenticity } from './authenticity.js'
import { BatchIntake } from './batch-intake.js'
import { BatchStore } from './batch-store.js'
import { BlockQueue } from './block-queue.js'
import type { ReplicaContext, ReplicaModules } from './context.js'
import { CoreInForce } from './core-in-force.js'
import { EffectRunner, type ForwardedEffect } from './effect-runner.js'
import { EvidenceLog } from './evidence-log.js'
import { Diverged, type ExecutedBlock, Executor } from './executor.js'
import { type FinalBlock, loadFinalBlock } from './final-block.js'
import { Ingress } from './ingress.js'
import { KeyAnnouncer } from './key-announcer.js'
import { Lane } from './lane.js'
import { CARE_MS, LedgerCare } from './ledger-care.js'
import { type ReplicaOptions, type ReplicaStatus, SNAPSHOT_EVERY_BLOCKS } from './options.js'
import { PeerFrames } from './peer-frames.js'
import { readLog } from './restoring.js'
import { SnapshotServer } from './snapshot-server.js'
import { SnapshotTransfer } from './snapshot-transfer.js'
import { type CertifiedBlock, certify } from './state-transfer.js'
import { type OnOutcome, Submissions, type Submitter } from './submissions.js'

const SWEEP_MS = 1_000

/** One replica: it drives the core through the ports. */
export class Replica {
  readonly context: ReplicaContext
  readonly #modules: ReplicaModules
  readonly #cores: CoreInForce
  readonly #store = new BatchStore()
  readonly #ingress: Ingress
  readonly #intake: BatchIntake
  readonly #runner: EffectRunner
  #executor: Executor
  #blocks: BlockQueue
  readonly #snapshots: SnapshotServer
  readonly #transfer: SnapshotTransfer
  readonly #care: LedgerCare
  readonly #lane: Lane
  readonly #submissions: Submissions
  /** Executed blocks that wait to be final. */
  readonly #executed = new Map<Height, ExecutedBlock>()
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
    context.views.load(ledger, ledger.finalized().height + 1)
    const log = readLog(context, modules)
    this.#restored = log
    this.#evidence = new EvidenceLog(modules)
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
        finality: () => ledger.finalized().certificate,
        liveRecords: () => this.#liveRecords(),
        fatal,
        holdings: () => this.#holdings(),
      },
    )
    this.#intake = new BatchIntake(context, this.#ingress, this.#store, {
      verified: (batch) => {
        this.#keep(batch)
        this.#feed({ kind: 'batch', batch })
      },
      bad: ({ lane }, bytes) => this.#evidence.add({ replica: lane, reason: 'bad-batch', messages: [bytes] }),
      changingView: () => this.#cores.changing,
      fatal,
    })
    this.#executor = new Executor(context, ledger, runtime)
    this.#blocks = this.#blockQueue()
    this.#lane = new Lane(context, options.lane, { clock, signer: () => this.#cores.signer }, (batch) =>
      this.#publish(batch),
    )
    const locateRecent = (id: string) => this.#executor.locateRecent(id)
    const takes = () => this.#cores.signer !== undefined
    const submission = { clock, ledger, runtime, counters, takes, locateRecent }
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
      ledger,
      ingress: this.#ingress,
      intake: this.#intake,
      store: this.#store,
      cores: this.#cores,
      snapshots: this.#snapshots,
      transfer: this.#transfer,
      care: this.#care,
      feed: (input) => this.#feed(input),
      install: (block) => this.#blocks.install(block),
      running: () => this.#health === 'running',
      fatal,
    })
  }

  #blockQueue(): BlockQueue {
    return new BlockQueue(this.#executor, this.#modules.ledger, this.#store, {
      executed: (block) => this.#onExecuted(block),
      certified: (block, executed) => this.#onCertified(block, executed),
      certify: (block) => certify(this.#ingress, block),
      fatal: (error) => this.#halt(error),
    })
  }

  /** Puts a pulled snapshot in the place of the ledger, and goes on from it. */
  async #install(manifest: SnapshotManifest, first: Height): Promise<void> {
    const { ledger, runtime } = this.#modules
    this.#cores.beginChange()
    await this.#runner.reset()
    await this.#blocks.stop()
    await ledger.install(manifest, first)
    this.#executor = new Executor(this.context, ledger, runtime)
    this.#blocks = this.#blockQueue()
    this.#executed.clear()
    this.#snapshots.start()
    await this.#renewCore()
    this.#submissions.installed()
    const block = loadFinalBlock(ledger, this.context.sha256, manifest.sealed.header.height)
    if (block !== undefined) for (const listener of this.#listeners) listener(block)
  }

  /** Goes on from where the ledger is, with a new core. */
  async #renewCore(): Promise<void> {
    const { views } = this.context
    const { clock, logger, transport } = this.#modules
    await this.#cores.renew((records) => this.#beginView(records))
    if (this.#health !== 'running') return
    transport.setPeers(views.peers())
    const { view, from } = views.current
    logger.info({ view: view.id, from, votes: this.#cores.signer !== undefined }, 'goes on from the ledger')
    this.#runner.run(this.#cores.core.start(clock.nowMs()))
    for (const batch of this.#store.all()) {
      if (!this.#takeBack(batch)) this.#forget(batch)
    }
  }

  /** Votes and batches of the view before are void; its keys are erased, and own clients' transactions packed anew. */
  async #beginView(records: readonly WalRecord[]): Promise<void> {
    const { views, self } = this.context
    const { keys, wal } = this.#modules
    await wal.rewrite(records.map(encodeLogRecord))
    this.#runner.compacted()
    keys.retain(views.keysOf(self))
    this.#lane.renew((digest) => this.#store.get(digest))
    this.#store.clear()
  }

  /** The last height of the view is final: what it still had under way is void, and the next view begins with nothing. */
  async #enterNextView(certificate: FinalityCertificate): Promise<void> {
    await this.#runner.reset()
    // When the keys of this view are erased, nobody can give this certificate again.
    await this.#modules.ledger.finalize(certificate, true)
    await this.#renewCore()
  }

  #forget({ digest }: Batch): void {
    this.#store.drop([digest])
    this.#lane.landed(digest)
  }

  async start(): Promise<void> {
    this.#health = 'running'
    const { self, views } = this.context
    const { clock, keys, transport, wal } = this.#modules
    await wal.sync()
    keys.retain(views.keysOf(self))
    transport.setPeers(views.peers())
    this.#runner.run(this.#cores.core.start(clock.nowMs()))
    for (const batch of this.#restored.batches) this.#takeBack(batch)
    this.#takeAgain(this.#restored.transactions)
    this.#restored = { batches: [], transactions: [] }
    this.#snapshots.start()
    this.#announcer.check()
    this.#sweepLater()
    this.#careLater()
    await transport.start((from, traffic, frame) => this.#frames.take(from, traffic, frame))
  }

  /** Stops in order; the ledger and the log are left closed. */
  async stop(): Promise<void> {
    if (this.#health === 'running') this.#health = 'stopped'
    this.#cancelSweep?.()
    this.#cancelCare?.()
    this.#submissions.stop()
    this.#lane.stop()
    this.#transfer.stop()
    await this.#modules.transport.stop()
    await this.#transfer.idle()
    await this.#care.stop()
    this.#snapshots.stop()
    await this.#runner.stop()
    await this.#blocks.stop()
    this.#intake.release()
    await this.#modules.verifier.close()
    await this.#modules.wal.close()
    await this.#modules.ledger.close()
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
      // The core is ahead while its records reach the disk; whoever reads a height here asks for its block next.
      executed: ledger.tip().header.height,
      finalized: ledger.finalized().height,
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

  /** Signed contradictions of replicas, newest last. */
  evidence(): readonly Evidence[] {
    return this.#evidence.all()
  }

  #feed(input: Input): void {
    if (this.#health === 'running') this.#runner.run(this.#cores.step(input))
  }

  /** What this replica's status says besides what the core knows. */
  #holdings() {
    const abstains = this.#cores.core.status().silent === 'abstaining'
    const held = { oldest: this.#modules.ledger.oldest(), snapshot: this.#snapshots.newest() }
    return abstains ? { ...held, abstains } : held
  }

  /** A batch goes to the log before any value that names it is voted for, so that it survives a crash of all. */
  #keep(batch: Batch): void {
    this.#store.add(batch)
    this.#modules.wal.append(encodeLogRecord({ kind: 'batch', bytes: batch.bytes }))
  }

  #publish(batch: Batch): void {
    this.#keep(batch)
    const frame = encodeFrame({ kind: 'batch', bytes: batch.bytes })
    for (const { id } of this.context.views.current.view.replicas) {
      if (id !== this.context.self) this.#modules.transport.send(id, 'batch', frame)
    }
    this.#feed({ kind: 'batch', batch: this.#ingress.ownBatch(batch) })
  }

  /**
   * A batch from the log: wanted again unless it was executed. Its transactions alone do not tell: they may have come in another
   * batch, while a value that this replica voted for names this one, and nobody else may have it any more.
   */
  #takeBack(batch: Batch): boolean {
    const executed = batch.transactions.every(({ id }) => this.#modules.ledger.locate(id) !== undefined)
    if (executed && !this.#cores.core.namesBatch(batch.digest)) return false
    this.#store.add(batch)
    if (batch.lane === this.context.self) this.#lane.resume(batch.digest)
    this.#feed({ kind: 'batch', batch: this.#ingress.ownBatch(batch) })
    return true
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
      case 'deliver':
        this.#blocks.deliver(effect)
        for (const digest of effect.value.batches) this.#lane.landed(digest)
        return
      case 'finalized':
        this.#onFinalized(effect)
        return
      case 'drop-batches':
        this.#store.drop(effect.digests)
        for (const digest of effect.digests) this.#lane.landed(digest)
        return
      case 'regency-installed':
        this.#modules.counters.add('regency-changes')
        this.#modules.logger.warn({ regency: effect.regency, leader: effect.leader }, 'regency installed')
        return
      case 'misbehaviour':
        this.#evidence.add(effect.evidence)
        return
      case 'abstaining':
        this.#modules.logger.warn({ until: effect.until }, 'earlier votes are lost: silent until this height is final')
        return
      case 'diverged':
        this.#halt(new Error(`height ${effect.height}: executed ${effect.own}, certified ${effect.certificate.digest}`))
        return
    }
  }

  #onExecuted(block: ExecutedBlock): void {
    const { header, hash } = block.sealed
    this.#snapshots.executed(header.height)
    this.#executed.set(header.height, block)
    this.#submissions.passedOver(block.skipped)
    this.#modules.counters.add('transactions', header.transactions)
    this.#modules.counters.add('blocks')
    this.#feed({ kind: 'executed', height: header.height, headerHash: hash, ...this.#cores.viewEnd() })
    if (block.viewsChanged) this.#onViewsChanged()
  }

  #onCertified({ decided, headerHash, certificate }: CertifiedBlock, executed: ExecutedBlock | undefined): void {
    const { height, value } = decided
    if (executed !== undefined) {
      this.#snapshots.executed(height)
      this.#executed.set(height, executed)
      this.#submissions.passedOver(executed.skipped)
      this.#modules.counters.add('blocks-from-peers')
      // The batches leave the store when the core says so: another open instance may name them too.
      for (const { digest } of decided.batches) this.#lane.landed(digest)
    }
    // What stands here is compared with the certificate by the core.
    const own = executed?.sealed.hash ?? this.#modules.ledger.header(height)?.hash ?? headerHash
    const batches = value.batches
    const { regency } = decided.decision
    const block = {
      height,
      headerHash: own,
      value: value.digest,
      batches,
      certificate,
      regency,
      ...this.#cores.viewEnd(),
    }
    this.#feed({ kind: 'state-installed', ...block })
    if (executed?.viewsChanged === true) this.#onViewsChanged()
  }

  #onFinalized({ certificate, batches }: Extract<ForwardedEffect, { kind: 'finalized' }>): void {
    const { ledger } = this.#modules
    const height = certificate.cid
    ledger.finalize(certificate).catch((error: unknown) => this.#halt(error))
    this.#store.drop(batches)
    if (height === this.context.views.lastHeight() && !this.#cores.changing) {
      this.#cores.beginChange()
      this.#modules.clock.soon(() => this.#enterNextView(certificate).catch((error: unknown) => this.#halt(error)))
    }
    const executed = this.#executed.get(height)
    this.#executed.delete(height)
    const block =
      executed === undefined
        ? loadFinalBlock(ledger, this.context.sha256, height, certificate)
        : { ...executed, certificate }
    if (block === undefined) return
    this.#submissions.finalized(block)
    for (const listener of this.#listeners) listener(block)
  }

  #onViewsChanged(): void {
    this.#modules.transport.setPeers(this.context.views.peers())
    this.#announcer.check()
  }

  #liveRecords(): readonly Uint8Array[] {
    const records: Uint8Array[] = []
    for (const digest of this.#cores.core.liveBatches()) {
      const batch = this.#store.get(digest)
      if (batch !== undefined) records.push(encodeLogRecord({ kind: 'batch', bytes: batch.bytes }))
    }
    for (const record of this.#cores.core.durableRecords()) records.push(encodeLogRecord(record))
    return records
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#modules.clock.after(SWEEP_MS, () => {
      this.#submissions.sweep()
      this.#announcer.check()
      this.#sweepLater()
    })
  }

  #careLater(): void {
    this.#cancelCare = this.#modules.clock.after(CARE_MS, () => {
      if (this.#health === 'running') {
        this.#transfer.tick()
        this.#care.tick(this.#blocks.length > 0)
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
