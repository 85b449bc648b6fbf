import { EtalonError } from '../base/errors.js'
import { decodeValue, makeValue } from '../codec/block.js'
import { decodeFrame, encodeFrame, type Frame, type SnapshotRequest } from '../codec/frame.js'
import type { SnapshotManifest } from '../codec/snapshot.js'
import { decodeBatch, isRefused } from '../codec/transaction.js'
import { decodeLogRecord, encodeLogRecord } from '../codec/wal.js'
import { type CoreStatus, type CoreTimings, type Input, ReplicaCore, type WalRecord } from '../consensus/index.js'
import type { TrafficClass } from '../ports.js'
import type { Batch, Digest, Evidence, Height, ReplicaId } from '../types/index.js'
import { Authenticity } from './authenticity.js'
import { BatchStore } from './batch-store.js'
import { BlockQueue } from './block-queue.js'
import type { ReplicaContext, ReplicaModules } from './context.js'
import { EffectRunner, type ForwardedEffect } from './effect-runner.js'
import { Diverged, type ExecutedBlock, Executor } from './executor.js'
import { type FinalBlock, loadFinalBlock } from './final-block.js'
import { Ingress } from './ingress.js'
import { Lane, type LaneOptions } from './lane.js'
import { CARE_MS, LedgerCare, type LedgerCareOptions, type ScrubStatus } from './ledger-care.js'
import { highestVote, isRolledBack } from './rolled-back.js'
import { SnapshotServer, type SnapshotServerOptions } from './snapshot-server.js'
import { SnapshotTransfer } from './snapshot-transfer.js'
import { answerFetch, type CertifiedBlock, openRecord } from './state-transfer.js'
import { type OnOutcome, Submissions, type Submitter } from './submissions.js'

export interface ReplicaOptions {
  readonly timings: CoreTimings
  readonly lane: LaneOptions
  readonly proposalTransactions: number
  readonly proposalTransactionsMax: number
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
/** A snapshot is kept at every multiple of this height. */
export const SNAPSHOT_EVERY_BLOCKS = 10_000

export interface ReplicaStatus extends CoreStatus {
  readonly replica: ReplicaId
  readonly organization: string
  readonly health: 'running' | 'halted' | 'stopped'
  /** Why it halted. */
  readonly problem?: string
  readonly connected: readonly ReplicaId[]
  /** Transactions whose outcome clients of this replica await. */
  readonly waiting: number
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
  readonly #restoredBatches: readonly Batch[]
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
    const { clock, counters, ledger, logger, runtime, signer, transport, verifier, wal } = modules
    const { batches, records } = readLog(context, modules)
    this.#restoredBatches = batches
    this.#ingress = new Ingress(context, new Authenticity(context), verifier, counters)
    this.#options = options
    this.#core = this.#coreFrom(records)
    const fatal = (error: unknown) => this.#halt(error)
    this.#runner = new EffectRunner(
      context,
      { clock, signer, transport, wal, store: this.#store, counters },
      {
        own: (message) => this.#feed({ kind: 'message', message: this.#ingress.own(message) }),
        timeout: (timer) => this.#feed({ kind: 'timeout', timer }),
        forward: (effect) => this.#onEffect(effect),
        liveRecords: () => this.#liveRecords(),
        fatal,
        holdings: () => ({ oldest: ledger.oldest(), snapshot: this.#snapshots.newest() }),
      },
    )
    this.#executor = new Executor(context, ledger, runtime)
    this.#blocks = this.#blockQueue()
    this.#lane = new Lane(context, options.lane, { clock, signer }, (batch) => this.#publish(batch))
    const locateRecent = (id: Digest) => this.#executor.locateRecent(id)
    const submission = { clock, ledger, runtime, counters, locateRecent }
    this.#submissions = new Submissions(context, submission, this.#ingress, this.#lane, fatal)
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
    warnOfRollback(modules, records, context.genesis.parameters.window)
  }

  #coreFrom(records: readonly WalRecord[]): ReplicaCore {
    const { context } = this
    const options = this.#options
    return new ReplicaCore(
      {
        ...options,
        self: context.self,
        view: context.view,
        window: context.genesis.parameters.window,
        clockDriftMsMax: context.genesis.parameters.clockDriftMsMax,
        laneBatchesMax: options.lane.batchesInFlightMax * LANE_BATCHES_MAX_FACTOR,
        makeValue: (timestampMs, digests) => makeValue(context.sha256, timestampMs, digests),
        readValue: (bytes) => decodeValue(context.sha256, bytes),
      },
      { ...restoredFrom(this.#modules), records },
    )
  }

  #blockQueue(): BlockQueue {
    return new BlockQueue(this.#executor, this.#modules.ledger, this.#store, {
      executed: (block) => this.#onExecuted(block),
      certified: (block, executed) => this.#onCertified(block, executed),
      fatal: (error) => this.#halt(error),
    })
  }

  /** Puts a pulled snapshot in the place of the ledger, and goes on from it. */
  async #install(manifest: SnapshotManifest, first: Height): Promise<void> {
    const { ledger, runtime } = this.#modules
    await this.#blocks.stop()
    await ledger.install(manifest, first)
    this.#executor = new Executor(this.context, ledger, runtime)
    this.#blocks = this.#blockQueue()
    this.#executed.clear()
    this.#snapshots.start()
    this.#renewCore()
    this.#submissions.installed()
    const block = loadFinalBlock(ledger, this.context.sha256, manifest.sealed.header.height)
    if (block !== undefined) for (const listener of this.#listeners) listener(block)
  }

  /** A new core for a ledger that moved under the old one. What the old one has voted for binds the new one too. */
  #renewCore(): void {
    this.#core = this.#coreFrom(this.#core.durableRecords())
    this.#runner.run(this.#core.start(this.#modules.clock.nowMs()))
    for (const batch of this.#store.all()) {
      if (!this.#takeBack(batch)) this.#forget(batch)
    }
  }

  #forget({ digest }: Batch): void {
    this.#store.drop([digest])
    this.#lane.landed(digest)
  }

  async start(): Promise<void> {
    this.#health = 'running'
    this.#runner.run(this.#core.start(this.#modules.clock.nowMs()))
    for (const batch of this.#restoredBatches) this.#takeBack(batch)
    this.#snapshots.start()
    this.#sweepLater()
    this.#careLater()
    await this.#modules.transport.start((from, traffic, frame) => this.#onFrame(from, traffic, frame))
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
    const { self, organization } = this.context
    const pulling = this.#transfer.height
    return {
      ...this.#core.status(),
      replica: self,
      organization,
      health: this.#health,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
      connected: this.#modules.transport.connected(),
      waiting: this.#submissions.size,
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
    if (this.#health !== 'running') return
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
        this.#transfer.onStatus(from, frame.status)
        return this.#feed({ kind: 'status', from, status: frame.status })
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

  #onEnvelope(bytes: Uint8Array): void {
    // Votes live on in certificates; a copy keeps them from holding the whole chunk of the stream that they came in.
    const message = this.#ingress.message(new Uint8Array(bytes))
    if (message === undefined) return
    this.#feed({ kind: 'message', message })
  }

  #onBatch(bytes: Uint8Array): void | Promise<void> {
    const batch = this.#ingress.openBatch(bytes)
    if (batch === undefined || this.#store.has(batch.digest) || this.#verifyingDigests.has(batch.digest)) return
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
    for (const { id } of this.context.view.replicas) {
      if (id !== this.context.self) this.#modules.transport.send(id, 'batch', frame)
    }
    this.#feed({ kind: 'batch', batch: this.#ingress.ownBatch(batch) })
  }

  /** A batch from the log: wanted again unless it was executed. */
  #takeBack(batch: Batch): boolean {
    if (batch.transactions.every(({ id }) => this.#modules.ledger.locate(id) !== undefined)) return false
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
    this.#feed({ kind: 'executed', height: header.height, headerHash: hash })
  }

  #onCertified({ decided, headerHash, certificate }: CertifiedBlock, executed: ExecutedBlock | undefined): void {
    const { height, value } = decided
    if (executed !== undefined) {
      this.#snapshots.executed(height)
      this.#executed.set(height, executed)
      this.#submissions.passedOver(executed.skipped)
      this.#modules.counters.add('blocks-from-peers')
      for (const { digest } of decided.batches) this.#lane.landed(digest)
      this.#store.drop(decided.batches.map(({ digest }) => digest))
    }
    // What stands here is compared with the certificate by the core.
    const own = executed?.sealed.hash ?? this.#modules.ledger.header(height)?.hash ?? headerHash
    const batches = value.batches
    this.#feed({ kind: 'state-installed', height, headerHash: own, value: value.digest, batches, certificate })
  }

  #onFinalized({ certificate, batches }: Extract<ForwardedEffect, { kind: 'finalized' }>): void {
    const { ledger } = this.#modules
    const height = certificate.cid
    ledger.finalize(certificate).catch((error: unknown) => this.#halt(error))
    this.#store.drop(batches)
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

/** Reads the log back: own batches and votes. Records of an unknown kind are an error of the operator, told at open. */
function readLog(context: ReplicaContext, { wal, logger }: ReplicaModules) {
  const batches: Batch[] = []
  const records: WalRecord[] = []
  for (const bytes of wal.records()) {
    const record = decodeLogRecord(context, bytes)
    if (record === undefined) {
      const remedy = 'Run the version of etalon that wrote it.'
      throw new EtalonError('wal/format', 'The write-ahead log holds a record that this version cannot read.', remedy)
    }
    if (record.kind !== 'batch') {
      records.push(record)
      continue
    }
    const carried = decodeBatch(context, record.bytes)
    if (!isRefused(carried)) batches.push(carried.batch)
  }
  if (batches.length + records.length > 0) {
    logger.info({ batches: batches.length, records: records.length }, 'log read')
  }
  return { batches, records }
}

/** Says clearly when the ledger is older than the votes in the log; what the replica may do then is not decided here. */
function warnOfRollback({ ledger, logger, counters }: ReplicaModules, records: readonly WalRecord[], window: number) {
  const { height } = ledger.tip().header
  if (!isRolledBack(height, records, window)) return
  counters.add('ledger-rolled-back')
  logger.warn({ height, voted: highestVote(records) }, 'the ledger is older than the votes of this replica')
}

function restoredFrom({ ledger }: ReplicaModules) {
  const executed = ledger.tip().header.height
  const { height: finalized, certificate } = ledger.finalized()
  const blocks = []
  for (let height = finalized + 1; height <= executed; height++) {
    const sealed = ledger.header(height)
    if (sealed === undefined) throw new Error(`the ledger lacks the header of height ${height}`)
    blocks.push({ headerHash: sealed.hash, value: sealed.header.value })
  }
  return { executed, finalized, blocks, ...(certificate === undefined ? {} : { finality: certificate }) }
}
