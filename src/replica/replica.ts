import { decodeValue, makeValue } from '../codec/block.js'
import { decodeFrame, encodeFrame, type Frame, type SnapshotRequest, type Status } from '../codec/frame.js'
import type { SnapshotManifest } from '../codec/snapshot.js'
import { encodeLogRecord } from '../codec/wal.js'
import {
  type CoreOptions,
  type CoreStatus,
  type CoreTimings,
  type Input,
  ReplicaCore,
  type WalRecord,
} from '../consensus/index.js'
import type { Signer, TrafficClass } from '../ports.js'
import type {
  Batch,
  Digest,
  Evidence,
  FinalityCertificate,
  Height,
  ReplicaId,
  Transaction,
  ViewId,
} from '../types/index.js'
import { Authenticity } from './authenticity.js'
import { BatchStore } from './batch-store.js'
import { BlockQueue } from './block-queue.js'
import type { ReplicaContext, ReplicaModules } from './context.js'
import { EffectRunner, type ForwardedEffect } from './effect-runner.js'
import { Diverged, type ExecutedBlock, Executor } from './executor.js'
import { type FinalBlock, loadFinalBlock } from './final-block.js'
import { Ingress } from './ingress.js'
import { KeyAnnouncer } from './key-announcer.js'
import { Lane, type LaneOptions } from './lane.js'
import { CARE_MS, LedgerCare, type LedgerCareOptions, type ScrubStatus } from './ledger-care.js'
import { readLog, restoredFrom } from './restoring.js'
import { highestVote, isRolledBack } from './rolled-back.js'
import { SnapshotServer, type SnapshotServerOptions } from './snapshot-server.js'
import { SnapshotTransfer } from './snapshot-transfer.js'
import { answerFetch, type CertifiedBlock, certify, openRecord } from './state-transfer.js'
import { type OnOutcome, Submissions, type Submitter } from './submissions.js'

export interface ReplicaOptions {
  readonly timings: CoreTimings
  readonly lane: LaneOptions
  readonly proposalTransactions: number
  readonly proposalTransactionsMax: number
  /** Earlier votes of this replica's key are lost: it keeps silent until none of them can matter any more. */
  readonly votesLost?: boolean
  readonly snapshots?: SnapshotOptions
}

export interface SnapshotOptions extends LedgerCareOptions, Partial<SnapshotServerOptions> {}

export const DEFAULT_PROPOSALS = { proposalTransactions: 512, proposalTransactionsMax: 2_048 } as const

/** Batches of one lane that a replica keeps at most: twice what a correct one has on its way. */
const LANE_BATCHES_MAX_FACTOR = 2
/** Transactions of peers whose signatures are being checked; above, reading waits. */
const VERIFYING_MAX = 4_096
const EVIDENCE_MAX = 64
/** Of one replica: more of it says nothing new, and must not drive out that of others. */
const EVIDENCE_PER_REPLICA_MAX = 8
const SWEEP_MS = 1_000
const VOTES_LOST: WalRecord = { kind: 'abstain', over: false }
/** A snapshot is kept at every multiple of this height. */
export const SNAPSHOT_EVERY_BLOCKS = 10_000

export interface ReplicaStatus extends CoreStatus {
  readonly replica: ReplicaId
  readonly organization: string
  readonly view: ViewId
  readonly health: 'running' | 'halted' | 'stopped'
  /** Why it halted. */
  readonly problem?: string
  readonly connected: readonly ReplicaId[]
  /** Transactions whose outcome clients of this replica await. */
  readonly waiting: number
  /** Batches at hand, ordered ones that are not final included, and their encoded size in bytes. */
  readonly heldBatches: number
  readonly heldBytes: number
  /** First height whose block is held whole. */
  readonly oldest: Height
  /** Height of the newest snapshot that is served; 0 where there is none. */
  readonly snapshot: Height
  /** Height of the snapshot that is being pulled. */
  readonly pulling?: Height
  readonly scrub: ScrubStatus
}

/** One replica: it drives the core through the ports. */
export class Replica {
  readonly context: ReplicaContext
  readonly #modules: ReplicaModules
  readonly #options: ReplicaOptions
  #core: ReplicaCore
  readonly #store = new BatchStore()
  readonly #ingress: Ingress
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
  readonly #evidence: Evidence[] = []
  readonly #announcer: KeyAnnouncer
  /** Of the log, until the start. */
  #restored: { readonly batches: readonly Batch[]; readonly transactions: readonly Transaction[] }
  /** Signs for the current view; absent while this replica only follows. */
  #signer: Signer | undefined
  /** Peers whose votes are lost: they are to be proved where this replica stands. */
  readonly #silentPeers = new Set<ReplicaId>()
  /** Between two views nothing reaches a core. */
  #changingView = false
  #verifying = 0
  readonly #verifyingDigests = new Set<Digest>()
  #waitingForRoom: (() => void)[] = []
  #cancelSweep: (() => void) | undefined
  #cancelCare: (() => void) | undefined
  #health: ReplicaStatus['health'] = 'stopped'
  #problem: string | undefined
  /** Called once when the replica halts by itself: a failed disk, or a divergence. */
  onHalt: (error: unknown) => void = () => undefined

  constructor(context: ReplicaContext, modules: ReplicaModules, options: ReplicaOptions) {
    this.context = context
    this.#modules = modules
    this.#options = options
    const { clock, counters, ledger, logger, runtime, transport, verifier, wal } = modules
    context.views.load(ledger, ledger.finalized().height + 1)
    this.#signer = this.#currentSigner()
    const log = readLog(context, modules)
    this.#restored = log
    const lost = options.votesLost === true || log.ahead || this.#isRolledBack(log.records)
    if (lost) wal.append(encodeLogRecord(VOTES_LOST))
    this.#ingress = new Ingress(context, new Authenticity(context), verifier, counters)
    this.#core = this.#newCore(lost ? [VOTES_LOST] : log.records)
    const fatal = (error: unknown) => this.#halt(error)
    this.#runner = new EffectRunner(
      context,
      { clock, transport, wal, store: this.#store, counters },
      {
        own: (message) => this.#feed({ kind: 'message', message: this.#ingress.own(message) }),
        timeout: (timer) => this.#feed({ kind: 'timeout', timer }),
        forward: (effect) => this.#onEffect(effect),
        signer: () => this.#signer,
        silentPeers: () => this.#silentPeers,
        finality: () => ledger.finalized().certificate,
        liveRecords: () => this.#liveRecords(),
        fatal,
        holdings: () => this.#holdings(),
      },
    )
    this.#executor = new Executor(context, ledger, runtime)
    this.#blocks = this.#blockQueue()
    this.#lane = new Lane(context, options.lane, { clock, signer: () => this.#signer }, (batch) => this.#publish(batch))
    const locateRecent = (id: Digest) => this.#executor.locateRecent(id)
    const takes = () => this.#signer !== undefined
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
  }

  /**
   * Whether the ledger is older than the votes in the log. What the log had forgotten by then, since it was final, is unknown here,
   * and what it holds is too much for one window, so its votes are as good as lost.
   */
  #isRolledBack(records: readonly WalRecord[]): boolean {
    const { ledger, logger, counters } = this.#modules
    const { height } = ledger.tip().header
    if (!isRolledBack(height, records, this.context.genesis.parameters.window)) return false
    counters.add('ledger-rolled-back')
    logger.warn({ height, voted: highestVote(records) }, 'the ledger is older than the votes of this replica')
    return true
  }

  #newCore(records: readonly WalRecord[]): ReplicaCore {
    const { genesis, self, sha256, views } = this.context
    const { view, from } = views.current
    const lastHeight = views.lastHeight()
    const options: CoreOptions = {
      ...this.#options,
      self,
      view,
      firstHeight: from,
      ...(lastHeight === undefined ? {} : { lastHeight }),
      votes: this.#signer !== undefined,
      window: genesis.parameters.window,
      clockDriftMsMax: genesis.parameters.clockDriftMsMax,
      laneBatchesMax: this.#options.lane.batchesInFlightMax * LANE_BATCHES_MAX_FACTOR,
      makeValue: (timestampMs, digests) => makeValue(sha256, timestampMs, digests),
      readValue: (bytes) => decodeValue(sha256, bytes),
    }
    return new ReplicaCore(options, { ...restoredFrom(this.#modules.ledger), records })
  }

  #currentSigner(): Signer | undefined {
    const { self, views } = this.context
    const member = views.current.members.get(self)
    return member && this.#modules.keys.signer(member.info.consensusKey)
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
    this.#changingView = true
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

  /** A new core for a ledger that moved under the old one, in the view that orders the next height. */
  async #renewCore(): Promise<void> {
    const { views } = this.context
    const { clock, ledger, logger, transport } = this.#modules
    const { id: before } = views.current.view
    views.load(ledger, ledger.finalized().height + 1)
    this.#signer = this.#currentSigner()
    const { id } = views.current.view
    const abstaining = this.#core.status().silent === 'abstaining'
    // What the old core has voted for binds the new one too, within the view.
    const records = id === before ? this.#core.durableRecords() : abstaining ? [VOTES_LOST] : []
    if (id !== before) await this.#beginView(id, records)
    this.#core = this.#newCore(records)
    this.#changingView = false
    if (this.#health !== 'running') return
    transport.setPeers(views.peers())
    logger.info({ view: id, from: views.current.from, votes: this.#signer !== undefined }, 'goes on from the ledger')
    this.#runner.run(this.#core.start(clock.nowMs()))
    for (const batch of this.#store.all()) {
      if (!this.#takeBack(batch)) this.#forget(batch)
    }
  }

  /** Votes and batches of the view before are void; its keys are erased, and own clients' transactions packed anew. */
  async #beginView(view: ViewId, records: readonly WalRecord[]): Promise<void> {
    const { views, self } = this.context
    const { keys, wal } = this.#modules
    const begin: WalRecord = { kind: 'view', view }
    await wal.rewrite([begin, ...records].map(encodeLogRecord))
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
    this.#runner.run(this.#core.start(clock.nowMs()))
    for (const batch of this.#restored.batches) this.#takeBack(batch)
    this.#takeAgain(this.#restored.transactions)
    this.#restored = { batches: [], transactions: [] }
    this.#snapshots.start()
    this.#announcer.check()
    this.#sweepLater()
    this.#careLater()
    await transport.start((from, traffic, frame) => this.#onFrame(from, traffic, frame))
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
    for (const proceed of this.#waitingForRoom.splice(0)) proceed()
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
    const pulling = this.#transfer.height
    return {
      ...this.#core.status(),
      replica: self,
      organization,
      view: views.current.view.id,
      health: this.#health,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
      connected: this.#modules.transport.connected(),
      waiting: this.#submissions.size,
      heldBatches: this.#store.size,
      heldBytes: this.#store.bytes,
      oldest: this.#modules.ledger.oldest(),
      snapshot: this.#snapshots.newest(),
      ...(pulling === undefined ? {} : { pulling }),
      scrub: this.#care.scrubbed(),
    }
  }

  /** Signed contradictions of replicas, newest last. */
  evidence(): readonly Evidence[] {
    return this.#evidence
  }

  #feed(input: Input): void {
    if (this.#health !== 'running' || this.#changingView) return
    this.#runner.run(this.#core.step(input, this.#modules.clock.nowMs()))
  }

  #onFrame(from: ReplicaId, traffic: TrafficClass, bytes: Uint8Array): void | Promise<void> {
    const frame = decodeFrame(this.context.sha256, bytes)
    if (frame === undefined) return this.#ingress.reject('malformed-frame')
    switch (frame.kind) {
      case 'envelope':
        return this.#onEnvelope(frame.bytes)
      case 'batch':
        return this.#onBatch(frame.bytes)
      case 'status':
        return this.#onStatus(from, frame.status)
      case 'fetch':
        return this.#onFetch(from, traffic, frame)
      case 'reply':
        return this.#onReply(frame)
      case 'snapshot-request':
        return this.#onSnapshotRequest(from, frame)
      case 'snapshot-reply':
        if (this.#health !== 'running') return
        // Only what is pulled for repair is of no snapshot.
        return frame.reply.height === 0 ? this.#care.onReply(frame.reply) : this.#transfer.onReply(from, frame.reply)
    }
  }

  /** What this replica's status says besides what the core knows. */
  #holdings() {
    const abstains = this.#core.status().silent === 'abstaining'
    const held = { oldest: this.#modules.ledger.oldest(), snapshot: this.#snapshots.newest() }
    return abstains ? { ...held, abstains } : held
  }

  #onStatus(from: ReplicaId, status: Status): void {
    if (status.abstains === true) this.#silentPeers.add(from)
    else this.#silentPeers.delete(from)
    this.#transfer.onStatus(from, status)
    this.#feed({ kind: 'status', from, status })
    if (status.finality === undefined || this.#core.status().silent !== 'abstaining') return
    const certificate = this.#ingress.finality(status.finality)
    if (certificate !== undefined) this.#feed({ kind: 'report', from, certificate })
  }

  #onEnvelope(bytes: Uint8Array): void {
    // Votes live on in certificates; a copy keeps them from holding the whole chunk of the stream that they came in.
    const message = this.#ingress.message(new Uint8Array(bytes))
    if (message === undefined) return
    this.#feed({ kind: 'message', message })
  }

  #onBatch(bytes: Uint8Array): void | Promise<void> {
    const batch = this.#ingress.openBatch(bytes)
    if (batch === undefined || this.#store.has(batch.digest) || this.#verifyingDigests.has(batch.digest)) return
    const { view } = this.context.views.current
    this.#verifyingDigests.add(batch.digest)
    this.#verifying += batch.transactions.length
    this.#ingress
      .verifyBatch(batch)
      .then((verified) => {
        this.#verifying -= batch.transactions.length
        this.#verifyingDigests.delete(batch.digest)
        this.#makeRoom()
        if (verified === undefined) {
          // Its author signed a batch that holds a wrong client signature.
          this.#onMisbehaviour({ replica: batch.lane, reason: 'bad-batch', messages: [new Uint8Array(bytes)] })
          return
        }
        if (this.#changingView || this.context.views.current.view !== view) return this.#ingress.reject('ended-view')
        this.#keep(verified)
        this.#feed({ kind: 'batch', batch: verified })
      })
      .catch((error: unknown) => this.#halt(error))
    if (this.#verifying > VERIFYING_MAX) return new Promise((resolve) => this.#waitingForRoom.push(resolve))
  }

  #makeRoom(): void {
    if (this.#verifying > VERIFYING_MAX) return
    for (const proceed of this.#waitingForRoom.splice(0)) proceed()
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
    if (executed && !this.#core.namesBatch(batch.digest)) return false
    this.#store.add(batch)
    if (batch.lane === this.context.self) this.#lane.resume(batch.digest)
    this.#feed({ kind: 'batch', batch: this.#ingress.ownBatch(batch) })
    return true
  }

  /** Reading goes on meanwhile: how many answers are under way is bounded. */
  #onSnapshotRequest(from: ReplicaId, { request }: Extract<Frame, { kind: 'snapshot-request' }>): void {
    this.#snapshots
      .answer(request)
      .then((reply) => {
        if (reply === undefined || this.#health !== 'running') return
        this.#modules.transport.send(from, 'transfer', encodeFrame({ kind: 'snapshot-reply', reply }))
      })
      .catch((error: unknown) => this.#halt(error))
  }

  /** Own clients' transactions that were in batches of a view that has ended. */
  #takeAgain(transactions: readonly Transaction[]): void {
    if (this.#signer === undefined) return
    for (const transaction of transactions) {
      if (this.#modules.ledger.locate(transaction.id) === undefined) this.#lane.add(transaction)
    }
  }

  #onFetch(from: ReplicaId, traffic: TrafficClass, { request }: Extract<Frame, { kind: 'fetch' }>): void {
    const reply = answerFetch(request, this.#store, this.#core, this.#modules.ledger)
    if (reply !== undefined) this.#modules.transport.send(from, traffic, encodeFrame({ kind: 'reply', reply }))
  }

  #onReply({ reply }: Extract<Frame, { kind: 'reply' }>): void | Promise<void> {
    for (const bytes of reply.values) {
      const value = decodeValue(this.context.sha256, bytes)
      if (value === undefined || !this.#core.namesValue(value.digest)) {
        this.#ingress.reject('unwanted-reply')
        continue
      }
      this.#feed({ kind: 'value', value })
    }
    for (const record of reply.blocks) {
      if (record.sealed.header.height <= this.#core.status().finalized) continue
      const block = openRecord(this.context, this.#ingress, record)
      if (block === undefined) break
      this.#blocks.install(block)
    }
    const waits = reply.batches.map((bytes) => this.#onBatch(bytes)).filter((wait) => wait !== undefined)
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined)
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
        this.#onMisbehaviour(effect.evidence)
        return
      case 'abstaining':
        this.#modules.logger.warn({ until: effect.until }, 'earlier votes are lost: silent until this height is final')
        return
      case 'diverged':
        this.#halt(new Error(`height ${effect.height}: executed ${effect.own}, certified ${effect.certificate.digest}`))
        return
    }
  }

  #onMisbehaviour(evidence: Evidence): void {
    this.#modules.counters.add(`misbehaviour.${evidence.reason}`)
    const known = this.#evidence.filter(({ replica }) => replica === evidence.replica).length
    if (known >= EVIDENCE_PER_REPLICA_MAX) return
    this.#modules.logger.error({ replica: evidence.replica, reason: evidence.reason }, 'misbehaviour of a replica')
    this.#evidence.push(evidence)
    if (this.#evidence.length > EVIDENCE_MAX) this.#evidence.shift()
  }

  #onExecuted(block: ExecutedBlock): void {
    const { header, hash } = block.sealed
    this.#snapshots.executed(header.height)
    this.#executed.set(header.height, block)
    this.#submissions.passedOver(block.skipped)
    this.#modules.counters.add('transactions', header.transactions)
    this.#modules.counters.add('blocks')
    this.#feed({ kind: 'executed', height: header.height, headerHash: hash, ...this.#viewEnd() })
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
    const block = { height, headerHash: own, value: value.digest, batches, certificate, regency, ...this.#viewEnd() }
    this.#feed({ kind: 'state-installed', ...block })
    if (executed?.viewsChanged === true) this.#onViewsChanged()
  }

  #onFinalized({ certificate, batches }: Extract<ForwardedEffect, { kind: 'finalized' }>): void {
    const { ledger } = this.#modules
    const height = certificate.cid
    ledger.finalize(certificate).catch((error: unknown) => this.#halt(error))
    this.#store.drop(batches)
    if (height === this.context.views.lastHeight() && !this.#changingView) {
      this.#changingView = true
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

  #viewEnd(): { readonly lastHeight?: Height } {
    const lastHeight = this.context.views.lastHeight()
    return lastHeight === undefined ? {} : { lastHeight }
  }

  #onViewsChanged(): void {
    this.#modules.transport.setPeers(this.context.views.peers())
    this.#announcer.check()
  }

  #liveRecords(): readonly Uint8Array[] {
    const records: Uint8Array[] = []
    for (const digest of this.#core.liveBatches()) {
      const batch = this.#store.get(digest)
      if (batch !== undefined) records.push(encodeLogRecord({ kind: 'batch', bytes: batch.bytes }))
    }
    for (const record of this.#core.durableRecords()) records.push(encodeLogRecord(record))
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
